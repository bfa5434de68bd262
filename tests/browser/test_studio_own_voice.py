"""A voice of one's own: recorded (Chromium's made microphone hears flite), agreed to, used in a film, deleted."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.browser.studio import Browser, Studio
from tests.browser.test_studio_layout import MEASURE, THUMB_PX

pytestmark = pytest.mark.timeout(150)
ROOT = Path(__file__).parents[2]
CLOCK_S = "Number(document.getElementById('own-clock').innerText.split(':')[1])"
LONG_ENOUGH_S = 11
WORDS = "The lamp on the quay goes out every morning, and the first boats come home with the tide. "
PHONE = (390, 844)


@pytest.fixture(scope="module")
def spoken(mesh, tmp_path_factory) -> Path:
    """Half a minute of flite, as a sound file."""
    said = {"text": WORDS * 6, "voice_id": "en-US-GuyNeural", "format": "wav", "sample_rate": 48_000}
    reply = httpx.post(f"{mesh.url}/api/voice", json=said, timeout=60)
    assert reply.status_code == 200, reply.text
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    path.write_bytes(reply.content)
    return path


@pytest.fixture(scope="module")
def microphone(browser_folder, spoken) -> Browser:
    """A browser whose microphone hears that file, and whose person lets pages use it."""
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    made = Browser(browser_folder, *flags, f"--use-file-for-fake-audio-capture={spoken}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def cloning(beside) -> str:
    """A gateway whose speech service has an engine that clones (what it says is a tone)."""
    engines = "flite,tests.fakes.cloning_engine:XttsParrot"
    speech = beside("svc_tts", TROUPE_SPEECH_ENGINES=engines, PYTHONPATH=str(ROOT))
    gateway = beside(PROVIDER_TTS="flite", PROVIDER_TTS_FALLBACK="xtts", TROUPE_SPEECH_TARGET=speech.grpc)
    return f"http://{gateway.addresses['http']}"


def open_own(page: Studio) -> None:
    page.click("#voice-open")
    page.shown("#voices")
    page.click("#own-open")
    page.shown("#own")


def own_voices(page: Studio) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('.voice-remove')].map(each => each.closest('.voice-row').innerText)"
    )


def looked_at(page: Studio, picture: Path, least: int = 0) -> None:
    """Nothing sticks out, overlaps or is too small for a thumb; axe-core finds nothing serious."""
    page.evaluate("() => new Promise(resolve => setTimeout(resolve, 600))")  # the dialog slides in
    page.picture(picture)
    assert not {what: found for what, found in page.evaluate(MEASURE, least).items() if found}
    assert not page.offences()


def test_a_recording_becomes_a_voice_that_speaks_in_a_film(cloning, microphone, pictures: Path) -> None:
    page = Studio(microphone, cloning).open()
    page.allowed.add(400)
    open_own(page)
    page.click("#own-save")
    assert "no recording" in page.shown("#own-problem")
    page.click("#own-record")
    page.wait(f"{CLOCK_S} >= 2", 10)
    assert page.evaluate("document.getElementById('own-record').getAttribute('aria-pressed')") == "true"
    page.picture(pictures / "own-voice-recording.png")
    level = "Number(/[\\d.]+/.exec(document.getElementById('own-level').style.transform)[0])"
    page.wait(f"{level} > 0.2", 5)
    page.wait(f"{CLOCK_S} >= {LONG_ENOUGH_S}", 20)
    page.click("#own-record")
    page.shown("#own-heard")
    page.fill("own-name", "Ada herself")
    page.fill("own-speaker", "Ada Lovelace")
    assert "I, Ada Lovelace, agree" in page.text("#own-statement")
    page.click("#own-save")
    assert "has not agreed yet" in page.shown("#own-problem")
    page.click("#own-agreed")
    looked_at(page, pictures / "own-voice.png")
    page.click("#own-save")
    assert page.shown("#own-done", 20).startswith("Ada herself is ready, and chosen.")
    looked_at(page, pictures / "own-voice-ready.png")
    page.press("Enter")
    assert page.text("#voice-name") == "Ada herself"
    assert "Yours" in page.text("#voice-list")
    looked_at(page, pictures / "own-voice-listed.png")
    page.press("Escape")

    page.fill("script", "This is me.")
    page.press("Control+Enter")
    page.to_the_end()
    served = page.text("#timeline")
    assert "xtts" in served.lower()

    page.click("#voice-open")
    page.click(".voice-remove")
    assert own_voices(page) == ["Ada herself\nDelete?"]
    page.click(".voice-remove")
    page.wait("!document.querySelector('.voice-remove')", 10)
    assert page.text("#voice-name") == "Aria"
    listed = httpx.get(f"{cloning}/api/voices", timeout=10).json()["voices"]
    assert not [voice for voice in listed if voice["cloned"]]
    page.judge()


def test_a_file_from_a_phone_and_consent_given_later(cloning, studio, spoken: Path, pictures: Path) -> None:
    """The seed's plain call has stored a voice without consent; and there is no microphone here."""
    plain = httpx.post(
        f"{cloning}/clone", files={"audio": spoken.read_bytes()}, data={"name": "Grandmother"}, timeout=20
    )
    assert plain.json()["state"] == "awaiting_consent"
    page = studio(cloning).open(PHONE, phone=True)
    page.allowed |= {422}
    page.click("#voice-open")
    page.shown("#voices")
    assert "needs its speaker's consent" in page.shown(".voice-remove") + page.text("#voice-list")
    page.click("[data-testid=voice-agree]")
    page.shown("#own")
    assert page.text("#own-sample") == ""
    page.fill("own-speaker", "Grace Hopper")
    page.click("#own-agreed")
    looked_at(page, pictures / "own-voice-consent.png", THUMB_PX)
    page.click("#own-save")
    assert page.shown("#own-done").startswith("Grandmother is ready")
    page.press("Enter")

    page.click("#own-open")
    page.click("#own-record")
    assert "microphone" in page.shown("#own-problem")
    page.browser.do("choose_file", selector="#own-file", path=str(ROOT / "gateway/src/gateway/avatars/ada.webp"))
    page.fill("own-speaker", "Nobody")
    page.click("#own-agreed")
    page.allowed.add(415)
    page.click("#own-save")
    assert page.shown("#own-problem").startswith("That file is not a sound")
    looked_at(page, pictures / "own-voice-phone.png", THUMB_PX)
    for voice in httpx.get(f"{cloning}/api/voices", timeout=10).json()["voices"]:
        if voice["cloned"]:
            httpx.delete(f"{cloning}/api/voices/{voice['voice_id']}", timeout=10)
