from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.fakes.piper_voice import speakers, write

from svc_tts.engines.piper.shelf import Shelf

NAME = "en_US-lessac-medium"
FREE, BOUND = "* License: CC0", "* License: CC BY-NC 4.0"


def looked(folder: Path, *, commercial_only: bool = False) -> Shelf:
    shelf = Shelf(folder, commercial_only=commercial_only)
    shelf.look()
    return shelf


def ids(shelf: Shelf) -> list[str]:
    return [voice.voice_id for voice in shelf.stock.listed]


def test_nothing_there_is_no_voice(tmp_path: Path) -> None:
    assert ids(looked(tmp_path / "none")) == []


def test_voices_lie_flat_or_in_pipers_own_tree(tmp_path: Path) -> None:
    write(tmp_path, "de_DE-thorsten-low")
    write(tmp_path / "en" / "en_US" / "lessac" / "medium", NAME)
    shelf = looked(tmp_path)
    assert ids(shelf) == [NAME, "de_DE-thorsten-low"]
    found = shelf.find(NAME.upper())
    assert found is not None
    assert found.voice.name == NAME


def test_the_default_of_a_language_has_one_speaker_and_a_quality_that_is_quick(tmp_path: Path) -> None:
    write(tmp_path, "en_US-aaa-medium", **speakers(["x", "y"]))
    for name in ("en_US-bbb-high", "en_US-ccc-medium", "en_US-ddd-x_low", "ar_JO-kareem-low"):
        write(tmp_path, name)
    assert ids(looked(tmp_path))[:2] == ["en_US-ccc-medium", "en_US-bbb-high"]


def test_what_comes_goes_and_changes_is_noticed(tmp_path: Path) -> None:
    shelf = looked(tmp_path)
    path = write(tmp_path, NAME)
    shelf.look()
    assert ids(shelf) == [NAME]
    Path(f"{path}.json").write_text("{")
    shelf.look()
    assert ids(shelf) == []
    assert "is not JSON" in shelf.stock.problems[path.name]
    write(tmp_path, NAME)
    shelf.look()
    assert (ids(shelf), shelf.stock.problems) == ([NAME], {})
    path.unlink()
    shelf.look()
    assert ids(shelf) == []


def test_only_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, NAME)
    shelf = looked(tmp_path)
    monkeypatch.setattr("svc_tts.engines.piper.shelf.read_voice", None)
    shelf.look()
    assert ids(shelf) == [NAME]


def test_a_defective_voice_stays_out_until_its_files_change(tmp_path: Path) -> None:
    path = write(tmp_path, NAME)
    shelf = looked(tmp_path)
    chosen = shelf.find(NAME)
    assert chosen is not None
    shelf.condemn(chosen, "it is broken")
    shelf.look()
    assert (ids(shelf), shelf.stock.problems) == ([], {path.name: "it is broken"})
    os.utime(path, (1, 1))
    shelf.look()
    assert ids(shelf) == [NAME]


def test_licences_of_cards(tmp_path: Path) -> None:
    write(tmp_path, NAME, card=FREE)
    write(tmp_path, "en_US-ryan-high", card=BOUND)
    write(tmp_path, "en_US-amy-low")
    alone = tmp_path / "tree"
    write(alone, "en_GB-alba-medium")
    (alone / "MODEL_CARD").write_text(FREE)
    together = tmp_path / "flat"
    write(together, "fr_FR-siwis-low")
    write(together, "fr_FR-tom-medium")
    (together / "MODEL_CARD").write_text(FREE)  # of which of the two?
    assert sorted(ids(looked(tmp_path, commercial_only=True))) == ["en_GB-alba-medium", NAME]
    assert len(looked(tmp_path, commercial_only=True).stock.refused) == 4
    assert len(ids(looked(tmp_path))) == 6


def test_the_same_voice_twice_is_one(tmp_path: Path) -> None:
    write(tmp_path, NAME)
    shutil.copytree(tmp_path, tmp_path / "again")
    assert ids(looked(tmp_path)) == [NAME]
