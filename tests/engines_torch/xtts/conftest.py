"""A tiny random release, and what coqui-tts answered for it (tests/bench/xtts/record.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.bench.xtts import record
from tests.bench.xtts.questions import questions
from tests.fakes.xtts_release import make

from svc_tts.engines.xtts.checkpoint import load

torch.set_num_threads(1)  # small networks: two threads only wait for each other


@pytest.fixture(scope="session")
def golden():
    return dict(np.load(record.GOLDEN))


@pytest.fixture(scope="session")
def asked():
    return questions(record.CONFIG, seconds=record.SECONDS, codes=record.CODES)


@pytest.fixture(scope="session")
def release(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("xtts"), record.CONFIG)


@pytest.fixture(scope="session")
def checkpoint(release):
    return load(release)
