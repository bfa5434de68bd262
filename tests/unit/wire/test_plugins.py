from __future__ import annotations

from pathlib import Path

import pytest

from troupe.wire.errors import UnknownEngine
from troupe.wire.plugins import engine_class

ENGINES = {"progress": "troupe.wire.progress:Progress"}


@pytest.mark.parametrize("name", ["progress", "troupe.wire.progress:Progress"])
def test_own_engines_have_names_and_those_of_others_are_named_by_class(name: str) -> None:
    assert engine_class("speech", name, ENGINES).__name__ == "Progress"


def test_an_unknown_name_names_the_nearest_and_the_way_for_ones_own() -> None:
    with pytest.raises(UnknownEngine, match=r'no speech engine "progres".*Did you mean "progress".*module:Class'):
        engine_class("speech", "progres", ENGINES)


@pytest.mark.parametrize("name", [":", "a:", ":B", "./a:B", "a:b:c", "1a:B"])
def test_what_names_no_class_is_unknown(name: str) -> None:
    with pytest.raises(UnknownEngine, match="module:Class"):
        engine_class("text", name, ENGINES)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere_at_all:Engine", "nowhere_at_all.*PYTHONPATH"),
        ("troupe.wire.progress:Regress", "Regress"),
        ("broken_plugin:Engine", "a_package_that_is_not_installed"),
    ],
)
def test_what_cannot_be_imported_says_why(name: str, reason: str, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "broken_plugin.py").write_text("import a_package_that_is_not_installed\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownEngine, match=reason):
        engine_class("text", name, ENGINES)
