from __future__ import annotations

import re
from pathlib import Path

import pytest

from svc_text.models.catalogue import CATALOGUE, FIRST_CHOICE, Entry, find
from svc_text.models.source import source_of

DOCUMENT = Path(__file__).parents[4] / "docs" / "MODELS.md"
IDS = [entry.name for entry in CATALOGUE]


def test_it_is_short_sorted_and_without_repeats() -> None:
    assert 6 <= len(CATALOGUE) <= 9
    assert [entry.size for entry in CATALOGUE] == sorted(entry.size for entry in CATALOGUE)
    for field in ("name", "sha256", "file"):
        assert len({getattr(entry, field) for entry in CATALOGUE}) == len(CATALOGUE)
    assert find(FIRST_CHOICE.upper()) is not None
    assert find("") is None


@pytest.mark.parametrize("entry", CATALOGUE, ids=IDS)
def test_each_entry_is_pinned_and_says_what_one_may(entry: Entry) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    assert re.fullmatch(r"[0-9a-f]{40}", entry.revision)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.repository)
    assert re.fullmatch(r"[a-z0-9.-]+", entry.name)
    assert entry.licence.url.startswith("https://")
    assert 0.4e9 < entry.size < 6e9
    assert entry.size < entry.memory() < 2.5 * entry.size
    assert (source_of(entry.name).sha256, source_of(entry.name).size) == (entry.sha256, entry.size)


def test_a_llama_says_what_its_licence_asks_for() -> None:
    llamas = [entry for entry in CATALOGUE if entry.name.startswith("llama")]
    assert len(llamas) == 3
    for entry in llamas:
        assert '"Built with Llama"' in entry.licence.terms
        assert "700 million" in entry.licence.terms


@pytest.mark.parametrize("entry", CATALOGUE, ids=IDS)
def test_the_document_says_the_same(entry: Entry) -> None:
    text = DOCUMENT.read_text()
    row = next(line for line in text.splitlines() if line.startswith(f"| `{entry.name}`"))
    for fact in (entry.repository, entry.file, f"{entry.size:,}".replace(",", " "), entry.licence.name):
        assert fact in row
