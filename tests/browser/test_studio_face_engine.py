"""Where two engines can move a face, the Studio lets its person choose; where there is one, it does not ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.test_studio_layout import MEASURE, THUMB_PX
from tests.e2e.conftest import wait_ready
from tests.fakes.sadtalker_standin import NOTE, asked

pytestmark = pytest.mark.timeout(150)
ROOT = Path(__file__).parents[2]
PHONE = (390, 844)
SHORT = "Who moves this face?"


@pytest.fixture(scope="module")
def both(beside):
    """A service with two engines, and a gateway that asks SadTalker's stand-in first."""
    ports = {"TROUPE_VIDEO_GRPC_PORT": "0", "TROUPE_VIDEO_METRICS_PORT": "0"}
    engines = "sadtalker,portrait"
    video = beside("tests.fakes.sadtalker_standin", TROUPE_VIDEO_ENGINES=engines, PYTHONPATH=str(ROOT), **ports)
    gateway = beside(PROVIDER_VIDEO="sadtalker", PROVIDER_VIDEO_FALLBACK="portrait", TROUPE_VIDEO_TARGET=video.grpc)
    url = f"http://{gateway.addresses['http']}"
    wait_ready(url)
    return url, video


def looked_at(page, picture: Path, least: int = 0) -> None:
    page.evaluate("() => new Promise(resolve => setTimeout(resolve, 300))")
    page.picture(picture, whole=True)
    assert not {what: found for what, found in page.evaluate(MEASURE, least).items() if found}
    assert not page.offences()


def checked(page) -> str:
    return page.evaluate("document.querySelector('[name=engine]:checked').value")


def filmed(page) -> str:
    """Have a film made; gives who moved the face."""
    page.fill("script", SHORT)
    page.press("Control+Enter")
    page.to_the_end()
    return page.text("[data-testid=stage-video] .step-who")


def test_one_engine_is_no_choice(mesh, studio) -> None:
    page = studio(mesh.url).open()
    page.wait("document.getElementById('rungs-dot').dataset.state === 'ready'", 20)
    assert page.text("#engine") == ""


def test_a_person_chooses_who_moves_the_face_and_how(both, studio, pictures: Path) -> None:
    url, video = both
    page = studio(url).open()
    assert "SadTalker" in page.shown("#engine", 20)
    assert checked(page) == "sadtalker"  # the gateway's own first
    assert "much longer" in page.text("#engine-hint")
    looked_at(page, pictures / "face-engine.png")

    assert filmed(page) == "sadtalker"
    assert asked(video.log) == {}  # nothing was chosen, nothing is asked
    assert page.text("#notes") == NOTE

    page.evaluate("document.querySelector('[data-testid=engine-picture]').focus()")
    page.press("ArrowDown", times=2)
    page.press("Tab")
    page.press("ArrowRight")
    page.press("Tab")
    assert page.focused() == "engine-still"
    page.press("Space")
    assert filmed(page) == "sadtalker"
    assert asked(video.log) == {"preprocess": "full", "size": 512, "still": True}
    looked_at(page, pictures / "face-engine-chosen.png")

    page.evaluate("document.querySelector('[name=engine]:checked').focus()")
    page.press("ArrowRight")
    assert checked(page) == "portrait"
    assert page.text("#engine-sadtalker") == ""
    assert filmed(page) == "portrait"
    assert "no effect" not in page.text("#notes")

    page.browser.do("reload")
    page.shown("#engine", 20)
    assert checked(page) == "portrait"
    assert page.evaluate("document.getElementById('engine-picture').value") == "full"


def test_one_that_is_slow_here_is_offered_and_not_the_first(both, beside, studio) -> None:
    gateway = beside(TROUPE_VIDEO_TARGET=both[1].grpc)  # a chain that nobody wrote
    url = f"http://{gateway.addresses['http']}"
    wait_ready(url)
    page = studio(url).open()
    page.shown("#engine", 20)
    assert checked(page) == "portrait"
    assert page.evaluate("document.getElementById('rungs-dot').dataset.state") == "ready"
    assert filmed(page) == "portrait"
    page.evaluate("document.querySelector('[name=engine][value=sadtalker]').focus()")
    page.press("Space")
    assert "much longer" in page.text("#engine-hint")
    assert filmed(page) == "sadtalker"


def test_it_fits_a_phone_and_a_thumb(both, studio, pictures: Path) -> None:
    page = studio(both[0]).open(PHONE, phone=True)
    page.shown("#engine", 20)
    looked_at(page, pictures / "face-engine-phone.png", THUMB_PX)
