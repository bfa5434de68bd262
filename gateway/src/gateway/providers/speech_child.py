"""`python -m gateway.providers.speech_child`: becomes svc-tts, and ends when the gateway that started it does."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from importlib import import_module

from troupe.wire.environment import read_env_file

WANTED = ("xtts", "piper", "flite", "espeak")
"""Not edge: a mode called `local` sends nothing out of the house unless TROUPE_SPEECH_ENGINES names it."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept across exec


def main() -> None:
    """Choose the engines that this svc-tts knows, unless they are set, and run it in this process."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    read_env_file()
    known = import_module("svc_tts.engine").ENGINES
    os.environ.setdefault("TROUPE_SPEECH_ENGINES", ",".join(name for name in WANTED if name in known))
    os.execv(sys.executable, [sys.executable, "-m", "svc_tts"])  # noqa: S606  # our own service, no shell


if __name__ == "__main__":
    main()
