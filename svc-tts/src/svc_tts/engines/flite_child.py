"""The process that starts flite: `python -m svc_tts.engines.flite_child`.

Starting a program stops the process that does so until the program runs, a quarter of a second on a starved machine;
so this small one does it, not the service with all its streams. In: JSON lines {"run": number, "command", "text",
"sound": whether flite writes any}, {"stop": number}. Out, as `engines.child` reads them: {"hello"}, then for each run
{"run", "pid"} when it works, and {"run", "status", "printed", "complaint"} with the WAV, or {"run", "failed": why}.

Text and sound are files in memory: a command line can be read by every user of the machine, and standard input may be
a socket, which cannot be opened by name.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

_MOST_COMPLAINT = 2_000  # characters


class Starter:
    """Programs that run, by number."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._programs: dict[int, subprocess.Popen[bytes] | None] = {}  # None = not started yet

    def serve(self, lines: BinaryIO) -> None:
        """Obey until the other side closes the pipe; then end what runs."""
        self._send({"hello": {}})
        for line in lines:
            request = json.loads(line)
            if "stop" in request:
                self._stop(request["stop"])
            else:
                self._programs[request["run"]] = None
                threading.Thread(target=self._run, args=(request,), daemon=True).start()
        for number in tuple(self._programs):
            self._stop(number)

    def _stop(self, number: int) -> None:
        with self._lock:
            program = self._programs.pop(number, None)
        if program is not None:
            with contextlib.suppress(ProcessLookupError):
                program.kill()

    def _run(self, request: dict[str, Any]) -> None:
        number = request["run"]
        with _memory_file(request["text"].encode("ascii", "ignore")) as text, _memory_file() as sound:
            try:
                program = self._start(number, request, text, sound)
            except OSError as error:
                self._send({"run": number, "failed": error.strerror})
                return
            if program is None:
                self._send({"run": number, "failed": "it was stopped"})
                return
            self._send({"run": number, "pid": program.pid})
            printed, complaint = program.communicate()
            with self._lock:
                self._programs.pop(number, None)
            told = {"printed": _text(printed), "complaint": _text(complaint)[:_MOST_COMPLAINT]}
            self._send({"run": number, "status": program.returncode, **told}, _contents(sound))

    def _start(self, number: int, request: dict[str, Any], text: int, sound: int) -> subprocess.Popen[bytes] | None:
        """The program; None where it was stopped before it began."""
        command = [*request["command"]]
        if request["sound"]:
            command += ["-o", f"/dev/fd/{sound}"]
        with self._lock:
            if number not in self._programs:
                return None
            self._programs[number] = program = subprocess.Popen(  # noqa: S603  # the service chose the program
                [*command, "-f", f"/dev/fd/{text}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(text, sound),
                start_new_session=True,
            )
        return program

    def _send(self, message: dict[str, Any], sound: bytes = b"") -> None:
        packed = json.dumps(message).encode()
        with self._writing:
            self._out.write(struct.pack(">II", len(packed), len(sound)) + packed + sound)
            self._out.flush()


@contextmanager
def _memory_file(contents: bytes = b"") -> Iterator[int]:
    """A file in memory that another process opens as /dev/fd/N."""
    descriptor = os.memfd_create("flite")
    try:
        os.write(descriptor, contents)
        yield descriptor
    finally:
        os.close(descriptor)


def _contents(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


if __name__ == "__main__":
    Starter(sys.stdout.buffer).serve(sys.stdin.buffer)
