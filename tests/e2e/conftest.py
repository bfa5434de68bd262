"""The whole mesh as real processes with the engines users get, shared by the tests of a module."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

READY_S = 60.0


@dataclass
class Mesh:
    """The four processes and where the gateway is."""

    text: Any
    speech: Any
    video: Any
    gateway: Any

    @property
    def url(self) -> str:
        return f"http://{self.gateway.addresses['http']}"


def start_mesh(start: Callable[..., Any], **env: str) -> Mesh:
    text, speech, video = (start(module, **env) for module in ("svc_text", "svc_tts", "svc_video"))
    targets = {
        "TROUPE_TEXT_TARGET": text.grpc,
        "TROUPE_SPEECH_TARGET": speech.grpc,
        "TROUPE_VIDEO_TARGET": video.grpc,
    }
    mesh = Mesh(text, speech, video, start("gateway", **targets, **env))
    wait_ready(mesh.url)
    return mesh


def wait_ready(url: str) -> None:
    deadline = time.monotonic() + READY_S
    states: list[str] = []
    while time.monotonic() < deadline:
        chains = httpx.get(f"{url}/providers", timeout=5).json()
        states = [provider["state"] for name in ("tts", "video") for provider in chains[name]["chain"]]
        if chains["tts"]["serving"] and chains["video"]["serving"] and not {"loading", "unknown"} & set(states):
            return
        time.sleep(0.05)
    pytest.fail(f"the mesh is not ready after {READY_S:.0f} s: {states}")


@pytest.fixture(scope="module")
def mesh(start_service_once) -> Mesh:
    return start_mesh(start_service_once)


@pytest.fixture
def own_mesh(start_service) -> Callable[..., Mesh]:
    """A mesh that one test may break."""
    return lambda **env: start_mesh(start_service, **env)


@pytest.fixture
def client(mesh: Mesh) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=mesh.url, timeout=60) as client:
        yield client
