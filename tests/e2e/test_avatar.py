"""The main job through the whole mesh: a script in, a talking head out, while it is made."""

from __future__ import annotations

import io
import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import av
import grpc
import httpx
import pytest
from PIL import Image

from troupe.v1 import engine_pb2, speech_pb2_grpc, video_pb2_grpc
from troupe.wire.errors import NoFace, UnknownPortrait, UnknownVoice

ROOT = Path(__file__).parents[2]
SHORT = {"text": "Hello there. I am new here.", "language": "en-US"}
LONG = {"text": "A sentence that goes on for a while, so that there is time. " * 40, "language": "en-US"}
IDLE_S = 1.0  # 5x the promise of 200 ms
EVENTS = ("scene", "provider", "stage", "words", "end")


def avatar_png(name: str = "ada", size: int = 512) -> bytes:
    picture = Image.open(ROOT / f"svc-video/src/svc_video/data/avatars/{name}.webp").convert("RGB").resize((size, size))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def decode(film: bytes) -> tuple[int, float]:
    with av.open(io.BytesIO(film)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(io.BytesIO(film)) as container:
        sound = sum(frame.samples for frame in container.decode(audio=0)) / container.streams.audio[0].rate
    return frames, sound


def events(client: httpx.Client, scene: str) -> list[tuple[str, dict[str, Any]]]:
    told, kind = [], ""
    with client.stream("GET", f"/api/scenes/{scene}/events", timeout=30) as reply:
        for line in reply.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                told.append((kind, json.loads(line.removeprefix("data: "))))
    return told


def outstanding(mesh) -> int:
    with grpc.insecure_channel(mesh.speech.grpc) as speech, grpc.insecure_channel(mesh.video.grpc) as video:
        asked = engine_pb2.DescribeRequest()
        replies = [
            speech_pb2_grpc.SpeechStub(speech).Describe(asked, timeout=5),
            video_pb2_grpc.VideoStub(video).Describe(asked, timeout=5),
        ]
    return sum(engine.outstanding for reply in replies for engine in reply.engines)


def until_idle(mesh, seconds: float = IDLE_S) -> None:
    deadline = time.monotonic() + seconds
    while outstanding(mesh):
        assert time.monotonic() < deadline, f"still {outstanding(mesh)} at work"
        time.sleep(0.02)


def test_a_script_becomes_a_film_with_as_much_picture_as_sound(client: httpx.Client) -> None:
    reply = client.post("/api/avatar", json=SHORT)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("video/mp4")
    frames, sound = decode(reply.content)
    assert frames / 25 == pytest.approx(sound, abs=0.25)
    assert 1.5 < sound < 6
    assert "tts=" in reply.headers["x-troupe-provider"]
    assert "video=portrait" in reply.headers["x-troupe-provider"]


def test_the_film_says_from_its_first_bytes_that_it_is_synthetic(client: httpx.Client) -> None:
    with client.stream("POST", "/api/avatar", json=SHORT) as reply:
        first = next(reply.iter_raw())
    assert b"Label" in first
    assert b"trainedAlgorithmicMedia" in first or b"TrainedAlgorithmicMedia" in first
    assert b"portrait" in first


def test_it_is_sent_while_it_is_made(client: httpx.Client) -> None:
    started = time.monotonic()
    with client.stream("POST", "/api/avatar", json=LONG | {"text": LONG["text"][:1200]}) as reply:
        arrivals = [time.monotonic() - started for _ in reply.iter_raw()]
        scene = reply.headers["x-troupe-scene"]
    assert len(arrivals) > 20
    assert arrivals[0] < arrivals[-1] / 4
    stages = {data["stage"]: data["at_ms"] for kind, data in events(client, scene) if kind == "stage"}
    assert stages["first_audio"] <= stages["first_fragment"] < stages["done"] / 4


def test_a_scene_tells_what_happened(client: httpx.Client) -> None:
    reply = client.post("/api/avatar", json=SHORT | {"voice_id": "en-GB-RyanNeural"})
    told = events(client, reply.headers["x-troupe-scene"])
    assert set(EVENTS) <= {kind for kind, _ in told}
    assert told[-1][0] == "end"
    assert told[-1][1]["ok"] is True
    words = [word["word"] for kind, data in told if kind == "words" for word in data["words"]]
    assert " ".join(words).replace(".", "") == SHORT["text"].replace(".", "")
    voice = next(data for kind, data in told if kind == "voice")
    assert voice["substituted"] is True


def test_ones_own_picture_speaks(client: httpx.Client) -> None:
    files = {"portrait": ("me.png", avatar_png()), "text": (None, "Hello."), "language": (None, "en-US")}
    reply = client.post("/api/avatar", files=files)
    assert reply.status_code == 200, reply.text
    assert decode(reply.content)[0] > 10


def test_of_several_faces_the_largest_speaks_and_that_is_said(client: httpx.Client) -> None:
    group = Image.new("RGB", (900, 512), (200, 200, 200))
    group.paste(Image.open(io.BytesIO(avatar_png("leo", 512))), (388, 0))
    group.paste(Image.open(io.BytesIO(avatar_png("ada", 360))), (10, 150))
    out = io.BytesIO()
    group.save(out, "PNG")
    reply = client.post("/api/avatar", files={"portrait": ("us.png", out.getvalue()), "text": (None, "Hello.")})
    assert reply.status_code == 200, reply.text
    notes = [data["text"] for kind, data in events(client, reply.headers["x-troupe-scene"]) if kind == "note"]
    assert "2 faces found, the largest is used" in notes


def test_ones_own_sound_moves_the_face(client: httpx.Client) -> None:
    sound = client.post("/api/voice", json={"text": "Hello from a file.", "format": "wav", "language": "en-US"}).content
    reply = client.post("/api/avatar", files={"audio": ("me.wav", sound)})
    assert reply.status_code == 200, reply.text
    frames, _ = decode(reply.content)
    with av.open(io.BytesIO(sound)) as container:
        seconds = sum(frame.samples for frame in container.decode(audio=0)) / container.streams.audio[0].rate
    assert frames / 25 == pytest.approx(seconds, abs=0.3)


def test_webm_for_those_who_avoid_h264(client: httpx.Client) -> None:
    reply = client.post("/api/avatar", json=SHORT | {"container": "webm"})
    assert reply.headers["content-type"].startswith("video/webm")
    assert decode(reply.content)[0] > 30


def test_a_portrait_is_kept_listed_used_and_deleted(client: httpx.Client) -> None:
    made = client.post("/api/portraits", files={"portrait": ("me.png", avatar_png("leo"))})
    assert made.status_code in {200, 201}, made.text
    told = made.json()
    portrait = told.get("portrait", told)["portrait_id"]
    assert portrait in {each["portrait_id"] for each in client.get("/api/portraits").json()["portraits"]}
    assert client.post("/api/avatar", json=SHORT | {"portrait_id": portrait}).status_code == 200
    assert client.delete(f"/api/portraits/{portrait}").status_code in {200, 204}
    gone = client.post("/api/avatar", json=SHORT | {"portrait_id": portrait})
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, UnknownPortrait.code)


@pytest.mark.parametrize(
    ("fields", "status", "code", "hint"),
    [
        ({"text": ""}, 400, "empty_text", ""),
        ({"text": "   \n\t "}, 400, "empty_text", ""),
        ({"text": "Hi", "voice_id": "en-US-AriaNeutral"}, 404, UnknownVoice.code, "en-US-AriaNeural"),
        ({"text": "Hi", "portrait_id": "adda"}, 404, UnknownPortrait.code, "ada"),
        ({"text": "Hi", "container": "avi"}, 400, "unsupported_format", "mp4"),
        ({"text": "x" * 1_000_000}, 413, "", ""),
    ],
)
def test_bad_requests_say_what_is_allowed(
    client: httpx.Client, fields: dict[str, str], status: int, code: str, hint: str
) -> None:
    reply = client.post("/api/avatar", json=fields)
    error = reply.json()["error"]
    assert reply.status_code == status, error
    assert error["code"] == code or not code
    assert hint in error["message"]
    assert error["request_id"]


@pytest.mark.parametrize("text", ["\x00\x07 Hello \x1b[31m", "שלום hello עולם", "Hello 👩‍👩‍👧 world 🎉", "a\u202eb c"])
def test_strange_text_is_spoken_or_refused_but_never_breaks(client: httpx.Client, text: str) -> None:
    reply = client.post("/api/avatar", json={"text": text, "language": "en-US"})
    assert reply.status_code == 200, reply.text
    assert decode(reply.content)[0] > 0


def test_a_script_in_two_languages_is_spoken_whole(client: httpx.Client) -> None:
    reply = client.post("/api/voice", json={"text": "Hello. 你好世界。 And on.", "format": "wav"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "espeak"


def test_a_picture_without_a_face_is_a_clear_error(client: httpx.Client) -> None:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), "green").save(out, "PNG")
    reply = client.post("/api/avatar", files={"portrait": ("lawn.png", out.getvalue()), "text": (None, "Hi")})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, NoFace.code)


def test_a_text_file_named_png_is_a_clear_error(client: httpx.Client) -> None:
    reply = client.post("/api/avatar", files={"portrait": ("face.png", b"not a picture"), "text": (None, "Hi")})
    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "unsupported_media")


def test_a_client_that_leaves_frees_every_service(mesh, client: httpx.Client) -> None:
    with client.stream("POST", "/api/avatar", json=LONG) as reply:
        pieces = reply.iter_raw()  # kept: dropping the iterator would close the reply
        next(pieces)
        assert outstanding(mesh) > 0
    until_idle(mesh)
    assert "Traceback" not in mesh.gateway.log + mesh.speech.log + mesh.video.log


def test_a_scene_can_be_cancelled(mesh, client: httpx.Client) -> None:
    with client.stream("POST", "/api/avatar", json=LONG) as reply:
        scene = reply.headers["x-troupe-scene"]
        pieces = reply.iter_raw()
        next(pieces)
        with httpx.Client(base_url=mesh.url) as other:
            assert other.delete(f"/api/scenes/{scene}").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
    until_idle(mesh)
    assert ("error", "cancelled") in [(kind, data.get("code")) for kind, data in events(client, scene)]


@pytest.mark.parametrize("victim", ["video", "speech"])
def test_a_service_killed_mid_stream_breaks_the_body_and_tells_the_scene(own_mesh, victim: str) -> None:
    mesh = own_mesh()
    with httpx.Client(base_url=mesh.url, timeout=30) as client:
        with client.stream("POST", "/api/avatar", json=LONG | {"text": LONG["text"] * 8}) as reply:
            scene = reply.headers["x-troupe-scene"]
            pieces = reply.iter_raw()
            next(pieces)
            getattr(mesh, victim).signal(signal.SIGKILL)
            started = time.monotonic()
            with pytest.raises(httpx.RemoteProtocolError):
                for _ in pieces:
                    pass
        assert time.monotonic() - started < 15
        told = events(client, scene)
        errors = [data for kind, data in told if kind == "error"]
        assert errors, told[-3:]
        assert errors[0]["code"] in {"stream_broken", "cannot_connect", "all_rungs_failed"}
        assert told[-1][0] == "end"
        assert told[-1][1]["ok"] is False
        assert client.get("/health").status_code == 200


def test_many_at_once_are_all_whole(client: httpx.Client, mesh) -> None:
    results: list[int] = []

    def one() -> None:
        with httpx.Client(base_url=mesh.url, timeout=120) as own:
            reply = own.post("/api/avatar", json=SHORT | {"width": 128, "height": 128})
            results.append(decode(reply.content)[0] if reply.status_code == 200 else -reply.status_code)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1
    assert results[0] > 30


def test_a_house_that_avoids_h264_makes_webm_unasked(own_mesh) -> None:
    mesh = own_mesh(PROVIDER_PORTRAIT_CODEC="vp9")
    with httpx.Client(base_url=mesh.url, timeout=60) as client:
        reply = client.post("/api/avatar", json=SHORT)
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"].startswith("video/webm")
        assert decode(reply.content)[0] > 30
        refused = client.post("/api/avatar", json=SHORT | {"container": "mp4"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_rung_can_serve")
        assert "only webm" in refused.json()["error"]["message"]
