"""How a TARGET is written: `host:port`, several of them with commas, or the URL of the seed's TTS service."""

from __future__ import annotations

from urllib.parse import urlsplit

from troupe.wire.errors import InvalidArgument

DNS_PORT = 53
HIGHEST_PORT = 65535


def is_url(target: str) -> bool:
    """Whether it is the HTTP address of a service and not that of its gRPC."""
    return target.startswith(("http://", "https://"))


def check_target(setting: str, target: str, *, url_allowed: bool = False) -> None:
    """Raise `InvalidArgument`, naming the setting, for what is no address at all."""
    if is_url(target):
        _check_url(setting, target, url_allowed=url_allowed)
        return
    for replica in target.split(","):
        if not is_address(replica.strip()):
            raise InvalidArgument(
                f"{setting}={target}: {replica.strip() or 'nothing'!r} is no host:port. One name with its port is "
                "followed as its addresses change (tts:50052); fixed replicas stand with commas (10.0.0.1:50052,"
                "10.0.0.2:50052).",
                setting=setting,
            )


def check_dns_server(setting: str, server: str) -> None:
    """Raise `InvalidArgument` for a DNS server that is neither `address` nor `address:port`."""
    if server and not (is_address(server) or is_address(f"{server}:{DNS_PORT}")):
        raise InvalidArgument(
            f"{setting}={server}: a DNS server is an address and a port: 10.0.0.10:53.", setting=setting
        )


def is_address(text: str) -> bool:
    """`host:port` or `[IPv6]:port`."""
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    plain = bool(host) and not set(host) & set(":/[] ,")
    return (bracketed or plain) and port.isascii() and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT


def _check_url(setting: str, target: str, *, url_allowed: bool) -> None:
    try:
        named = bool(urlsplit(target).hostname) and urlsplit(target).port != 0
    except ValueError:
        named = False
    if not named:
        raise InvalidArgument(f"{setting}={target}: that URL names no host and port.", setting=setting)
    if not url_allowed:
        raise InvalidArgument(
            f"{setting}={target}: only a TTS service can be found by a URL; write host:port of its gRPC.",
            setting=setting,
        )
