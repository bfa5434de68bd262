"""The pages people read: each can be found from the first two, and what they link to and tell to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FIRST = (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
PAGES = (*FIRST, *sorted((ROOT / "docs").glob("*.md")), ROOT / "deploy/k8s/README.md", *ROOT.glob("[a-z]*/README.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def links(page: Path) -> set[Path]:
    """The files of ours that a page links to."""
    found = LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))
    return {(page.parent / link).resolve() for link in found if ":" not in link}


def test_every_page_is_linked_from_the_first_two() -> None:
    linked = set().union(*map(links, FIRST))
    assert [page for page in PAGES if page not in FIRST and page.resolve() not in linked] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_exists(page: Path) -> None:
    assert [str(link) for link in links(page) if not link.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_targets_it_tells_to_make_exist(page: Path) -> None:
    told = set(
        re.findall(
            r"\bmake ((?:test|bench)-[a-z0-9-]+[a-z0-9]|up|demo|doctor|key|setup|torch|locks)\b", page.read_text()
        )
    )
    assert told - TARGETS == set()
