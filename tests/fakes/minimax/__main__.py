"""`python tests/fakes/minimax --port 0`: the fake as a process; it prints where it listens.

Also `python -m minimax` with `PYTHONPATH=tests/fakes`; the settings are options or FAKE_MINIMAX_* variables.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    folder = str(Path(__file__).parents[1])
    if folder not in sys.path:
        sys.path[0] = folder  # the fakes, not this package's inside
    sys.exit(importlib.import_module("minimax.server").main())
