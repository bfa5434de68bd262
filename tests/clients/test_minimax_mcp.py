"""minimax-mcp, MiniMax's own MCP server from PyPI, against the fake: over its stdio, with its real process."""

from __future__ import annotations

import io
import json
import re
import subprocess
import wave
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

SESSION = Path(__file__).with_name("mcp_session.py")
KEY = "sk-api-fake-global"
SAMPLE_S = 12


@pytest.fixture
def call(clients, cloud, tmp_path):
    """call([[tool, arguments], ...], **environment) -> the texts of the tools."""

    def run(calls: list[tuple[str, dict[str, Any]]], **env: str) -> list[str]:
        usual = {
            "MINIMAX_API_HOST": cloud.url,
            "MINIMAX_API_KEY": KEY,
            "MINIMAX_API_RESOURCE_MODE": "local",
            "MINIMAX_MCP_BASE_PATH": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            [clients / "python/bin/python", SESSION],
            env=usual | env,
            cwd=tmp_path,
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=55,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def seconds(path: Path | bytes) -> float:
    with av.open(io.BytesIO(path) if isinstance(path, bytes) else str(path), "r") as container:
        return float(container.duration or 0) / av.time_base


def saved(text: str) -> Path:
    found = re.search(r"saved as: (\S+\.\w+)", text)
    assert found, text
    return Path(found[1])


def test_speech_voices_and_a_clone(call, cloud, tmp_path) -> None:
    sample = tmp_path / "sample.wav"
    with wave.open(str(sample), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\0\1" * 16_000 * SAMPLE_S)
    speech, cloned, voices, spoken, designed = call(
        [
            ["text_to_audio", {"text": "one two three four"}],
            ["voice_clone", {"voice_id": "MyMcpVoice", "file": str(sample), "text": "A demo"}],
            ["list_voices", {}],
            ["text_to_audio", {"text": "five six", "voice_id": "MyMcpVoice", "format": "flac", "channel": 2}],
            ["voice_design", {"prompt": "An old sailor", "preview_text": "Ahoy"}],
        ]
    )
    assert seconds(saved(speech)) == pytest.approx(0.8, abs=0.1)
    assert "demo audio saved as" in cloned
    assert seconds(saved(cloned)) == pytest.approx(0.4, abs=0.1)
    assert "ID: female-shaonv" in voices
    assert "ID: MyMcpVoice" in voices
    assert seconds(saved(spoken)) == pytest.approx(0.4, abs=0.1)
    assert "Voice ID generated: ttv-voice-" in designed
    asked = [request["path"] for request in cloud.seen() if request["path"].startswith("/v1/")]
    assert asked == [
        "/v1/t2a_v2",
        "/v1/files/upload",
        "/v1/voice_clone",
        "/v1/get_voice",
        "/v1/t2a_v2",
        "/v1/voice_design",
    ]
    assert {request["status"] for request in cloud.seen()} == {200}


def test_a_video_waited_for_and_one_asked_for_later(call) -> None:
    waited, submitted = call(
        [
            ["generate_video", {"prompt": "A cat on a sofa"}],
            ["generate_video", {"model": "T2V-01", "prompt": "A dog", "async_mode": True}],
        ]
    )
    assert seconds(saved(waited)) == pytest.approx(6, abs=0.2)
    task = re.search(r"Task ID: (\d+)", submitted)
    assert task, submitted
    (asked,) = call([["query_video_generation", {"task_id": task[1]}]])
    assert seconds(saved(asked)) == pytest.approx(6, abs=0.2)


def test_links_instead_of_files(call) -> None:
    speech, video = call(
        [["text_to_audio", {"text": "one two"}], ["generate_video", {"prompt": "A cat"}]],
        MINIMAX_API_RESOURCE_MODE="url",
    )
    for text, length_s in ((speech, 0.4), (video, 6.0)):
        url = re.search(r"URL: (http\S+)", text)
        assert url, text
        assert seconds(httpx.get(url[1]).content) == pytest.approx(length_s, abs=0.2)


def test_a_failed_task_is_told(call, cloud) -> None:
    cloud.script("/v1/video_generation", end="Fail", base_resp=1027)
    (text,) = call([["generate_video", {"prompt": "A cat"}]])
    assert "1027-output new_sensitive" in text


@pytest.mark.parametrize(
    ("key", "says"),
    [("sk-api-fake-mainland", "2049-invalid api key"), ("", "required")],
    ids=["other-region", "none"],
)
def test_a_wrong_key_is_understood(call, key, says) -> None:
    if not key:
        with pytest.raises(AssertionError, match=says):
            call([["list_voices", {}]], MINIMAX_API_KEY=key)
        return
    (text,) = call([["list_voices", {}]], MINIMAX_API_KEY=key)
    assert says in text
    assert re.search(r"Trace-Id: [0-9a-f]{32}", text)
