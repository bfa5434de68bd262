"""A worker that some of Piper's voices break: those named *crash* end it by a fault, *hang* sleep, *busy* loop."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from svc_tts.engines.piper import worker
from svc_tts.engines.piper.session import Session


class _Failing(worker.Worker):
    def _session(self, path: str, identity: Any) -> Session:
        name = Path(path).name
        if "crash" in name:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "hang" in name:
            time.sleep(600)
        if "busy" in name:
            while True:
                pass
        return super()._session(path, identity)


if __name__ == "__main__":
    worker.Worker = _Failing  # type: ignore[misc]
    sys.exit(worker.main())
