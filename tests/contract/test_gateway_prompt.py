"""POST /api/avatar with a prompt, over real sockets: what a model writes is spoken and shown while it is written."""

from __future__ import annotations

import io
import json
import secrets
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import av
import httpx
import pytest

PROMPT = "# Welcome\n\nThis is **Acme**. We make anvils, and more. Come and see us."
SPOKEN = "Welcome.\nThis is Acme. We make anvils, and more. Come and see us."


@pytest.fixture(scope="module")
def services(start_service_once):
    return (
        start_service_once("svc_text", TROUPE_TEXT_ENGINES="echo"),
        start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone"),
        start_service_once("svc_video", TROUPE_VIDEO_ENGINES="still"),
    )


@pytest.fixture(scope="module")
def gateway(start_service_once, services):
    text, speech, video = services
    named = {"TEXT": "echo", "TTS": "tone", "VIDEO": "still"}
    return start_service_once(
        "gateway",
        **{f"PROVIDER_{modality}": engine for modality, engine in named.items()},
        **{f"PROVIDER_{modality}_FALLBACK": "" for modality in named},
        TROUPE_TEXT_TARGET=text.grpc,
        TROUPE_SPEECH_TARGET=speech.grpc,
        TROUPE_VIDEO_TARGET=video.grpc,
        TROUPE_MISSED_TICKS="20",
    )


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=60) as client:
        yield client


def events_of(client: httpx.Client, scene_id: str) -> list[tuple[str, dict]]:
    events = []
    for block in client.get(f"/api/scenes/{scene_id}/events").text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields["event"], json.loads(fields["data"])))
    return events


def seconds_of_sound(film: bytes) -> float:
    with av.open(io.BytesIO(film)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return samples / container.streams.audio[0].rate


def test_what_a_model_writes_is_spoken(client) -> None:
    reply = client.post("/api/avatar", json={"prompt": PROMPT, "voice_id": "en-US-GuyNeural"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "text=echo;tts=tone;video=still"
    assert seconds_of_sound(reply.content) > 2.0
    events = events_of(client, reply.headers["x-troupe-scene"])
    script = "".join(data["text"] for kind, data in events if kind == "text")
    assert script == SPOKEN
    words = [word for kind, data in events if kind == "words" for word in data["words"]]
    assert [word["word"].strip(".,") for word in words] == [word.strip(".,") for word in SPOKEN.split()]
    assert all(script[word["text_start"] : word["text_end"]] == word["word"] for word in words)
    stages = [data["stage"] for kind, data in events if kind == "stage"]
    assert stages.index("first_token") < stages.index("first_audio") < stages.index("first_bytes")
    assert "text_done" in stages
    assert {data["modality"] for kind, data in events if kind == "provider"} == {"text", "tts", "video"}
    assert events[-1][1]["ok"] is True


def test_a_form_may_hold_a_prompt_and_captions_are_burned_in(client) -> None:
    fields = {"prompt": PROMPT, "captions": "true", "max_tokens": "30"}
    reply = client.post("/api/avatar", files={name: (None, value) for name, value in fields.items()})
    assert reply.status_code == 200, reply.text
    assert "captions" not in reply.headers.get("x-troupe-notes", "")


def test_the_film_begins_while_the_text_is_written(client) -> None:
    body = {"prompt": "One two three four five. " * 20, "echo": {"delay_ms_per_token": 40}}
    with client.stream("POST", "/api/avatar", json=body) as reply:
        scene = reply.headers["x-troupe-scene"]
        assert next(reply.iter_raw())
        kinds: list[str] = []
        with client.stream("GET", f"/api/scenes/{scene}/events") as told:
            for line in told.iter_lines():
                kinds.append(line.removeprefix("data: "))
                if "first_fragment" in line:
                    break
        assert not any("text_done" in each for each in kinds)


def test_max_tokens_bounds_a_prompt(client) -> None:
    reply = client.post("/api/avatar", json={"prompt": "One two three. " * 300, "max_tokens": 7})
    events = events_of(client, reply.headers["x-troupe-scene"])
    assert "".join(data["text"] for kind, data in events if kind == "text") == "One two three. One two three. "


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"text": "a", "prompt": "b"}, "this request has text and prompt"),
        ({"text": "a", "system": "s"}, "goes with `prompt` only"),
        ({"max_tokens": 5}, "goes with `prompt` only"),
        ({"prompt": "x" * 60_000}, "50,000"),
        ({"prompt": "x", "text_provider": "tone"}, "tone"),
        ({"prompt": "🎉"}, "wrote nothing that can be spoken"),
        ({"prompt": "x", "propmt": "y"}, "prompt"),
    ],
)
def test_what_cannot_be_done_is_said(client, body, said) -> None:
    reply = client.post("/api/avatar", json=body)
    assert reply.status_code in {400, 404, 413, 422, 502, 503}, reply.text
    assert said in reply.json()["error"]["message"]


def test_a_client_that_leaves_stops_the_model(client, services) -> None:
    body = {"prompt": "x", "max_tokens": 30_000, "echo": {"count_to": 20_000, "delay_ms_per_token": 20}}
    with client.stream("POST", "/api/avatar", json=body) as reply:
        film = reply.iter_raw()
        assert next(film)
        assert outstanding(services[0]) == 1
    left = time.monotonic()
    while outstanding(services[0]):
        assert time.monotonic() - left < 0.2 * 5
        time.sleep(0.01)


def test_a_reader_that_stops_holds_back_the_script(client) -> None:
    body = {"prompt": "x", "max_tokens": 32_000, "echo": {"count_to": 32_000}}
    narrow = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    with (
        httpx.Client(transport=narrow, base_url=client.base_url, timeout=60) as slow,
        slow.stream("POST", "/api/avatar", json=body) as reply,
    ):
        film = reply.iter_raw()
        assert next(film)
        assert chars_told(client, reply.headers["x-troupe-scene"]) < 20_000  # of 180,000 that the model can write


def chars_told(client: httpx.Client, scene: str) -> int:
    """How much of the script is written by the time that nothing new comes for a while."""
    chars = 0
    try:
        with client.stream("GET", f"/api/scenes/{scene}/events", timeout=2.5) as told:
            for line in told.iter_lines():
                if line.startswith('data: {"text":'):
                    chars += len(json.loads(line.removeprefix("data: "))["text"])
    except httpx.ReadTimeout:
        pass
    return chars


def test_a_scene_that_is_cancelled_stops_the_model(client, services) -> None:
    body = {"prompt": "x", "max_tokens": 30_000, "echo": {"count_to": 20_000, "delay_ms_per_token": 20}}
    with client.stream("POST", "/api/avatar", json=body) as reply:
        film = reply.iter_raw()
        assert next(film)
        scene = reply.headers["x-troupe-scene"]
        client.delete(f"/api/scenes/{scene}")
        with pytest.raises(httpx.RemoteProtocolError):
            list(film)
    assert [data["code"] for kind, data in events_of(client, scene) if kind == "error"] == ["cancelled"]
    cancelled = time.monotonic()
    while outstanding(services[0]):
        assert time.monotonic() - cancelled < 0.2 * 5
        time.sleep(0.01)


def test_a_scene_with_a_chosen_id_is_followed_and_cancelled_before_the_answer_begins(client, services) -> None:
    scene = f"scn_{secrets.token_hex(12)}"
    body = {"prompt": "x", "echo": {"count_to": 9, "delay_ms_per_token": 30_000}}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.post, "/api/avatar", json=body, headers={"X-Troupe-Scene": scene})
        while not outstanding(services[0]):
            time.sleep(0.01)
        assert client.delete(f"/api/scenes/{scene}").status_code == 200
        cancelled = time.monotonic()
        reply = asked.result(10)
    assert time.monotonic() - cancelled < 0.2 * 5
    assert reply.json()["error"]["code"] == "cancelled"
    assert [kind for kind, _ in events_of(client, scene)] == ["scene", "error", "end"]
    assert outstanding(services[0]) == 0


def outstanding(service, method: str = "Chat") -> int:
    """Calls that the service is answering."""
    told = httpx.get(f"http://{service.addresses['metrics']}/metrics").text.splitlines()
    counts = [line for line in told if line.startswith("troupe_rpc_outstanding{") and f'"{method}"' in line]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in counts)


def test_eight_prompts_at_once(client) -> None:
    def ask(number: int) -> str:
        reply = client.post("/api/avatar", json={"prompt": f"This is film number {number}. It is short."})
        return "".join(
            data["text"] for kind, data in events_of(client, reply.headers["x-troupe-scene"]) if kind == "text"
        )

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(ask, range(8)))
    assert told == [f"This is film number {number}. It is short." for number in range(8)]


@pytest.fixture
def stage(start_service, services):
    """`stage("svc_text")`: two replicas of that service of its own, the shared ones of the others, and a gateway."""
    engines = {"svc_text": "TROUPE_TEXT=echo", "svc_tts": "TROUPE_SPEECH=tone", "svc_video": "TROUPE_VIDEO=still"}

    def start(doubled: str):
        env, replicas = {}, []
        for module, shared in zip(engines, services, strict=True):
            prefix, engine = engines[module].split("=")
            own = [start_service(module, **{f"{prefix}_ENGINES": engine}) for _ in range(2 * (module == doubled))]
            replicas += own
            env[f"{prefix}_TARGET"] = ",".join(replica.grpc for replica in own or [shared])
        for modality, engine in (("TEXT", "echo"), ("TTS", "tone"), ("VIDEO", "still")):
            env |= {f"PROVIDER_{modality}": engine, f"PROVIDER_{modality}_FALLBACK": ""}
        gateway = start_service("gateway", **env, TROUPE_MISSED_TICKS="20")
        return f"http://{gateway.addresses['http']}", replicas

    return start


MODALITIES = {"svc_text": "text", "svc_tts": "tts"}
SLOW = {"prompt": "x", "echo": {"count_to": 100, "delay_ms_per_token": 20}}


@pytest.mark.parametrize(("module", "method"), [("svc_text", "Chat"), ("svc_tts", "Synthesize")])
def test_what_breaks_in_the_middle_of_a_film_goes_on(stage, module, method) -> None:
    url, replicas = stage(module)
    with httpx.Client(base_url=url, timeout=60) as client:
        with client.stream("POST", "/api/avatar", json=SLOW) as reply:
            body = reply.iter_raw()
            film = next(body)
            kill([replica for replica in replicas if outstanding(replica, method)])
            film += b"".join(body)
        events = events_of(client, reply.headers["x-troupe-scene"])
    assert "".join(data["text"] for kind, data in events if kind == "text") == " ".join(map(str, range(1, 101)))
    words = [word["word"] for kind, data in events if kind == "words" for word in data["words"]]
    assert words == [str(number) for number in range(1, 101)]
    assert [data["modality"] for kind, data in events if kind == "resumed"] == [MODALITIES[module]]
    assert events[-1][1]["ok"] is True
    assert seconds_of_sound(film) > 10


def test_a_text_that_nobody_can_go_on_with_ends_the_film_with_its_error(stage) -> None:
    url, texts = stage("svc_text")
    with httpx.Client(base_url=url, timeout=60) as client:
        with client.stream("POST", "/api/avatar", json=SLOW) as reply:
            body = reply.iter_raw()
            assert next(body)
            kill(texts)
            with pytest.raises(httpx.RemoteProtocolError):
                list(body)
        events = events_of(client, reply.headers["x-troupe-scene"])
    assert [data["code"] for kind, data in events if kind == "error"] == ["stream_broken"]
    assert events[-1] == ("end", {"ok": False, "stages": events[-1][1]["stages"]})


def kill(replicas) -> None:
    assert replicas
    for replica in replicas:
        replica.signal(signal.SIGKILL)
        replica.popen.wait(5)
