"""The requests of the seed's pages, word for word, against the mesh a user gets."""

from __future__ import annotations

import io
import time

import av
import httpx

SEED_VOICES = [
    "en-US-AriaNeural",
    "en-US-GuyNeural",
    "en-US-JennyNeural",
    "en-GB-SoniaNeural",
    "en-GB-RyanNeural",
    "zh-CN-XiaoxiaoNeural",
    "zh-CN-YunxiNeural",
    "ja-JP-NanamiNeural",
    "es-ES-ElviraNeural",
    "fr-FR-DeniseNeural",
]
SAMPLE = "This is my voice, and I read a few quiet sentences so that it can be kept. " * 3
WORDS = {"en": "Hello world", "zh": "你好世界", "ja": "こんにちは世界", "es": "Hola mundo", "fr": "Bonjour le monde"}


def seconds(sound: bytes) -> float:
    with av.open(io.BytesIO(sound)) as container:
        return sum(frame.samples for frame in container.decode(audio=0)) / container.streams.audio[0].rate


def test_generate_speech(client: httpx.Client) -> None:
    reply = client.post("/api/voice", json={"text": "Hello world", "voice_id": "en-US-AriaNeural"})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "audio/mpeg"
    assert 0.4 < seconds(reply.content) < 3


def test_every_voice_of_the_seed_speaks_its_language(client: httpx.Client) -> None:
    spoken = {}
    for voice in SEED_VOICES:
        reply = client.post("/api/voice", json={"text": WORDS[voice[:2]], "voice_id": voice})
        assert reply.status_code == 200, reply.text
        spoken[voice] = seconds(reply.content)
    assert all(0.4 < length < 4 for length in spoken.values()), spoken


def test_check_current_providers(client: httpx.Client) -> None:
    told = client.get("/providers").json()
    assert {"text", "tts", "video"} <= set(told)
    ready = {provider["name"] for provider in told["tts"]["chain"] if provider["state"] == "ready"}
    assert "espeak" in ready


def test_check_the_gateway(client: httpx.Client) -> None:
    assert client.get("/health").json()["status"] == "healthy"


def test_the_tts_service_answers_on_its_own_port(mesh) -> None:
    with httpx.Client(base_url=f"http://{mesh.speech.addresses['http']}", timeout=30) as tts:
        health = tts.get("/health").json()
        assert health.pop("backend") in {"flite", "espeak"}
        assert health == {"status": "healthy", "cuda": False, "model_loaded": True}
        sound = tts.post("/synthesize", json={"text": "Hello world", "voice_id": "en-US-AriaNeural"})
        assert 0.4 < seconds(sound.content) < 3
        assert sound.headers["x-troupe-grpc-port"] == mesh.speech.grpc.rpartition(":")[2]
        voices = tts.get("/voices").json()["voices"]
        assert set(SEED_VOICES) <= {voice["voice_id"] for voice in voices}
        assert all({"voice_id", "name", "language", "gender"} <= set(voice) for voice in voices)
        sample = tts.post("/synthesize", json={"text": SAMPLE, "voice_id": "en-US-AriaNeural"})
        clone = tts.post("/clone", files={"audio": ("sample.mp3", sample.content)}, data={"name": "MyVoice"}).json()
        assert (clone["name"], clone["stored"], clone["usable"]) == ("MyVoice", True, False)
        assert clone["voice_id"]
        assert clone["why"]
        short = tts.post("/clone", files={"audio": ("sample.mp3", sound.content)}, data={"name": "MyVoice"})
        assert (short.status_code, short.json()["code"]) == (422, "wrong_duration")


def test_the_banner_says_who_serves(mesh) -> None:
    deadline = time.monotonic() + 20
    while "Available providers:" not in mesh.gateway.log and time.monotonic() < deadline:
        time.sleep(0.05)
    banner = mesh.gateway.log
    for line in ("=== Provider Configuration ===", "Text provider:", "TTS provider:", "Video provider:"):
        assert line in banner
    assert "  TTS: flite, espeak" in banner or "  TTS: espeak" in banner
    assert "  Video: portrait" in banner
