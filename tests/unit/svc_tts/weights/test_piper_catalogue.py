from __future__ import annotations

import re
from pathlib import Path

import pytest

from svc_tts.weights.piper_catalogue import CATALOGUE, FIRST_CHOICE, REVISION, Commercial, Entry, find
from svc_tts.weights.piper_voices import source_of

DOCUMENT = Path(__file__).parents[4] / "docs" / "WEIGHTS.md"
IDS = [entry.name for entry in CATALOGUE]


def test_it_is_sorted_and_without_repeats() -> None:
    assert 20 <= len(CATALOGUE) <= 45
    assert sorted(IDS) == IDS
    for checksums in ([entry.model.sha256 for entry in CATALOGUE], [entry.config.sha256 for entry in CATALOGUE]):
        assert len(set(checksums)) == len(CATALOGUE)
    assert find(FIRST_CHOICE.upper()) is not None
    assert find("") is None
    assert re.fullmatch(r"[0-9a-f]{40}", REVISION)


def test_the_most_asked_languages_have_a_voice_that_may_be_used_commercially() -> None:
    free = {entry.name[:2] for entry in CATALOGUE if entry.licence.commercial is Commercial.YES}
    assert free >= {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "cs", "hu", "ro", "vi"}


@pytest.mark.parametrize("entry", CATALOGUE, ids=IDS)
def test_each_entry_is_pinned(entry: Entry) -> None:
    for pin in (entry.model, entry.config):
        assert re.fullmatch(r"[0-9a-f]{64}", pin.sha256)
    assert 20e6 < entry.model.size < 130e6
    assert 1_000 < entry.config.size < 100_000
    assert entry.speakers >= 1
    source = source_of(entry.name, "https://hub.example")
    assert (source.model.sha256, source.model.size) == (entry.model.sha256, entry.model.size)
    assert (source.config.sha256, source.config.size) == (entry.config.sha256, entry.config.size)


@pytest.mark.parametrize("entry", CATALOGUE, ids=IDS)
def test_the_document_says_the_same(entry: Entry) -> None:
    row = next(line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| `{entry.name}`"))
    _, _, gender, speakers, size, licence, use, base, _, _ = (cell.strip() for cell in row.split("|"))
    assert gender == (entry.gender or "—")
    assert (speakers, size) == (str(entry.speakers), f"{entry.size / 1e6:.0f} MB")
    assert (licence, use.partition(",")[0]) == (entry.licence.name, entry.licence.commercial)
    assert base == ("lessac" if entry.from_lessac else "")
