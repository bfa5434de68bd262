from __future__ import annotations

import numpy as np
import pytest
from tests.bench.sadtalker.front_questions import ARITHMETIC


@pytest.fixture(scope="session")
def golden():
    """What upstream answered (tests/bench/sadtalker/record_front.py)."""
    return dict(np.load(ARITHMETIC))
