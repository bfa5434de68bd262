"""Films whose words somebody else writes: an idea, and a company's website. The writer is a real engine of svc-text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.studio import Studio
from tests.e2e.conftest import wait_ready
from tests.fakes.gguf import write
from tests.fakes.website import Website, website

pytestmark = pytest.mark.timeout(150)
FAKES = Path(__file__).parents[1] / "fakes"
IDEA = "The lamp on the quay was lit before the boats came home. Nobody asked who had lit it."
REFUSED = ("http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.1.2.3/", "http://169.254.169.254/")
HOME = """<!doctype html><html lang="en"><head><title>Harbour Lamps</title>
<meta name="description" content="Harbour Lamps builds lamps for small harbours."></head><body><main>
<h1>Harbour Lamps</h1>
<p>Harbour Lamps builds solar lamps for small harbours, and keeps them lit through the winter.</p>
<p>Harbour Lamps was founded in 1998 in Bergen, Norway, and has 120 employees.</p>
<p>Every lamp is built by hand in Bergen and lasts for twenty years without a new battery.</p>
<p>Harbour masters in forty towns rely on our lamps when the fog comes in from the sea.</p>
<p>We repair what we sell, and we take old lamps back when they have served their time.</p>
</main></body></html>"""


@pytest.fixture(scope="module")
def writing(beside) -> str:
    """A gateway whose writer says what it is asked, word for word."""
    gateway = beside(PROVIDER_TEXT="echo", PROVIDER_TEXT_FALLBACK="")
    url = f"http://{gateway.addresses['http']}"
    wait_ready(url)
    return url


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    with website({"/": HOME}) as standing:
        yield standing


@pytest.fixture(scope="module")
def reading(beside) -> str:
    """A gateway that may read sites on this machine; only tests can build one."""
    gateway = beside("gateway_here", PYTHONPATH=str(FAKES), TROUPE_PORT="0", TROUPE_GRPC_PORT="0")
    url = f"http://{gateway.addresses['http']}"
    wait_ready(url)
    return url


def ask(page: Studio, tab: str, text: str) -> None:
    page.click(f"#tab-{tab}")
    page.fill(tab, text)
    page.press("Control+Enter")


def test_an_idea_becomes_a_film(writing, studio) -> None:
    page = studio(writing).open()
    ask(page, "idea", IDEA)
    page.wait("seen.playing", 30)
    page.to_the_end()
    assert page.text("#error") == ""
    assert "echo" in page.text("[data-testid=stage-text]")
    assert re.search(r"\d\.\d+ s", page.text("[data-testid=stage-text]"))
    written = page.shown("#written-text")
    assert IDEA[-20:] in written
    assert len(page.told()["lit"]) >= 0.8 * len(written.split())
    page.click("#written-use")
    assert page.evaluate("document.getElementById('script').value").split() == written.split()
    assert page.focused() == "script"


def test_a_language_model_writes_and_is_spoken_while_it_does(start_service, beside, studio, tmp_path) -> None:
    write(tmp_path / "tiny.gguf")
    text = start_service("svc_text", TROUPE_TEXT_ENGINES="llamacpp", TROUPE_TEXT_MODELS_DIR=str(tmp_path))
    gateway = beside(TROUPE_TEXT_TARGET=text.grpc, PROVIDER_TEXT="llamacpp", PROVIDER_TEXT_FALLBACK="")
    page = studio(f"http://{gateway.addresses['http']}").open()
    page.wait("document.getElementById('rungs-dot').dataset.state === 'ready'", 30)
    page.wait("document.getElementById('idea-hint').innerText.includes('no writer') === false", 30)
    page.allowed.add(404)  # its scene is asked for until it is there
    ask(page, "idea", "A company that makes lamps.")
    page.wait("seen.lit?.length > 4", 60)
    written = page.shown("#written-text").split()
    assert {each["word"] for each in page.told()["lit"]} <= set(written)
    assert "llamacpp" in page.text("[data-testid=stage-text]")
    page.stop()  # it would tell much more
    assert page.text("#error") == ""


def test_without_a_writer_the_page_says_so_before_and_after(mesh, studio) -> None:
    page = studio(mesh.url).open()
    page.allowed |= {404, 422}  # 404: the scene of a film that never began
    page.click("#tab-idea")
    page.wait("document.getElementById('idea-hint').innerText.includes('no writer')", 20)
    ask(page, "idea", IDEA)
    assert page.shown("#error", 20).startswith("There is no writer here yet.")
    assert page.evaluate("document.getElementById('idea').value") == IDEA
    page.click("[data-testid=error-action]")
    page.shown("#rungs")
    remedies = page.evaluate("[...document.querySelectorAll('#rungs .remedy code')].map(each => each.innerText)")
    assert any("make model" in remedy for remedy in remedies), remedies


def test_an_address_inside_the_house_is_refused_plainly(mesh, studio) -> None:
    page = studio(mesh.url).open()
    page.allowed |= {400, 403, 404, 422}
    for address in REFUSED:
        ask(page, "site", address)
        told = page.shown("#error", 20)
        assert told.startswith("That address cannot be read from here."), (address, told)
        assert page.evaluate("document.getElementById('site').value") == address
        page.evaluate("document.getElementById('error').hidden = true")


def test_what_is_no_address_is_told_before_anything_is_asked(mesh, studio) -> None:
    page = studio(mesh.url).open()
    asked = len(page.urls())
    ask(page, "site", "ftp://example.com")
    assert page.shown("#error").startswith("That is not a web address.")
    assert page.focused() == "site"
    assert not [url for url in page.urls()[asked:] if "/api/avatar" in url]


def test_a_site_becomes_a_film(reading, site, studio) -> None:
    page = studio(reading).open()
    page.allowed.add(404)  # its scene is asked for until it is there
    ask(page, "site", f"http://lamps.here.test:{site.port}/")
    page.to_the_end(120)
    assert page.text("#error") == ""
    assert "Harbour Lamps" in page.shown("#written-text")
    assert "Harbour Lamps" in page.shown("#sources")
    assert "extractive" in page.text("[data-testid=stage-text]")
    assert "/" in site.paths


def test_a_site_is_read_before_its_film_is_made(reading, site, studio) -> None:
    page = studio(reading).open()
    page.click("#tab-site")
    page.fill("site", f"http://lamps.here.test:{site.port}/")
    page.click("#read")
    assert page.shown("#profile-name", 60) == "Harbour Lamps"
    assert "1998" in page.evaluate("document.getElementById('profile-facts').textContent")
    sources = page.evaluate("[...document.querySelectorAll('#profile-facts a')].map(each => each.href)")
    assert set(sources) == {f"http://lamps.here.test:{site.port}/"}
    assert "Harbour Lamps" in page.shown("#written-text", 30)
    assert page.text("#error") == ""


def test_a_site_that_does_not_answer_is_told(reading, studio) -> None:
    page = studio(reading).open()
    page.allowed |= {404, 502, 504}
    ask(page, "site", "http://nobody.here.test:1/")
    assert page.shown("#error", 30).startswith("That site does not answer.")
