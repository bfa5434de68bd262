"""POST /api/avatar, its scenes and portraits over real sockets, through real services with the test engines."""

from __future__ import annotations

import io
import json
import struct
import wave
import zlib

import av
import httpx
import pytest
from PIL import Image

SCRIPT = "Hello world. This is a test. It has three sentences."


@pytest.fixture(scope="module")
def services(start_service_once):
    speech = start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone")
    video = start_service_once("svc_video", TROUPE_VIDEO_ENGINES="still")
    return speech, video


@pytest.fixture(scope="module")
def gateway(start_service_once, services, tmp_path_factory):
    speech, video = services
    return start_service_once(
        "gateway",
        PROVIDER_TTS="tone",
        PROVIDER_TTS_FALLBACK="",
        PROVIDER_VIDEO="still",
        PROVIDER_VIDEO_FALLBACK="",
        TROUPE_SPEECH_TARGET=speech.grpc,
        TROUPE_VIDEO_TARGET=video.grpc,
        TROUPE_TEXT_TARGET="127.0.0.1:1",
        TROUPE_MISSED_TICKS="20",
    )


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=60) as client:
        yield client


def boxes(film: bytes) -> list[str]:
    """The kinds of the top-level boxes of an MP4, which must end where the bytes end."""
    kinds, at = [], 0
    while at < len(film):
        size, kind = struct.unpack_from(">I4s", film, at)
        kinds.append(kind.decode("latin-1"))
        at += size
    assert at == len(film)
    return kinds


def events_of(client: httpx.Client, scene_id: str, **headers: str) -> list[tuple[str, dict]]:
    told = client.get(f"/api/scenes/{scene_id}/events", headers=headers)
    assert told.headers["content-type"].startswith("text/event-stream")
    events = []
    for block in told.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields["event"], json.loads(fields["data"])))
    return events


def sound_file(seconds: float = 1.0) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(int(16_000 * seconds) * 2))
    return file.getvalue()


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 96), "teal").save(file, "PNG")
    return file.getvalue()


def test_a_script_becomes_a_fragmented_film(client) -> None:
    reply = client.post("/api/avatar", json={"text": SCRIPT, "voice_id": "en-US-GuyNeural"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("video/mp4")
    assert reply.headers["x-troupe-provider"] == "tts=tone;video=still"
    kinds = boxes(reply.content)
    assert kinds[0] == "ftyp"
    assert kinds.count("moof") >= 2


def test_the_scene_tells_words_stages_and_the_end(client) -> None:
    reply = client.post("/api/avatar", json={"text": SCRIPT})
    events = events_of(client, reply.headers["x-troupe-scene"])
    kinds = [kind for kind, _ in events]
    assert (kinds[0], kinds[-1]) == ("scene", "end")
    words = [word["word"] for kind, data in events if kind == "words" for word in data["words"]]
    assert [word.strip(".") for word in words[:2]] == ["Hello", "world"]
    assert len(words) == 10
    stages = [data["stage"] for kind, data in events if kind == "stage"]
    assert stages.index("first_audio") < stages.index("first_bytes") < stages.index("done")
    assert events[-1][1]["ok"] is True
    providers = {data["modality"]: data["provider"] for kind, data in events if kind == "provider"}
    assert providers == {"tts": "tone", "video": "still"}


def test_a_late_listener_can_go_on_where_it_was(client) -> None:
    scene = client.post("/api/avatar", json={"text": "Hello."}).headers["x-troupe-scene"]
    everything = events_of(client, scene)
    assert events_of(client, scene, **{"Last-Event-ID": "2"}) == everything[2:]


def test_the_film_comes_while_it_is_made(client) -> None:
    with client.stream("POST", "/api/avatar", json={"text": "One two three four five. " * 400}) as reply:
        scene = reply.headers["x-troupe-scene"]
        body = reply.iter_raw()
        assert next(body)
        kinds = []
        with client.stream("GET", f"/api/scenes/{scene}/events") as told:
            for line in told.iter_lines():
                if line.startswith("event: "):
                    kinds.append(line.removeprefix("event: "))
                if "words" in kinds:
                    break
        assert "end" not in kinds


def test_webm_is_made_too(client) -> None:
    reply = client.post("/api/avatar", json={"text": "Hello.", "container": "webm"})
    assert reply.headers["content-type"].startswith("video/webm")
    assert reply.content.startswith(b"\x1a\x45\xdf\xa3")


def test_a_sound_file_and_an_uploaded_picture_make_a_film(client) -> None:
    files = {"audio": ("voice.wav", sound_file()), "portrait": ("me.png", picture())}
    reply = client.post("/api/avatar", files=files, data={"width": "256", "height": "256"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "video=still"
    assert boxes(reply.content)[0] == "ftyp"


def test_a_form_may_hold_text(client) -> None:
    reply = client.post("/api/avatar", files={"portrait": ("me.png", picture())}, data={"text": "Hello."})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "tts=tone;video=still"


@pytest.mark.parametrize(
    ("request_parts", "status", "code", "says"),
    [
        ({"json": {"text": ""}}, 400, "empty_text", "nothing to say"),
        ({"json": {"text": "Hi", "portrait_id": "adda"}}, 404, "unknown_portrait", "ada"),
        ({"json": {"text": "Hi", "voice_id": "en-US-GayNeural"}}, 404, "unknown_voice", "en-US-GuyNeural"),
        ({"json": {"text": "Hi", "container": "avi"}}, 400, "unsupported_format", "mp4"),
        ({"json": {"text": "Hi", "width": 100_000}}, 400, "invalid_argument", "width"),
        ({"files": {"portrait": ("p.png", b"a text")}, "data": {"text": "Hi"}}, 415, "unsupported_media", "a text"),
        ({"files": {"audio": ("a.wav", b"\x89PNG\r\n\x1a\n....")}}, 415, "unsupported_media", "a PNG file"),
        ({"files": {"potrait": ("p.png", b"x")}, "data": {"text": "Hi"}}, 400, "invalid_argument", "portrait"),
        ({"content": b"text=Hi", "headers": {"content-type": "text/plain"}}, 415, "unsupported_media", "text/plain"),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data"}}, 400, "invalid_argument", "boundary"),
        ({"files": [("portrait", (f"{n}.png", b"x")) for n in range(5)]}, 400, "invalid_argument", "Too many files"),
        ({"json": {"text": "Hi", "aspect": "landscap"}}, 400, "invalid_argument", 'Did you mean "landscape"'),
        ({"json": {"text": "Hi", "background": "transparent"}}, 400, "invalid_argument", "green"),
        ({"json": {"text": "Hi", "background": "image"}}, 400, "invalid_argument", "send the picture"),
        ({"files": {"background": ("b.png", b"a text")}, "data": {"text": "Hi"}}, 415, "unsupported_media", "a text"),
        ({"files": {"background": ("b.png", bytes(3_600_000))}, "data": {"text": "Hi"}}, 413, "media_too_large", "3,5"),
        ({"content": b"[]", "headers": {"content-type": "application/json"}}, 400, "invalid_argument", "body"),
    ],
)  # fmt: skip
def test_a_bad_request_is_told_what_is_wrong(client, request_parts, status, code, says) -> None:
    reply = client.post("/api/avatar", **request_parts)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code), reply.text
    assert says in reply.json()["error"]["message"]


def notes_of(reply) -> str:
    return reply.headers.get("x-troupe-notes", "")


def test_the_shape_of_the_film_is_the_one_asked_for(client) -> None:
    parts = {"files": {"portrait": ("me.png", picture()), "background": ("wall.png", picture())}}
    reply = client.post("/api/avatar", data={"text": "Hello.", "aspect": "portrait", "width": "144"}, **parts)
    assert reply.status_code == 200, reply.text
    with av.open(io.BytesIO(reply.content)) as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == (144, 256)
    assert "still keeps the background" in notes_of(reply)


def test_captions_need_a_script(client) -> None:
    told = client.post("/api/avatar", json={"text": "Hello there.", "captions": True})
    assert (told.status_code, notes_of(told)) == (200, "")
    sound = client.post("/api/avatar", files={"audio": ("a.wav", sound_file())}, data={"captions": "true"})
    assert "captions" in notes_of(sound)
    assert "script" in notes_of(sound)


def test_text_and_sound_together_are_refused(client) -> None:
    reply = client.post("/api/avatar", files={"audio": ("a.wav", sound_file())}, data={"text": "Hello"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_argument")


def test_a_truncated_sound_file_is_an_error_with_a_status(client) -> None:
    reply = client.post("/api/avatar", files={"audio": ("a.flac", b"fLaC" + bytes(40))})
    assert reply.status_code in {400, 415}, reply.text


def test_a_scene_can_be_cancelled(client) -> None:
    with client.stream("POST", "/api/avatar", json={"text": "One two three. " * 3000}) as reply:
        scene = reply.headers["x-troupe-scene"]
        body = reply.iter_raw()
        next(body)
        assert client.delete(f"/api/scenes/{scene}").json() == {"id": scene, "deleted": True}
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in body:
                pass
    events = events_of(client, scene)
    assert [kind for kind, _ in events[-2:]] == ["error", "end"]
    assert events[-2][1]["code"] == "cancelled"


def test_an_unknown_scene_answers_404(client) -> None:
    reply = client.get("/api/scenes/scn_nobody/events")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "unknown_scene")


def test_the_avatars_are_listed(client) -> None:
    portraits = client.get("/api/portraits").json()["portraits"]
    assert portraits
    assert all(portrait["avatar"] for portrait in portraits)


def test_a_portrait_is_uploaded_listed_used_and_deleted(client) -> None:
    made = client.post("/api/portraits", files={"portrait": ("me.png", picture())}, data={"name": "me"})
    assert made.status_code == 201, made.text
    portrait = made.json()
    assert portrait["name"] == "me"
    assert portrait["expires_at"] > portrait["created_at"]
    assert portrait["preview"].startswith("data:image/png;base64,")
    listed = {each["portrait_id"] for each in client.get("/api/portraits").json()["portraits"]}
    assert portrait["portrait_id"] in listed
    film = client.post("/api/avatar", json={"text": "Hello.", "portrait_id": portrait["portrait_id"]})
    assert film.status_code == 200, film.text
    path = f"/api/portraits/{portrait['portrait_id']}"
    assert client.delete(path).json()["deleted"] is True
    assert client.delete(path).status_code == 404


def test_who_served_stands_on_json_replies_too(client) -> None:
    assert client.get("/api/portraits").headers["x-troupe-provider"] == "still"
    made = client.post("/api/portraits", files={"portrait": ("me.png", picture())})
    assert made.headers["x-troupe-provider"] == "still"
    path = f"/api/portraits/{made.json()['portrait_id']}"
    assert client.delete(path).headers["x-troupe-provider"] == "still"


@pytest.mark.parametrize("value", ["tone,still", "still", "tts=tone;video=still", "video=still"])
def test_each_name_goes_to_the_chain_that_has_it(client, value) -> None:
    reply = client.post("/api/avatar", json={"text": "Hi."}, headers={"X-Troupe-Provider": value})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "tts=tone;video=still"


@pytest.mark.parametrize("value", ["toned", "tone,stil", "tts=still"])
def test_a_name_that_no_chain_of_the_route_has_is_unknown(client, value) -> None:
    reply = client.post("/api/avatar", json={"text": "Hi."}, headers={"X-Troupe-Provider": value})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "unknown_provider"), reply.text


def test_a_text_file_named_png_is_no_portrait(client) -> None:
    reply = client.post("/api/portraits", files={"portrait": ("me.png", b"I am a text file, honestly.")})
    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "unsupported_media")


def bomb() -> bytes:
    """A PNG of a few bytes whose header promises 4 gigapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 65_000, 62_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_small_file_that_decodes_to_gigabytes_is_refused(client) -> None:
    reply = client.post("/api/portraits", files={"portrait": ("me.png", bomb())})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "media_too_large"), reply.text
    reply = client.post("/api/avatar", files={"portrait": ("me.png", bomb())}, data={"text": "Hello."})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "media_too_large"), reply.text


def test_a_shipped_avatar_cannot_be_deleted(client) -> None:
    avatar = client.get("/api/portraits").json()["portraits"][0]["portrait_id"]
    assert client.delete(f"/api/portraits/{avatar}").status_code in {403, 404, 400}


def test_nothing_of_all_this_left_a_traceback(gateway) -> None:
    assert "Traceback" not in gateway.log
