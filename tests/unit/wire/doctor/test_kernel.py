"""The program that multiplies, with a PyTorch of our own making: none is needed, and none may be installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from troupe.wire.doctor.kernel import SIDE, look, multiply

TORCH = """
class cuda:
    is_available = staticmethod(lambda: True)
    device_count = staticmethod(lambda: 1)
    get_arch_list = staticmethod(lambda: ["sm_80", "sm_120"])
class version:
    cuda = "13.0"
__version__ = "9.9.0"
class Ones:
    def __matmul__(self, other): return self
    def sum(self): return 512.0 ** 3
def ones(shape, device): return Ones()
"""


class Matrix:
    """Ones, whose product sums up to what it is told; a card that fails raises."""

    def __init__(self, total: float, error: str = "") -> None:
        self.total, self.error = total, error

    def __matmul__(self, other: Matrix) -> Matrix:
        if self.error:
            raise RuntimeError(self.error)
        return self

    def sum(self) -> float:
        return self.total


def torch(cards: int, cuda: str | None = "13.0", total: float = float(SIDE**3), error: str = "") -> Any:
    return SimpleNamespace(
        __version__="9.9.0",
        version=SimpleNamespace(cuda=cuda),
        cuda=SimpleNamespace(
            is_available=lambda: cards > 0, device_count=lambda: cards, get_arch_list=lambda: ["sm_80", "sm_120"]
        ),
        ones=lambda shape, device: Matrix(total, error if device != "cpu" else ""),
    )


def test_each_card_multiplies() -> None:
    told = look(torch(2))
    assert [product["device"] for product in told["products"]] == ["cuda:0", "cuda:1"]
    assert all(product["seconds"] > 0 and not product["error"] for product in told["products"])
    assert (told["version"], told["cuda"], told["arches"]) == ("9.9.0", "13.0", ["sm_80", "sm_120"])


@pytest.mark.parametrize(("cards", "cuda"), [(0, "13.0"), (0, None), (1, None)])
def test_without_a_card_or_without_cuda_the_processor_does(cards: int, cuda: str | None) -> None:
    told = look(torch(cards, cuda))
    assert [product["device"] for product in told["products"]] == ["cpu"]
    assert bool(told["arches"]) is bool(cuda)


def test_what_cuda_says_is_the_error_of_that_card() -> None:
    (product,) = look(torch(1, error="CUDA error: no kernel image is available\nmore"))["products"]
    assert product["error"] == "CUDA error: no kernel image is available"


def test_a_wrong_product_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match="should be"):
        multiply(torch(1, total=1.0), "cuda:0")


def test_the_program_prints_one_line(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(TORCH)
    told = run(tmp_path)
    assert told["products"][0]["device"] == "cuda:0"
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('torch', name='torch')")  # as where there is none
    assert run(tmp_path) == {}


def run(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "troupe.wire.doctor.kernel"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
