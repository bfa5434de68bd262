"""vLLM's own OpenAI server on a model of the tests, as one would start it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.vllm.conftest import ARGUMENTS, QUIET, READY_S

HOST = "127.0.0.1"
NAME = "tiny"
STOP_S = 30.0
TOOLS = ("--enable-auto-tool-choice", "--tool-call-parser=hermes", "--reasoning-parser=qwen3")


@contextlib.contextmanager
def serving(model: Path, folder: Path) -> Iterator[str]:
    """Its base URL, once it answers; its log is in that folder."""
    with socket.create_server((HOST, 0)) as held:
        port = held.getsockname()[1]
    told = (f"--model={model}", f"--served-model-name={NAME}", f"--host={HOST}", f"--port={port}", *ARGUMENTS, *TOOLS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VLLM_")}
    path = folder / "server.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *told],
            cwd=folder,
            env=kept | QUIET | {"VLLM_NO_USAGE_STATS": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"http://{HOST}:{port}/health", process, path)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(STOP_S)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    pytest.fail(f"vLLM's own server is not there:\n{log.read_text()[-8000:]}")
