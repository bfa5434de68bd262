"""The process that runs voices: `python -m svc_tts.engines.piper.worker HELD THREADS RATE`.

In: JSON lines {"say": number, "path", "identity", "ids", "scales", "speaker", "rate"}, {"cancel": number}, {"ping": 0}.
Out: frames as `engines.child` reads them: {"hello"}, then for each `say` and `ping` one {"done": samples at RATE,
"frames": of each id} with PCM s16le, where the voice is defective with "defect": a sentence, where it was cancelled
with "cancelled". `say` without ids only loads. HELD voices are kept, those used last.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import queue
import signal
import struct
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnxruntime
import soxr

from svc_tts.engines.piper.session import ONNX_ERRORS, Defect, Floats, Session

_PR_SET_PDEATHSIG = 1
_OOM_SCORE = "500"  # where memory ends, this process goes first, not the service
_PEAK = 32_767


class Worker:
    """Voices, and one request at a time."""

    def __init__(self, held: int, threads: int, rate: int, out: BinaryIO) -> None:
        self._held, self._threads, self._rate, self._out = held, threads, rate, out
        self._sessions: OrderedDict[str, tuple[Any, Session]] = OrderedDict()
        self._requests: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: tuple[int, Any] = (0, None)  # number of the request, its RunOptions
        self._cancelled = 0

    def serve(self, lines: BinaryIO) -> None:
        """Answer until the other side closes the pipe."""
        threading.Thread(target=self._listen, args=(lines,), daemon=True).start()
        self._send({"hello": {"onnxruntime": onnxruntime.__version__}})
        while (request := self._requests.get()) is not None:
            self._answer(request)

    def _listen(self, lines: BinaryIO) -> None:
        """Take requests while another one runs, for one of them may end that."""
        for line in lines:
            request = json.loads(line)
            if "cancel" in request:
                self._cancel(request["cancel"])
            else:
                self._requests.put(request)
        self._requests.put(None)

    def _cancel(self, number: int) -> None:
        with self._lock:
            self._cancelled = number
            if self._running[0] == number and self._running[1] is not None:
                self._running[1].terminate = True

    def _answer(self, request: dict[str, Any]) -> None:
        number = request.get("say", 0)
        options = onnxruntime.RunOptions()
        with self._lock:
            self._running = (number, options)
        try:
            self._send(*self._say(request, options) if number else ({"done": 0}, b""))
        except Defect as defect:
            self._sessions.pop(request["path"], None)
            self._send({"done": 0, "defect": str(defect)})
        except ONNX_ERRORS as error:
            if self._cancelled == number:
                self._send({"done": 0, "cancelled": True})
            else:
                self._send({"error": f"{Path(request['path']).name}: {' '.join(str(error).split())[:200]}"})
        finally:
            with self._lock:
                self._running = (0, None)

    def _say(self, request: dict[str, Any], options: Any) -> tuple[dict[str, Any], bytes]:
        session = self._session(request["path"], request["identity"])
        if self._cancelled == request["say"]:
            return {"done": 0, "cancelled": True}, b""
        if not request["ids"]:
            return {"done": 0}, b""
        spoken = session.speak(request["ids"], request["scales"], request["speaker"], request["rate"], options)
        pcm = _to_pcm(_at_rate(spoken.wave, request["rate"], self._rate))
        return {"done": len(pcm) // 2, "frames": spoken.frames}, pcm

    def _session(self, path: str, identity: Any) -> Session:
        known = self._sessions.get(path)
        if known is None or known[0] != identity:
            self._sessions.pop(path, None)
            while len(self._sessions) >= self._held:
                self._sessions.popitem(last=False)
            self._sessions[path] = (identity, Session(Path(path), self._threads))
        self._sessions.move_to_end(path)
        return self._sessions[path][1]

    def _send(self, message: dict[str, Any], sound: bytes = b"") -> None:
        packed = json.dumps(message).encode()
        self._out.write(struct.pack(">II", len(packed), len(sound)) + packed + sound)
        self._out.flush()


def _at_rate(wave: Floats, own: int, wanted: int) -> Floats:
    return wave if own == wanted else np.asarray(soxr.resample(wave, own, wanted), np.float32)


def _to_pcm(wave: Floats) -> bytes:
    return np.rint(np.clip(wave, -1, 1) * _PEAK).astype("<i2").tobytes()


def main() -> int:
    """Serve the parent on the standard pipes."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # never outlive the service
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    held, threads, rate = map(int, sys.argv[1:4])
    Worker(held, threads, rate, sys.stdout.buffer).serve(sys.stdin.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
