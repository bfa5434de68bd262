"""From `make model` to a speaking head, and what there is without a model: real processes, and no way out.

Where the system allows it the tests run in a network of their own (tools/private-network.sh); everywhere the mesh is
looked at while it works: none of its processes talks to anything but loopback.
"""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import pytest
from tests.e2e.test_avatar import decode, events
from tests.fakes.gguf import write
from tests.fakes.hub import FakeHub, running
from tests.fakes.website import website

ROOT = Path(__file__).parents[2]
MODEL = "maker/tiny-GGUF/tiny.gguf"
PATIENCE_S = 60.0
PROMPT = {"prompt": "Tell me about the harbour.", "max_tokens": 40}
SITE = {
    "/": """<html lang="en"><head><title>Fern and Oak</title></head><body><main><h1>Fern and Oak</h1>
<p>Fern and Oak repairs old wooden chairs for families and schools. The workshop opened in 1984 in Harbour Street.
Every chair is taken apart, cleaned and glued by hand. A repaired chair comes with a promise of ten years.</p>
<p><a href="/about">About us</a></p></main></body></html>""",
    "/about": """<html lang="en"><head><title>About us</title></head><body><main><h1>About us</h1>
<p>Our four joiners learnt their trade in the shipyards of the town. They teach a course on gluing every spring.
Customers bring their chairs on Mondays, and collect them two weeks later.</p></main></body></html>""",
}


@pytest.fixture(scope="module")
def voice_and_face(start_service_once) -> tuple[Any, Any]:
    return start_service_once("svc_tts"), start_service_once("svc_video")


@pytest.fixture(scope="module")
def start_house(start_service_once, voice_and_face) -> Callable[[Path], SimpleNamespace]:
    """A whole mesh with the models of that folder; its gateway may read pages of this machine, and only those."""

    def start(models: Path) -> SimpleNamespace:
        text = start_service_once("svc_text", TROUPE_TEXT_MODELS_DIR=str(models), TROUPE_TEXT_LLAMACPP_CONTEXT="1024")
        speech, video = voice_and_face
        targets = {
            "TROUPE_TEXT_TARGET": text.grpc,
            "TROUPE_SPEECH_TARGET": speech.grpc,
            "TROUPE_VIDEO_TARGET": video.grpc,
        }
        ports = {"TROUPE_PORT": "0", "TROUPE_GRPC_PORT": "0", "TROUPE_MISSED_TICKS": "20"}
        gateway = start_service_once("gateway_here", PYTHONPATH=str(ROOT / "tests/fakes"), **ports, **targets)
        house = SimpleNamespace(processes=(text, speech, video, gateway), url=f"http://{gateway.addresses['http']}")
        settled(house.url)
        return house

    return start


def settled(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        chains = httpx.get(f"{url}/providers", timeout=5).json()
        told = [rung["state"] for name in ("text", "tts", "video") for rung in chains[name]["chain"]]
        if all(chains[name]["serving"] for name in ("text", "tts", "video")) and not {"loading", "unknown"} & set(told):
            return
        time.sleep(0.05)
    pytest.fail(f"the mesh is not ready after {PATIENCE_S:.0f} s: {told}")


def asking(house: SimpleNamespace) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=house.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with running() as hub:
        yield hub


@pytest.fixture(scope="module")
def models(hub: FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after `make model NAME=…`, which is this command."""
    made = write(tmp_path_factory.mktemp("hub") / "tiny.gguf")
    hub.put(*MODEL.rsplit("/", 1), made.read_bytes())
    folder = tmp_path_factory.mktemp("home") / "models"
    ours = ("TROUPE_", "PROVIDER_", "HF_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-m", "svc_text", "model", MODEL],
        cwd=folder.parent,
        env=env | {"HF_ENDPOINT": hub.url, "TROUPE_TEXT_MODELS_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Ready: {folder / 'tiny.gguf'}" in done.stdout
    return folder


@pytest.fixture(scope="module")
def with_model(start_house, models: Path) -> SimpleNamespace:
    return start_house(models)


@pytest.fixture(scope="module")
def without_model(start_house, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return start_house(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def client(with_model: SimpleNamespace) -> Iterator[httpx.Client]:
    yield from asking(with_model)


@pytest.fixture
def bare(without_model: SimpleNamespace) -> Iterator[httpx.Client]:
    yield from asking(without_model)


def llamacpp(client: httpx.Client) -> dict[str, Any]:
    chain = client.get("/providers").json()["text"]["chain"]
    return next(rung for rung in chain if rung["name"] == "llamacpp")


def abroad(house: SimpleNamespace) -> list[str]:
    """Whom the processes of the mesh and their children talk to, besides this machine."""
    parents = [psutil.Process(process.popen.pid) for process in house.processes]
    family = [each for parent in parents for each in (parent, *parent.children(recursive=True))]
    return [ip for each in family for ip in peers(each) if not loopback(ip)]


def peers(process: psutil.Process) -> set[str]:
    """Whom it talks to; nobody where it has ended meanwhile: some children live for one sentence."""
    try:
        return {wire.raddr.ip for wire in process.net_connections("inet") if wire.raddr}
    except psutil.NoSuchProcess:
        return set()


def loopback(ip: str) -> bool:
    """Also as IPv6 writes an address of IPv4."""
    return ipaddress.ip_address(ip.removeprefix("::ffff:")).is_loopback


def plain(html: str) -> str:
    """On one line."""
    return " ".join(html.split())


def test_what_was_fetched_is_ready_with_its_licence(client: httpx.Client) -> None:
    rung = llamacpp(client)
    assert (rung["state"], rung["model"], rung["remedy"]) == ("ready", "tiny", "")
    assert rung["licence"] == {"name": "apache-2.0", "commercial_use": True, "note": "As the file says."}
    assert client.get("/health").json()["ready"]["text"] == "llamacpp"


def test_a_prompt_is_answered_whole(client: httpx.Client) -> None:
    reply = client.post("/api/text", json=PROMPT)
    told = reply.json()
    assert reply.status_code == 200, told
    assert (told["provider"], told["model"]) == ("llamacpp", "tiny")
    assert told["text"].strip()
    assert told["usage"]["completion_tokens"] > 0


def test_and_while_it_is_written(client: httpx.Client) -> None:
    whole = client.post("/api/text", json=PROMPT | {"seed": 7}).json()["text"]
    pieces, kinds = [], []
    with client.stream("POST", "/api/text", json=PROMPT | {"seed": 7, "stream": True}) as reply:
        for line in reply.iter_lines():
            if line.startswith("event: "):
                kinds.append(line.removeprefix("event: "))
            elif line.startswith("data: ") and kinds[-1] == "delta":
                pieces.append(json.loads(line.removeprefix("data: "))["text"])
    assert kinds[-1] == "end"
    assert len(pieces) > 1
    assert "".join(pieces) == whole


def test_a_prompt_becomes_a_speaking_head(client: httpx.Client, with_model: SimpleNamespace) -> None:
    with client.stream("POST", "/api/avatar", json=PROMPT | {"language": "en-US"}) as reply:
        assert reply.status_code == 200, reply.read()
        pieces = reply.iter_raw()
        film = [next(pieces)]
        assert abroad(with_model) == []
        film += pieces
    assert reply.headers["x-troupe-provider"].startswith("text=llamacpp;tts=")
    frames, sound = decode(b"".join(film))
    assert frames / 25 == pytest.approx(sound, abs=0.25)
    assert sound > 1
    told = events(client, reply.headers["x-troupe-scene"])
    script = "".join(data["text"] for kind, data in told if kind == "text")
    assert [kind for kind, data in told if kind == "words" and data["words"]]
    assert script.strip()
    assert told[-1] == ("end", told[-1][1] | {"ok": True})


def test_the_network_is_a_private_one() -> None:
    if set(psutil.net_if_addrs()) != {"lo"}:
        pytest.skip("these tests were not started by tools/private-network.sh, or the system allows no such network")
    with pytest.raises(httpx.ConnectError):
        httpx.get("https://huggingface.co", timeout=5)


def test_without_a_model_the_way_to_one_is_told(bare: httpx.Client) -> None:
    rung = llamacpp(bare)
    assert (rung["state"], rung["remedy"].partition(" NAME=")[0]) == ("missing", "make model")
    assert "There is no model in" in rung["reason"]
    assert bare.get("/health").json()["ready"]["text"] == "extractive"


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_is_refused_in_plain_words(bare: httpx.Client, stream: bool) -> None:
    reply = bare.post("/api/text", json=PROMPT | {"stream": stream})
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (422, "no_rung_can_serve")
    assert "There is no model in" in error["details"]["llamacpp"]
    assert "make model" in error["details"]["llamacpp"]
    assert "a prompt needs a language model" in error["details"]["extractive"]


def test_a_film_of_a_prompt_too(bare: httpx.Client) -> None:
    reply = bare.post("/api/avatar", json=PROMPT)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "no_rung_can_serve")
    assert "make model" in reply.json()["error"]["message"]


def test_a_company_is_understood_and_presented_without_a_model(
    bare: httpx.Client, without_model: SimpleNamespace
) -> None:
    with website(SITE) as site:
        found = bare.post("/api/research", json={"url": site.url, "script": True}).json()
        film = bare.post("/api/avatar", json={"url": site.url})
    assert (found["engine"], found["name"]) == ("extractive", "Fern and Oak")
    assert found["facts"]
    assert all(fact["sentence"] in plain(SITE["/"] + SITE["/about"]) for fact in found["facts"])
    assert "chair" in found["script"]
    assert film.status_code == 200, film.text
    assert film.headers["x-troupe-provider"].startswith("text=extractive;tts=")
    assert decode(film.content)[1] > 10
    assert abroad(without_model) == []
