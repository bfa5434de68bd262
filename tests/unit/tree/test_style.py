"""The style budget of CONTRIBUTING.md, measured."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = ("protos/troupe/wire", "gateway/src", "svc-text/src", "svc-tts/src", "svc-video/src")
JUNK = {"util", "utils", "common", "helper", "helpers", "misc"}


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources()}
    assert {path.name: lines for path, lines in lengths.items() if lines > 400} == {}
    assert statistics.median(lengths.values()) <= 150


def test_functions_are_short() -> None:
    lengths = sorted(length(function) for path in sources() for function in functions(path))
    assert lengths[int(len(lengths) * 0.95)] <= 40
    assert statistics.median(lengths) <= 10


def test_nothing_is_a_junk_drawer() -> None:
    assert [path for path in sources() if path.stem in JUNK or path.parent.name in JUNK] == []


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Error"])
def test_nothing_is_left_to_do(word: str) -> None:
    assert [path for path in sources() if word in path.read_text()] == []
