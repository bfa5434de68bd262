"""mmx, MiniMax's own command line client from npm, against the fake over HTTPS (it fetches nothing over HTTP)."""

from __future__ import annotations

import io
import json
import subprocess
import wave
from pathlib import Path

import av
import pytest

KEY = "sk-api-fake-global"
USUAL = ("--region", "global", "--non-interactive", "--no-color", "--timeout", "30")


@pytest.fixture
def mmx(clients, tls_cloud, certificate, tmp_path):
    """mmx(*arguments) -> the finished process."""

    def run(*arguments: str, key: str = KEY, ok: bool = True) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [clients / "node/node_modules/.bin/mmx", *arguments, *USUAL, "--api-key", key, "--base-url", tls_cloud.url],
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "MMX_CONFIG_DIR": str(tmp_path / "mmx"),
                "NODE_EXTRA_CA_CERTS": str(certificate[0]),
                "CI": "true",
            },
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=50,
            check=False,
        )
        assert not ok or done.returncode == 0, done.stderr.decode()
        return done

    return run


def seconds(media: Path | bytes) -> float:
    with av.open(io.BytesIO(media) if isinstance(media, bytes) else str(media), "r") as container:
        stream = container.streams[0]
        return max((float(frame.time or 0) for frame in container.decode(stream)), default=0.0)


def test_chat(mmx) -> None:
    reply = json.loads(mmx("text", "chat", "--message", "Hello there", "--output", "json").stdout)
    assert [block["text"] for block in reply["content"]] == ["Hello there"]
    assert reply["stop_reason"] == "end_turn"


def test_chat_as_a_stream(mmx, tls_cloud) -> None:
    done = mmx("text", "chat", "--message", "count to 30", "--stream", "--output", "text")
    assert done.stdout.decode().split() == [str(number) for number in range(1, 31)]
    assert tls_cloud.seen()[-1]["body"]["stream"] is True


def test_speech_with_subtitles(mmx, tmp_path) -> None:
    mmx("speech", "synthesize", "--text", "One two. Three four.", "--subtitles", "--out", "said.mp3")
    assert seconds(tmp_path / "said.mp3") == pytest.approx(0.8, abs=0.1)
    (subtitles,) = tmp_path.glob("said*.srt")
    assert "00:00:00,400" in subtitles.read_text()
    assert "Three four." in subtitles.read_text()


def test_speech_as_a_stream(mmx, tls_cloud) -> None:
    done = mmx("speech", "synthesize", "--text", "one two three four", "--stream")
    # mmx 1.0.27 writes the last event, too, which holds the whole once more: one hears everything twice.
    assert seconds(done.stdout) == pytest.approx(2 * 0.8, abs=0.2)
    assert tls_cloud.seen()[-1]["events"] >= 2


def test_voices(mmx) -> None:
    voices = json.loads(mmx("speech", "voices", "--language", "japanese", "--output", "json").stdout)
    assert "Japanese_KindLady" in [voice["voice_id"] for voice in voices]
    assert all(isinstance(voice["description"], list) for voice in voices)


@pytest.mark.parametrize(
    ("model", "path"),
    [("MiniMax-Hailuo-2.3", "/v1/video_generation"), ("MiniMax-H3", "/v2/video_generation")],
)
def test_a_video_is_waited_for_and_fetched(mmx, tls_cloud, tmp_path, model, path) -> None:
    asked = ("--model", model, "--prompt", "Ocean waves", "--poll-interval", "1", "--download", "waves.mp4")
    mmx("video", "generate", *asked)
    assert seconds(tmp_path / "waves.mp4") > 4
    assert tls_cloud.seen()[0]["path"] == path
    assert tls_cloud.seen()[-1]["path"].startswith("/cdn/")
    assert tls_cloud.seen()[-1]["key"] is False


def test_a_portrait_and_its_speech(mmx, tls_cloud, tmp_path) -> None:
    (tmp_path / "face.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with wave.open(str(tmp_path / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\0\1" * 16_000 * 3)
    asked = ("--model", "MiniMax-H3", "--prompt", "She speaks", "--duration", "4", "--poll-interval", "1")
    given = ("--reference-image", "face.png", "--reference-audio", "speech.wav", "--download", "film.mp4")
    mmx("video", "generate", *asked, *given)
    with av.open(str(tmp_path / "film.mp4"), "r") as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
    roles = [item.get("role") for item in tls_cloud.seen()[0]["body"]["content"]]
    assert roles == [None, "reference_image", "reference_audio"]


@pytest.mark.parametrize("model", ["MiniMax-Hailuo-2.3", "MiniMax-H3"])
def test_a_failed_task_ends_the_wait(mmx, tls_cloud, model) -> None:
    tls_cloud.script("POST /v?/video_generation", end="Fail", base_resp=1027, states=[])
    done = mmx("video", "generate", "--model", model, "--prompt", "Waves", "--poll-interval", "1", ok=False)
    assert done.returncode != 0
    assert b"new_sensitive" in done.stderr


def test_files(mmx, tmp_path) -> None:
    (tmp_path / "note.txt").write_text("A note")
    sent = json.loads(mmx("file", "upload", "--file", "note.txt", "--output", "json").stdout)
    file_id = sent["file_id"]
    listed = json.loads(mmx("file", "list", "--output", "json").stdout)
    assert file_id in [file["file_id"] for file in listed["files"]]
    mmx("file", "delete", "--file-id", str(file_id))
    listed = json.loads(mmx("file", "list", "--output", "json").stdout)
    assert file_id not in [file["file_id"] for file in listed["files"]]


def test_a_wrong_key_is_understood(mmx) -> None:
    chat = mmx("text", "chat", "--message", "Hi", key="sk-api-fake-mainland", ok=False)
    assert chat.returncode == 3  # its own exit code for keys
    assert b"API key rejected" in chat.stderr
    speech = mmx("speech", "synthesize", "--text", "Hi", key="sk-api-fake-mainland", ok=False)
    assert speech.returncode != 0
    assert b"invalid api key" in speech.stderr
