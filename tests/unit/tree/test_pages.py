"""The pages people read: each can be found from the first two; what they link to, name and tell to type exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FIRST = (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
PAGES = (*FIRST, *sorted((ROOT / "docs").glob("*.md")), ROOT / "deploy/k8s/README.md", *ROOT.glob("[a-z]*/README.md"))
FENCED = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
MAKE = re.compile(r"(?:^|[\s;&|(])make((?: +[a-z][a-z0-9-]*[a-z0-9](?![\w=.*-]))+)", re.MULTILINE)
SETTINGS = set(re.findall(r"^#([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
OF_ANY_RUNG = tuple(name.removeprefix("PROVIDER_SPARE") for name in SETTINGS if name.startswith("PROVIDER_SPARE"))
NOT_IN_ENV = {"TROUPE_ENV_FILE"}  # it says where the `.env` is
PLACE = re.compile(
    r"(?<![\w/.-])((?:deploy|docs|tests|tools|protos|gateway|svc-(?:text|tts|video))/[\w./-]*\w)(?![\w…{])"
)
OURS = {"deploy/hardware/mine.yaml"}  # an example's
WITH_A_VALUE = {"-e", "-s", "--scale", "--tail"}
COMMANDS = {"build", "config", "down", "exec", "kill", "logs", "ps", "restart", "run", "up"}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def code(page: Path) -> Iterator[str]:
    """What is typed: fenced lines without their comments, and spans within the prose, each on one line."""
    for block in FENCED.findall(page.read_text()):
        yield from re.sub(r"(?:^|\s)#.*$", "", block, flags=re.MULTILINE).replace("\\\n", "").splitlines()
    yield from (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", prose(page)))


def links(page: Path) -> set[tuple[Path, str]]:
    """The files of ours that a page links to, with the sections."""
    return {
        ((page.parent / file).resolve() if file else page, at)
        for file, at in LINK.findall(prose(page))
        if ":" not in file
    }


def sections(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def composed(kind: str) -> set[str]:
    """The services, or the profiles, of every file that Compose may read."""
    files = [ROOT / "deploy/compose.yaml", *(ROOT / "deploy/hardware").glob("*.yaml")]
    read = [yaml.safe_load(file.read_text().replace("!override", "")) or {} for file in files]
    services = {name: service for each in read for name, service in each.get("services", {}).items()}
    if kind == "services":
        return set(services)
    return {profile for service in services.values() for profile in service.get("profiles", ())}


def typed(line: str) -> tuple[set[str], set[str]]:
    """The services and profiles that a line with `docker compose` names; a NAME in capitals is the reader's."""
    words = re.split(r"[|;&>]", line.partition("docker compose")[2])[0].split()
    profiles = {words.pop(at + 1) for at in range(len(words) - 1, -1, -1) if words[at] == "--profile"}
    services: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if before == "--scale":
            services.append(word.partition("=")[0])
        elif not word.startswith("-") and before not in WITH_A_VALUE:
            services.append(word)
    assert not services or services[0] in COMMANDS, line
    of_one = services[:1] in (["run"], ["exec"])  # what follows is the container's
    return {word for word in (services[1:2] if of_one else services[1:]) if not word.isupper()}, profiles


def test_every_page_is_linked_from_the_first_two() -> None:
    linked = {file for page in FIRST for file, _ in links(page)}
    assert [page for page in PAGES if page not in FIRST and page.resolve() not in linked] == []


@every_page
def test_what_a_page_links_to_exists(page: Path) -> None:
    assert [str(file) for file, _ in links(page) if not file.exists()] == []
    assert [(file.name, at) for file, at in links(page) if at and at not in sections(file)] == []


@every_page
def test_the_targets_it_tells_to_make_exist(page: Path) -> None:
    told = {target for line in code(page) for found in MAKE.findall(line) for target in found.split()}
    assert told - TARGETS == set()


@every_page
def test_the_settings_it_names_exist(page: Path) -> None:
    named = set(re.findall(r"\b(?:TROUPE|PROVIDER)_[A-Z0-9_]*[A-Z0-9]\b(?!…|_|<|\*)", page.read_text()))
    of_rungs = {name for name in named if name.startswith("PROVIDER_") and name.endswith(OF_ANY_RUNG)}
    beginnings = {name for name in named if any(known.startswith(f"{name}_") for known in SETTINGS)}
    assert named - SETTINGS - NOT_IN_ENV - of_rungs - beginnings == set()


@every_page
def test_the_files_it_names_exist(page: Path) -> None:
    lines = [line for line in code(page) if "kubectl" not in line]  # there deploy/NAME is a Deployment
    named = {name.rstrip(".") for line in lines for name in PLACE.findall(line)} - OURS
    assert {name for name in named if not (ROOT / name).exists() and not (page.parent / name).exists()} == set()


@every_page
def test_the_services_and_profiles_of_compose_it_names_exist(page: Path) -> None:
    lines = [line for line in code(page) if "docker compose" in line]
    for services, profiles in map(typed, lines):
        assert services - composed("services") == set()
        assert profiles - composed("profiles") == set()
    hardware = {name for line in code(page) for name in re.findall(r"HARDWARE=([a-z0-9-]+)", line)} - {"mine"}
    assert {name for name in hardware if not (ROOT / f"deploy/hardware/{name}.yaml").exists()} == set()


@every_page
def test_the_alerts_it_names_exist(page: Path) -> None:
    alerts = set(re.findall(r"alert: (\w+)", (ROOT / "deploy/prometheus/rules/troupe.yml").read_text()))
    assert set(re.findall(r"\bTroupe[A-Z]\w+", page.read_text())) - alerts == set()


def test_a_slip_would_be_seen() -> None:
    assert typed("HARDWARE=a100 docker compose --profile p run --rm -e A=1 fetch-xtts NAME x") == (
        {"fetch-xtts"},
        {"p"},
    )
    assert typed("docker compose logs --tail 50 gatewy | grep x") == ({"gatewy"}, set())
    assert typed("docker compose up -d --scale svc-txt=2") == ({"svc-txt"}, set())
    assert MAKE.findall("A=1 make torch sadtalkr") == [" torch sadtalkr"]
    assert MAKE.findall("make bench-NAME or make bench-*") == []


def test_every_test_of_ci_has_its_line_in_contributing() -> None:
    called = re.findall(r"^([a-z][\w-]*) \d+$", (ROOT / ".ci/targets").read_text(), re.MULTILINE)
    tests = {target for target in TARGETS if target.startswith("test-")}
    assert called
    assert set(called) <= tests
    assert set(re.findall(r"^\| `make (test-[\w-]+)` \|", FIRST[1].read_text(), re.MULTILINE)) == tests
