"""What goes wrong in the Studio: it is told in plain words, with the next step, and nothing that was typed is lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from PIL import Image
from tests.browser.studio import Studio

pytestmark = pytest.mark.timeout(120)
TYPED = "Every word of this is still here afterwards."
NOWHERE = "127.0.0.1:1"
GONE_S = 10.0
MINUTES_LONG = 60  # times what was typed: about three minutes of speech


@pytest.fixture
def page(mesh, studio) -> Studio:
    page = studio(mesh.url).open()
    page.fill("script", TYPED)
    return page


@pytest.fixture(scope="module")
def wall(tmp_path_factory) -> Path:
    """A photo without a face."""
    path = tmp_path_factory.mktemp("photo") / "wall.png"
    Image.new("RGB", (640, 640), "teal").save(path)
    return path


def still_there(page: Studio) -> bool:
    return page.evaluate("document.getElementById('script').value") == TYPED


def plain(told: str) -> bool:
    """Words for people: no JSON, no code, no exception, before what the gateway said."""
    return bool(told) and not any(mark in told for mark in ("{", "}", "_", "Error", "undefined", "null"))


def test_a_photo_without_a_face(page: Studio, wall: Path) -> None:
    page.allowed |= {400, 422}
    page.browser.do("choose_file", selector="#photo", path=str(wall))
    told = page.shown("#face-problem", 20)
    assert told.startswith("There is no face to be found in that photo.")
    assert plain(told)
    assert still_there(page)
    assert page.evaluate("document.querySelector('[name=face]:checked').value") == "ada"


def test_a_file_that_is_no_picture(page: Studio, tmp_path: Path) -> None:
    page.allowed |= {400, 415, 422}
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    page.browser.do("choose_file", selector="#photo", path=str(path))
    told = page.shown("#face-problem", 20)
    assert "picture" in told
    assert plain(told)
    assert still_there(page)


def test_a_photo_with_a_face_is_chosen_and_speaks(page: Studio, tmp_path: Path) -> None:
    photo = tmp_path / "me.png"
    faces = Path(__file__).parents[2] / "gateway/src/gateway/avatars"
    Image.open(faces / "leo.webp").convert("RGB").save(photo)
    page.browser.do("choose_file", selector="#photo", path=str(photo))
    page.wait("document.querySelector('[name=face]:checked').value.startsWith('p')", 30)
    page.press("Control+Enter")
    page.to_the_end()
    assert page.text("#error") == ""
    assert page.text("#face-problem") == ""


def test_nothing_to_say(page: Studio) -> None:
    page.fill("script", "   ")
    page.press("Control+Enter")
    assert page.shown("#error").startswith("There is nothing to say yet.")
    assert page.focused() == "script"
    page.fill("script", TYPED)
    page.press("Control+Enter")
    page.wait("seen.playing", 30)
    assert page.text("#error") == "", "the error of the last try stays no longer than that"
    page.stop()


def test_a_film_that_is_stopped_can_be_made_again(page: Studio) -> None:
    page.fill("script", f"{TYPED} " * MINUTES_LONG)  # a short one is made before it can be stopped
    page.press("Control+Enter")
    page.wait("seen.playing", 30)
    page.judge()
    page.allowed.add(0)  # a film that is stopped ends in the middle, and Chromium may say so
    page.click("#stop")
    page.wait("document.getElementById('play').checkVisibility()", 5)
    assert page.text("#error") == ""
    assert page.evaluate("document.querySelector('video').paused")
    page.fill("script", TYPED)
    page.press("Control+Enter")
    page.to_the_end()
    assert still_there(page)


def test_nobody_draws(beside, studio) -> None:
    gateway = beside(TROUPE_VIDEO_TARGET=NOWHERE)
    page = studio(f"http://{gateway.addresses['http']}").open()
    page.allowed |= {502, 503}
    page.wait("document.getElementById('rungs-dot').dataset.state === 'broken'", 20)
    page.fill("script", TYPED)
    page.press("Control+Enter")
    told = page.shown("#error", 30)
    assert plain(told)
    assert still_there(page)
    page.click("[data-testid=error-action]")
    assert "Does not answer" in page.shown("#rungs")


def test_the_one_that_draws_dies_while_the_page_is_open(start_service, beside, studio) -> None:
    drawing = start_service("svc_video", TROUPE_VIDEO_ENGINES="still")
    gateway = beside(TROUPE_VIDEO_TARGET=drawing.grpc, PROVIDER_VIDEO="still", PROVIDER_VIDEO_FALLBACK="")
    page = studio(f"http://{gateway.addresses['http']}").open()
    page.allowed |= {502, 503}
    page.wait("document.getElementById('rungs-dot').dataset.state === 'ready'", 20)
    page.fill("script", TYPED)
    drawing.signal(signal.SIGKILL)
    drawing.popen.wait(GONE_S)
    page.press("Control+Enter")
    told = page.shown("#error", 30)
    assert plain(told)
    assert still_there(page)


def test_the_gateway_itself_is_gone(beside, studio) -> None:
    gateway = beside()
    page = studio(f"http://{gateway.addresses['http']}").open()
    page.fill("script", TYPED)
    gateway.stop()
    page.allowed.add(0)
    page.press("Control+Enter")
    assert page.shown("#error", 20).startswith("The gateway does not answer.")
    assert still_there(page)


def test_a_reload_loses_nothing(page: Studio) -> None:
    page.evaluate("document.querySelector('[name=face][value=kenji]').click()")
    page.click("#tab-site")
    page.fill("site", "example.com")
    page.wait("localStorage['troupe.draft']?.includes('example.com')", 5)
    page.browser.do("reload")
    page.wait("document.querySelector('[name=face]:checked')?.value === 'kenji'", 10)
    assert still_there(page)
    assert page.evaluate("document.getElementById('site').value") == "example.com"
    assert page.evaluate("document.getElementById('tab-site').getAttribute('aria-selected')") == "true"
