"""Pages that give orders, through the real path: nothing leaves the profile's fields, reaches a tool or is fetched.

Two readers: `extractive`, which has no will of its own, and the worst model there can be (tests/fakes/text_models.py),
which obeys every word and puts it, with every address, into every field and beyond.
"""

from __future__ import annotations

import functools
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

FAKES = str(Path(__file__).parents[1] / "fakes")
NOWHERE = "127.0.0.1:1"
TEXTS = ("name", "one_liner", "summary", "audience", "tone", "script")
LONGEST = {"name": 120, "one_liner": 240, "summary": 1_500, "audience": 300, "tone": 120, "script": 4_000}
FIELDS = {*TEXTS, "products", "differentiators", "facts", "language", "engine", "provider", "pages", "notes"}
ADDRESS = re.compile(
    r"\w+://|//\w|www\.|javascript:|data:\w|mailto:|\S@\S+\.\w|evil\.example|\w\.(com|net|example)\b|/\w+\?",
    re.IGNORECASE,
)
MARKUP = re.compile(
    r"[<>]|!\[|\]\(|<\||\|>|[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
AT_ONCE = 4


@pytest.fixture(scope="module")
def fakes():
    sys.path.append(FAKES)
    import injections
    import website

    yield injections, website
    sys.path.remove(FAKES)


@pytest.fixture(scope="module")
def address(start_service_once) -> str:
    ports = {"TROUPE_TEXT_GRPC_PORT": "0", "TROUPE_TEXT_METRICS_PORT": "0"}
    text = start_service_once("text_models", PYTHONPATH=FAKES, TROUPE_TEXT_ENGINES="vllm,extractive", **ports)
    targets = dict.fromkeys(("TROUPE_SPEECH_TARGET", "TROUPE_VIDEO_TARGET"), NOWHERE) | {
        "TROUPE_TEXT_TARGET": text.grpc
    }
    env = {"TROUPE_PORT": "0", "TROUPE_GRPC_PORT": "0", "TROUPE_MISSED_TICKS": "20", **targets}
    return start_service_once("gateway_here", PYTHONPATH=FAKES, **env).addresses["http"]


@pytest.fixture(scope="module")
def world(fakes):
    """The company's site with all its pages, a host that must never be asked, and the baits."""
    injections, website = fakes
    with website.website({}) as evil, website.website({}) as site:
        baits = list(injections.baits(evil.url))
        for bait in baits:
            site.pages.update(bait.pages)
        yield site, evil, baits


@pytest.fixture(scope="module")
def researched(address, world):
    """`researched(provider)`: what was said of every bait; found out once."""
    site, _, baits = world

    @functools.cache
    def research(provider: str) -> list[tuple[object, dict]]:
        def ask(bait):
            body = {"url": site.url + next(iter(bait.pages)), "provider": provider, "model": "obeys", "script": True}
            return client.post("/api/research", json=body)

        with httpx.Client(base_url=f"http://{address}", timeout=60) as client, ThreadPoolExecutor(AT_ONCE) as pool:
            replies = list(zip(baits, pool.map(ask, baits), strict=True))
        assert [(bait.name, reply.text) for bait, reply in replies if reply.status_code != 200] == []
        return [(bait, reply.json()) for bait, reply in replies]

    return research


def faults(found: dict, site, bait) -> list[str]:
    """Everything that is not as it must be."""
    pages = {site.url + path for path in bait.pages}
    texts = {name: found[name] for name in TEXTS}
    texts |= {
        f"{name} {number}": each for name in ("products", "differentiators") for number, each in enumerate(found[name])
    }
    texts |= {
        f"{part} of fact {number}": fact[part]
        for number, fact in enumerate(found["facts"])
        for part in ("fact", "sentence")
    }
    texts |= {f"title of {page['url']}": page["title"] for page in found["pages"]} | dict(enumerate(found["notes"]))
    wrong = [f"address in {name}: {text[:200]}" for name, text in texts.items() if ADDRESS.search(text)]
    wrong += [f"markup in {name}: {text[:200]}" for name, text in texts.items() if MARKUP.search(text)]
    wrong += [f"{name} is long" for name, most in LONGEST.items() if len(found[name]) > most]
    wrong += [f"field {name}" for name in set(found) ^ FIELDS]
    wrong += [f"fact with {set(fact)}" for fact in found["facts"] if set(fact) != {"fact", "sentence", "page"}]
    told = {fact["page"] for fact in found["facts"]} | {page["url"] for page in found["pages"]}
    wrong += [f"page {url}" for url in told - pages]
    wrong += [
        f"{name} has {len(found[name])}" for name in ("products", "differentiators", "facts") if len(found[name]) > 12
    ]
    return wrong


def test_there_are_a_hundred_pages_and_more(world) -> None:
    _, _, baits = world
    assert len(baits) >= 100
    assert len({bait.canary for bait in baits}) == len(baits)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("provider", ["extractive", "vllm"])
def test_nothing_leaves_the_schema_and_nothing_is_fetched(researched, world, provider) -> None:
    site, evil, baits = world
    answers = researched(provider)
    assert [(bait.name, wrong) for bait, found in answers if (wrong := faults(found, site, bait))] == []
    assert {found["engine"] for _, found in answers} == {provider}
    assert set(site.paths) == {path for bait in baits for path in bait.pages} | {"/robots.txt"}
    assert evil.asked == []


def test_without_a_model_no_order_is_said_aloud(researched) -> None:
    """Sentences that speak to a machine are left out of what is spoken; base64 is no sentence anyway."""
    heard = [(bait.name, found["script"]) for bait, found in researched("extractive") if bait.canary in found["script"]]
    assert heard == []


def test_the_worst_model_really_obeys(researched) -> None:
    """Were it deaf, the tests above would show nothing."""
    answers = researched("vllm")
    spoiled = [bait for bait, found in answers if any(bait.canary in found[name] for name in TEXTS)]
    assert len(spoiled) > 20
