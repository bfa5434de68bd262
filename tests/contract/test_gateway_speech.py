"""POST /api/voice and its neighbours over real sockets, through a real svc-tts."""

from __future__ import annotations

import io
import time
import wave

import httpx
import pytest

SEED_REQUEST = {"text": "Hello world", "voice_id": "en-US-AriaNeural"}
COUNTED_S = 5.0  # an answer is counted after its last byte, which the caller may see first


@pytest.fixture(scope="module")
def speech(start_service_once):
    return start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone")


@pytest.fixture(scope="module")
def gateway(start_service_once, speech):
    return start_service_once(
        "gateway",
        PROVIDER_TTS="minimax",
        PROVIDER_TTS_FALLBACK="tone",
        TROUPE_SPEECH_TARGET=speech.grpc,
        TROUPE_TEXT_TARGET="127.0.0.1:1",
        TROUPE_VIDEO_TARGET="127.0.0.1:1",
        TROUPE_MISSED_TICKS="20",
    )


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        yield client


def error_of(reply: httpx.Response) -> dict:
    error = reply.json()["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["request_id"] == reply.headers["x-troupe-request-id"]
    return error


def test_the_seeds_request_gives_an_mp3_as_it_stands(client, gateway) -> None:
    reply = client.post("/api/voice", json=SEED_REQUEST)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "audio/mpeg"
    assert reply.headers["x-troupe-provider"] == "tone"
    assert reply.content[:1] == b"\xff" or reply.content[:3] == b"ID3"


def test_marked_up_text_and_its_subtitles(client) -> None:
    asked = {
        "text": "<speak>One <prosody rate='50%'>two</prosody><break time='1s'/> three.</speak>",
        "text_type": "ssml",
    }
    sound = client.post("/api/voice", json={**asked, "format": "wav"})
    assert sound.status_code == 200
    assert len(sound.content) / (2 * 24_000) == pytest.approx(0.3 + 0.6 + 1.0 + 0.3, abs=0.01)
    vtt = client.post("/api/subtitles", json=asked)
    assert vtt.headers["content-type"].startswith("text/vtt")
    assert vtt.text == ("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nOne two\n\n00:00:01.900 --> 00:00:02.900\nthree.\n")
    segments = client.post("/api/subtitles", json={**asked, "subtitles": "json"}).json()
    assert [segment["text"] for segment in segments] == ["One two", "three."]
    wrong = client.post("/api/voice", json={**asked, "text": "<speak>One"})
    assert error_of(wrong)["code"] == "invalid_argument"


def test_a_fallback_is_logged_and_counted(client, gateway) -> None:
    before = metric(client, 'troupe_fallbacks_total{modality="tts",rung="tone"}')
    assert client.post("/api/voice", json=SEED_REQUEST).status_code == 200
    assert "Using fallback provider: tone (minimax: MINIMAX_API_KEY is not set" in gateway.log
    assert metric(client, 'troupe_fallbacks_total{modality="tts",rung="tone"}') == before + 1


def metric(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@pytest.mark.parametrize(
    ("name", "kind", "magic"),
    [
        ("mp3", "audio/mpeg", b"\xff"),
        ("wav", "audio/wav", b"RIFF"),
        ("flac", "audio/flac", b"fLaC"),
        ("opus", "audio/ogg", b"OggS"),
        ("aac", "audio/aac", b"\xff"),
    ],
)
def test_each_format_comes_with_its_type(client, name, kind, magic) -> None:
    reply = client.post("/api/voice", json={**SEED_REQUEST, "format": name})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == kind
    assert reply.content.startswith(magic)


def test_pcm_says_its_rate(client) -> None:
    reply = client.post("/api/voice", json={**SEED_REQUEST, "format": "pcm", "sample_rate": 16_000})
    assert reply.headers["content-type"] == "audio/L16;rate=16000;channels=1;endianness=little-endian"
    assert len(reply.content) % 2 == 0


def test_a_wav_is_at_the_rate_that_was_asked(client) -> None:
    reply = client.post("/api/voice", json={**SEED_REQUEST, "format": "wav", "sample_rate": 8_000})
    with wave.open(io.BytesIO(reply.content)) as sound:
        assert sound.getframerate() == 8_000
        assert sound.getnchannels() == 1


def test_sound_is_sent_while_it_is_made(client) -> None:
    text = "One two three four. " * 500
    with client.stream("POST", "/api/voice", json={"text": text, "format": "wav"}) as reply:
        pieces = sum(1 for _ in reply.iter_raw())
    assert pieces > 10
    assert "content-length" not in reply.headers


@pytest.mark.parametrize("voice_id", ["male-qn-qingse", "female-shaonv", "English_Graceful_Lady", "Japanese_KindLady"])
def test_minimax_voice_ids_speak_from_day_one(client, voice_id) -> None:
    reply = client.post("/api/voice", json={"text": "Hello", "voice_id": voice_id, "language": "en-US"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-voice-substituted"] == voice_id


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({"text": ""}, 400, "empty_text", "nothing to say"),
        ({"text": " \n\t "}, 400, "empty_text", "nothing to say"),
        ({"text": "\x00\x07"}, 400, "empty_text", "nothing to say"),
        ({"text": "a" * 1_000_000}, 413, "text_too_long", "at most 50,000"),
        ({"text": "Hi", "voice_id": "en-US-AryaNeural"}, 404, "unknown_voice", "en-US-AriaNeural"),
        ({"text": "Hi", "format": "mp4"}, 400, "unsupported_format", "mp3"),
        ({"text": "Hi", "sample_rate": 12_345}, 400, "invalid_argument", "allowed are 8000"),
        ({"text": "Hi", "speed": 9}, 400, "invalid_argument", "speed"),
        ({"text": "Hi", "vioce_id": "x"}, 400, "invalid_argument", 'Did you mean "voice_id"?'),
        ({"text": 7}, 400, "invalid_argument", "text"),
        ({}, 400, "invalid_argument", "text"),
        ({"text": "Hi", "provider": "tonne"}, 404, "unknown_provider", 'Did you mean "tone"?'),
    ],
)
def test_a_bad_request_is_told_what_is_wrong_and_what_is_allowed(client, body, status, code, says) -> None:
    reply = client.post("/api/voice", json=body)
    assert (reply.status_code, error_of(reply)["code"]) == (status, code)
    assert says in error_of(reply)["message"]


@pytest.mark.parametrize(
    "text",
    [
        "tab\tand bell\x07 and null\x00",
        "שלום עולם",
        "مرحبا بالعالم",
        "Hello 👋🏽 world 👩‍👩‍👧‍👦",
        "half a \\ud83d pair",
        "\u202eright to left",
    ],
)
def test_odd_text_is_spoken(client, text) -> None:
    reply = client.post("/api/voice", json={"text": text, "voice_id": "en-US-GuyNeural"})
    assert reply.status_code == 200, reply.text
    assert reply.content


def test_half_a_surrogate_pair_is_no_defect(client) -> None:
    body = b'{"text": "half a \\ud83d pair"}'
    reply = client.post("/api/voice", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in {200, 400}


def test_broken_json_is_an_error_of_the_caller(client) -> None:
    reply = client.post("/api/voice", content=b'{"text": ', headers={"content-type": "application/json"})
    assert (reply.status_code, error_of(reply)["code"]) == (400, "invalid_argument")


def test_voices_lists_the_table_and_the_engines_own(client) -> None:
    voices = {each["voice_id"]: each for each in client.get("/api/voices").json()["voices"]}
    assert len(voices) > 60
    assert voices["en-US-AriaNeural"]["gender"] == "female"
    assert voices["female-shaonv"]["source"] == "minimax"
    spanish = client.get("/api/voices", params={"language": "es"}).json()["voices"]
    assert spanish
    assert all(each["language"].startswith("es") for each in spanish)


def test_providers_says_why_each_one_does_not_serve(client) -> None:
    tts = client.get("/providers").json()["tts"]
    assert (tts["primary"], tts["serving"]) == ("minimax", "tone")
    by_name = {each["name"]: each for each in tts["chain"]}
    assert by_name["minimax"]["state"] == "not_installed"
    assert by_name["minimax"]["reason"] == "MINIMAX_API_KEY is not set"
    assert by_name["tone"]["state"] == "ready"
    text = client.get("/providers").json()["text"]["chain"]
    assert {each["state"] for each in text} == {"unreachable"}


def test_all_rungs_down_is_said_per_rung(client) -> None:
    reply = client.get("/api/portraits")
    assert (reply.status_code, error_of(reply)["code"]) == (503, "all_rungs_failed")
    assert "portrait: Cannot connect to" in error_of(reply)["message"]
    assert int(reply.headers["retry-after"]) >= 1


def test_health_is_alive_whatever_the_engines_do(client) -> None:
    reply = client.get("/health")
    assert reply.status_code == 200
    assert reply.json()["status"] == "healthy"
    assert reply.json()["ready"] == {"text": None, "tts": "tone", "video": None}
    assert client.get("/ready").status_code == 200


def test_unknown_paths_and_methods_have_the_same_shape(client) -> None:
    assert error_of(client.get("/api/nothing"))["code"] == "not_supported"
    reply = client.get("/api/voice")
    assert reply.status_code == 405
    assert error_of(reply)["code"] == "not_supported"


def test_metrics_count_requests_by_route(client) -> None:
    before = metric(client, 'troupe_http_requests_total{route="/api/voice",status="200"}')
    client.post("/api/voice", json=SEED_REQUEST)
    limit = time.monotonic() + COUNTED_S
    while (now := metric(client, 'troupe_http_requests_total{route="/api/voice",status="200"}')) == before:
        assert time.monotonic() < limit
    assert now == before + 1
    assert metric(client, 'troupe_http_first_byte_seconds_count{route="/api/voice"}') >= before


def test_docs_show_every_body_and_error(client) -> None:
    assert "swagger" in client.get("/docs").text
    openapi = client.get("/openapi.json").json()
    voice = openapi["paths"]["/api/voice"]["post"]
    assert "audio/mpeg" in voice["responses"]["200"]["content"]
    avatar = openapi["paths"]["/api/avatar"]["post"]
    assert {"application/json", "multipart/form-data"} <= set(avatar["requestBody"]["content"])
    for operation in (voice, avatar):
        assert {"400", "401", "404", "413", "422", "503", "504"} <= set(operation["responses"])


def test_the_log_has_the_request_id_and_not_the_text(client, gateway) -> None:
    reply = client.post("/api/voice", json={"text": "canary-7f3a9 speaks"})
    request_id = reply.headers["x-troupe-request-id"]
    deadline = time.monotonic() + 5
    while request_id not in gateway.log and time.monotonic() < deadline:
        time.sleep(0.01)
    assert request_id in gateway.log
    assert "canary" not in gateway.log
    assert "Traceback" not in gateway.log
