"""A container of the first release, stood for by a small real HTTP server, behind the rung that speaks to it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.fakes.certificates import environ, make

from gateway.providers.coqui import CoquiRung
from gateway.providers.mesh import MeshRung
from gateway.providers.synthesize import OldContainer, SynthesizeRung
from gateway.routing.budget import RetryBudget
from gateway.routing.gate import Gate
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Policy
from gateway.settings import Settings
from troupe.v1.engine_pb2 import GENDER_MALE
from troupe.v1.media_pb2 import AUDIO_CODEC_MP3, AudioFormat
from troupe.v1.speech_pb2 import SpeechInput, SpeechSettings
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import CannotConnect, Draining, EngineFailed, NotSupported, UnsupportedFormat

MP3 = b"\xff\xfb" + bytes(600_000)
HEALTH = {"status": "healthy", "cuda": False, "model_loaded": True, "backend": "edge-tts"}
VOICES = {
    "voices": [
        {"voice_id": "en-US-AriaNeural", "name": "Aria", "language": "English (US)", "gender": "Female"},
        {"voice_id": "es-ES-ElviraNeural", "name": "Elvira", "language": "Spanish", "gender": "Female"},
        {"voice_id": "en-GB-RyanNeural", "name": "Ryan", "language": "en-GB", "gender": "Male"},
        "rubbish",
        {"name": "without an id"},
    ]
}


class Old:
    """What the container answers, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.status, self.sound, self.health = 200, MP3, dict(HEALTH)
        self.headers: dict[str, str] = {}
        self.hold = threading.Event()
        self.hold.set()
        self.url = ""


@contextmanager
def container():
    old = Old()

    class Handler(BaseHTTPRequestHandler):
        def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            for name, value in old.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            told = {"/health": old.health, "/voices": VOICES}[self.path]
            self._send(200, json.dumps(told).encode())

        def do_POST(self) -> None:
            old.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            old.hold.wait(10)
            self._send(old.status, old.sound, "audio/mpeg")

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    old.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield old
    finally:
        old.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def old():
    with container() as standing:
        yield standing


@pytest.fixture
async def rung(old):
    watched = OldContainer(old.url)
    await watched.look()
    yield SynthesizeRung("coqui", watched, Policy(5.0), False, Gate(time.monotonic), RetryBudget(time.monotonic))  # noqa: FBT003  # local
    await watched.stop()


def call(text="Hello world", method="Synthesize", **settings) -> Call:
    async def inputs(_rung):
        form = AudioFormat(codec=AUDIO_CODEC_MP3, sample_rate=24000, channels=1)
        yield SpeechInput(settings=SpeechSettings(**{"engine": "edge", "format": form} | settings))
        for word in text.split(" "):
            yield SpeechInput(text=f"{word} ")

    return Call(method, inputs, lambda chunk: bool(chunk.audio), Deadline.after(5))


async def spoken(rung, wanted: Call) -> list:
    stream = rung.open(wanted, "", 5.0)
    try:
        return [chunk async for chunk in stream]
    finally:
        await stream.aclose()


async def test_it_is_described_in_the_words_of_our_services(rung) -> None:
    info = rung.describe()
    assert (info.name, info.cloud, list(info.formats), rung.cloud) == ("edge", True, ["mp3"], True)
    assert [(voice.voice_id, voice.language) for voice in info.voices] == [
        ("en-US-AriaNeural", "en-US"),
        ("es-ES-ElviraNeural", "es-ES"),
        ("en-GB-RyanNeural", "en-GB"),
    ]
    assert (rung.trouble(), rung.unusable()) == (None, None)


async def test_text_in_mp3_out(rung, old) -> None:
    chunks = await spoken(rung, call("Hello <#0.5#> world", voice_id="en-GB-RyanNeural"))
    assert b"".join(chunk.audio for chunk in chunks) == MP3
    assert max(len(chunk.audio) for chunk in chunks) <= 256 * 1024
    assert old.asked == [{"text": "Hello   world ", "voice_id": "en-GB-RyanNeural"}]
    assert chunks[0].header.voice_id == "en-GB-RyanNeural"
    assert not chunks[0].header.voice_substituted
    assert chunks[-1].sentence_end.text_consumed == len("Hello <#0.5#> world ")


async def test_a_voice_it_lacks_is_replaced_by_one_of_its_language_and_gender(rung, old) -> None:
    chunks = await spoken(rung, call(voice_id="male-qn-x", language="en-US", gender=GENDER_MALE))
    assert old.asked[0]["voice_id"] == "en-GB-RyanNeural"
    assert (chunks[0].header.voice_substituted, chunks[0].header.requested_voice_id) == (True, "male-qn-x")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"speed": 1.5}, NotSupported),
        ({"pitch": 2.0}, NotSupported),
        ({"volume": 0.0}, NotSupported),
        ({"pronunciations": ["a=b"]}, NotSupported),
        ({"format": AudioFormat(codec=AUDIO_CODEC_MP3, sample_rate=8000)}, UnsupportedFormat),
        ({"format": AudioFormat(codec=AUDIO_CODEC_MP3, bitrate=64000)}, UnsupportedFormat),
        ({"method": "Decode"}, NotSupported),
    ],
)
async def test_what_it_cannot_it_says_and_asks_nobody(rung, old, settings, error) -> None:
    with pytest.raises(error, match="first release"):
        await spoken(rung, call(**settings))
    assert old.asked == []


async def test_what_it_can_never_serve_is_skipped_with_the_reason(rung) -> None:
    assert rung.can_serve(Need(Modality.TTS, format="mp3", language="es-MX")) is None
    assert rung.can_serve(Need(Modality.TTS, format="pcm")) == "it makes no pcm, only mp3"
    assert "no voice for ja-JP" in str(rung.can_serve(Need(Modality.TTS, language="ja-JP")))
    assert "local_only" in str(rung.can_serve(Need(Modality.TTS, local_only=True)))


async def test_a_container_that_was_said_to_be_in_the_house_is(rung) -> None:
    rung.local = True
    assert (rung.cloud, rung.can_serve(Need(Modality.TTS, local_only=True))) == (False, None)


async def test_failures_are_leaves_of_the_tree(rung, old) -> None:
    old.status = 500
    with pytest.raises(EngineFailed, match="answered 500"):
        await spoken(rung, call())
    old.status, old.sound = 200, b""
    with pytest.raises(EngineFailed, match="0 bytes"):
        await spoken(rung, call())


async def test_an_abort_reaches_the_reader_at_once(rung, old) -> None:
    old.hold.clear()
    stream = rung.open(call(), "", 5.0)
    reading = asyncio.ensure_future(anext(stream))
    async with asyncio.timeout(5):
        while not old.asked:
            await asyncio.sleep(0.01)
        stream.abort(Draining("going away"))
        with pytest.raises(Draining):
            await reading
        await stream.aclose()


async def test_while_it_loads_or_is_gone_it_is_in_trouble() -> None:
    with container() as old:
        old.health["model_loaded"] = False
        watched = OldContainer(old.url)
        rung = SynthesizeRung("coqui", watched, Policy(5.0), False, Gate(time.monotonic), RetryBudget(time.monotonic))  # noqa: FBT003
        await watched.look()
        assert rung.trouble() == "it is still loading"
        old.health["model_loaded"] = True
        await watched.look()
        assert rung.trouble() is None
    await watched.look()
    assert "Cannot connect to the TTS service" in str(rung.trouble())
    with pytest.raises(CannotConnect, match="PROVIDER_COQUI_SERVICE_URL"):
        await spoken(rung, call())
    await watched.stop()


async def test_whoever_answers_at_the_url_is_the_rung(old) -> None:
    """The container may be replaced by svc-tts, and the other way round, without a restart of the gateway."""
    from gateway.assembly import build

    house = build(Settings.load({"PROVIDER_TTS": "coqui", "PROVIDER_COQUI_SERVICE_URL": old.url}))
    rung = house.chains[Modality.TTS].rungs[0]
    assert isinstance(rung, CoquiRung)
    assert rung.now is rung.mesh
    await rung.plain.container.look()
    assert (rung.now is rung.plain, rung.engine, rung.name) == (True, "edge", "coqui")
    old.headers["X-Troupe-Grpc-Port"] = "50052"
    await rung.plain.container.look()
    assert rung.now is rung.mesh
    assert isinstance(rung.policy, Policy)
    await rung.plain.container.stop()


def test_with_tls_between_the_parts_no_stranger_hears_what_is_said(tmp_path) -> None:
    """Whoever answers at an http:// address could call himself a container of the first release."""
    from gateway.assembly import build

    tls = environ(make(tmp_path), "gateway")
    for url, kind in (("http://tts:5050", MeshRung), ("https://tts:5050", CoquiRung)):
        house = build(Settings.load({"PROVIDER_TTS": "coqui", "PROVIDER_COQUI_SERVICE_URL": url, **tls}))
        assert isinstance(house.chains[Modality.TTS].rungs[0], kind)
