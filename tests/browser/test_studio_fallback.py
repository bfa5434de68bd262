"""A voice dies while the Studio's film is made, or was dead from the start: the page says so, the film plays on."""

from __future__ import annotations

import signal

import pytest
from tests.browser.cinema import missed, script
from tests.e2e.conftest import wait_ready

pytestmark = pytest.mark.timeout(240)
LONG_S = 50.0  # of speech: much more than a voice is ahead of the picture
GONE_S = 10.0
NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def voices(start_service_once):
    """Two processes that speak, as two rungs, and a gateway of their own."""
    first = start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="flite")
    second = start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="espeak")
    return first, second


@pytest.fixture(scope="module")
def rungs(voices) -> dict[str, str]:
    first, second = voices
    return {
        "PROVIDER_TTS": "flite",
        "PROVIDER_TTS_FALLBACK": "espeak",
        "PROVIDER_FLITE_TARGET": first.grpc,
        "PROVIDER_ESPEAK_TARGET": second.grpc,
    }


def test_a_voice_that_is_dead_from_the_start_is_told_with_its_reason(rungs, beside, studio) -> None:
    gateway = beside(**(rungs | {"PROVIDER_FLITE_TARGET": NOWHERE}))
    url = f"http://{gateway.addresses['http']}"
    wait_ready(url)
    page = studio(url).open()
    page.fill("script", "One voice is away, another one speaks.")
    page.press("Control+Enter")
    page.to_the_end()
    assert "espeak" in page.text("[data-testid=stage-tts]")
    told = page.shown("[data-testid=fallback]")
    assert told.startswith("espeak stepped in for the voice.")
    assert "flite" in told
    page.click("#rungs-open")
    page.shown("#rungs")
    assert page.text("[data-testid=rung-flite] .rung-why")


def test_a_voice_that_is_killed_in_the_middle_of_a_film_is_followed_by_another(rungs, voices, beside, studio) -> None:
    gateway = beside(**rungs)
    url = f"http://{gateway.addresses['http']}"
    wait_ready(url)
    page = studio(url).open()
    page.fill("script", script(LONG_S))
    page.press("Control+Enter")
    page.wait("seen.playing && document.querySelector('video').currentTime > 0.5", 30)
    assert "flite" in page.text("[data-testid=stage-tts]")
    assert page.evaluate("document.querySelector('[data-testid=stage-done]').dataset.state") != "reached"
    first, _ = voices
    killed_s = page.evaluate("document.querySelector('video').currentTime")
    first.signal(signal.SIGKILL)
    first.popen.wait(GONE_S)
    told = page.shown("[data-testid=fallback]", 30)
    assert told.startswith("espeak took over the voice in the middle of the film.")
    assert "espeak" in page.text("[data-testid=stage-tts]")
    page.wait("document.querySelector('[data-testid=stage-done]').dataset.state === 'reached'", 90)
    before = page.told()
    page.evaluate("document.querySelector('video').playbackRate = 4")  # the rest is all there
    page.wait("seen.ended", 60)
    after = page.told()
    assert [each for each in missed(before["stalls"]) if each["film_s"] >= killed_s] == []
    assert after["film_s"] == pytest.approx(LONG_S, rel=0.4)
    assert after["now_s"] == pytest.approx(after["film_s"], abs=0.1)
    assert page.text("#error") == ""
    assert "Traceback" not in gateway.log
