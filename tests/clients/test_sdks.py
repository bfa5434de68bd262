"""The SDKs of OpenAI and Anthropic against the fake's two surfaces."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

CALLS = Path(__file__).with_name("sdk_calls.py")
COUNTED = " ".join(str(number) for number in range(1, 13))


def test_the_sdks_understand_the_fake(clients, cloud, tmp_path) -> None:
    done = subprocess.run(
        [clients / "python/bin/python", CALLS, cloud.url, "sk-api-fake-global"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    models = told["openai"].pop("models")
    assert "MiniMax-M2" in models
    assert told["openai"] == {
        "whole": COUNTED,
        "thought": "I was told 11 characters.",
        "stream": COUNTED,
        "ids": 1,
        "usage": 17,
        "tool": '{"word": "troupe"}',
        "wrong_model": "BadRequestError",
        "wrong_key": "AuthenticationError",
    }
    assert told["anthropic"] == {
        "whole": COUNTED,
        "stream": ["thinking", "text", COUNTED],
        "tool": {"word": "troupe"},
        "tokens": 3,
        "models": len(models),
        "wrong_key": "AuthenticationError",
    }
