"""The doctor's kernel by PyTorch itself, on whatever this machine has."""

from __future__ import annotations

import json
import subprocess
import sys

IMPORT_S = 180


def test_pytorch_multiplies_two_matrices_and_the_product_is_right() -> None:
    command = [sys.executable, "-m", "troupe.wire.doctor.kernel"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_S, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["version"]
    assert [product["error"] for product in told["products"]] == [""] * len(told["products"])
    assert all(product["seconds"] > 0 for product in told["products"])
    assert bool(told["arches"]) is bool(told["cuda"])
