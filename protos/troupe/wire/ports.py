"""Listening sockets: a taken port is an error that says which port and who holds it."""

from __future__ import annotations

import errno
import socket

import psutil

from troupe.wire.errors import PortTaken

UNSEEN = "another process"
"""Who holds a port, where this user may not know it."""


def claim(host: str, port: int, setting: str) -> socket.socket:
    """A bound TCP socket, not yet listening; port 0 = any free one. Raises `PortTaken`, naming `setting`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on: a small first piece of an answer would wait 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Linux lets two sockets bind one address with SO_REUSEADDR; only listening shows that it is taken.
        bound.listen(1024)
    except OSError as error:
        bound.close()
        raise taken(host, port, setting, error) from error
    return bound


def taken(host: str, port: int, setting: str, error: OSError | RuntimeError) -> PortTaken:
    """The error for a port that could not be had."""
    if isinstance(error, OSError) and error.errno not in (errno.EADDRINUSE, None):
        return PortTaken(f"Cannot listen on {host}:{port}: {error.strerror}. Change {setting}.", setting=setting)
    return PortTaken(
        f"Port {port} on {host} is taken by {holder(port)}. Stop that process, or set {setting} to another port.",
        setting=setting,
        port=port,
    )


def holder(port: int) -> str:
    """The process that listens on `port`, as far as this user may know it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return UNSEEN
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
            return _named(connection.pid)
    return UNSEEN


def _named(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        command = " ".join(process.cmdline())[:120] or process.name()
    except psutil.Error:
        return f"process {pid}"
    return f'process {pid} ("{command}")'
