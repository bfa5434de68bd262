"""`docker compose up`, for real: it answers, it is confined, it survives kills under load, and `down` leaves nothing.

The tests stand in the order of a life: the last one takes the mesh down.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import time
from pathlib import Path
from unittest.mock import ANY

import av
import httpx
import psutil
import pytest
from tests.compose.load import GATEWAY, Load
from tests.compose.project import CLOUD_KEY, HUB_TOKEN, Project
from tests.fakes import certificates

SPEECH = "http://127.0.0.1:5050"
INTERNET = ("198.51.100.2", 8080)
"""In the namespace behind the engine's own, where `internet` (tools/images.sh) runs a listener."""
GREETING = "Hello, and welcome. I am a picture that was taught to speak, in a container."
SERVICES = ("svc-text-1", "svc-text-2", "xtts-1", "xtts-2-1", "svc-video-1", "svc-video-2")
ALL = ("gateway-1", *SERVICES)
SETTLE_S = 3.0
REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

pytestmark = pytest.mark.timeout(300)


def film() -> httpx.Response:
    """The request of `make demo`."""
    fields = {"text": (None, GREETING), "language": (None, "en-US")}
    return httpx.post(f"{GATEWAY}/api/avatar", files=fields, timeout=60)


def decoded(data: bytes) -> tuple[int, float]:
    """Pictures, and seconds of sound."""
    with av.open(io.BytesIO(data)) as container:
        pictures = sum(1 for _ in container.decode(video=0))
    with av.open(io.BytesIO(data)) as container:
        return pictures, sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def test_the_demo_request_is_answered(project: Project) -> None:
    reply = film()
    assert reply.status_code == 200
    assert reply.headers["x-troupe-provider"] == "tts=flite;video=portrait"
    pictures, sound_s = decoded(reply.content)
    assert sound_s > 3
    assert pictures == pytest.approx(25 * sound_s, abs=15)


def test_the_seeds_door_of_speech(project: Project) -> None:
    assert httpx.get(f"{SPEECH}/health").json()["status"] == "healthy"
    asked = {"text": "Hello world", "voice_id": "en-US-AriaNeural"}
    reply = httpx.post(f"{SPEECH}/synthesize", json=asked, timeout=30)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "audio/mpeg"
    with av.open(io.BytesIO(reply.content)) as container:
        assert sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0)) > 0.5


def test_every_service_is_there_twice(project: Project) -> None:
    metrics = httpx.get(f"{GATEWAY}/providers").json()
    assert {rung["name"]: rung["state"] for rung in metrics["text"]["chain"]} == {"echo": "ready"}
    assert set(project.containers()) == {*ALL, "prepare-1"}


@pytest.mark.parametrize("name", ALL)
def test_nobody_is_root_and_nothing_is_writable(project: Project, name: str) -> None:
    assert project.inside(name, "id", "-u")[1].strip() == "10001"
    for path in ("/etc/x", "/app/x", "/opt/troupe/x"):
        status, words = project.inside(name, "touch", path)
        assert status != 0
        assert "Read-only file system" in words
    status = dict(
        line.split(":\t", 1) for line in project.inside(name, "cat", "/proc/1/status")[1].splitlines() if ":\t" in line
    )
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_the_seeds_voices_belong_to_the_service(project: Project) -> None:
    assert (project.folder / "voices").stat().st_uid == 10001
    assert project.inside("xtts-1", "touch", "/app/voices/probe")[0] == 0


@pytest.mark.parametrize("name", ALL)
def test_only_two_have_a_way_out(project: Project, name: str) -> None:
    _, words = project.inside(name, "python", "-c", REACH, *map(str, INTERNET))
    if name.startswith(("gateway", "xtts")):
        assert words == ""
    else:
        assert words.strip()


def test_keys_are_files_and_nobody_elses(project: Project) -> None:
    assert CLOUD_KEY not in json.dumps(project.containers())
    assert HUB_TOKEN not in json.dumps(project.containers())
    told = {name: project.inside(name, "cat", "/app/settings/.env")[1] for name in ALL}
    assert CLOUD_KEY in told["gateway-1"]
    assert not [name for name in SERVICES if CLOUD_KEY in told[name] or HUB_TOKEN in told[name]]
    assert "svc-tts:5050" in told["gateway-1"]  # it said localhost


def voiced(text: str) -> int:
    return httpx.post(f"{GATEWAY}/api/voice", json={"text": text}, timeout=30).status_code


def test_the_gateway_reads_a_changed_env_without_a_restart(project: Project) -> None:
    """As docs/OPERATIONS.md says it: `prepare` hands the file on, and a signal from inside is no stop to Docker."""
    env, started = project.folder / ".env", project.containers()["gateway-1"]["State"]["StartedAt"]
    before = env.read_text()
    for told, wanted in ((f"{before}TROUPE_MAX_TEXT_CHARS=20\n", 413), (before, 200)):
        env.write_text(told)
        project.compose("run", "--rm", "prepare")
        assert project.inside("gateway-1", "sh", "-c", "kill -HUP 1") == (0, "")
        deadline = time.monotonic() + 20
        while (status := voiced(GREETING)) != wanted:
            assert time.monotonic() < deadline, status
            time.sleep(0.2)
    assert project.containers()["gateway-1"]["State"]["StartedAt"] == started


def test_health_checks_notice_a_process_that_stands_still(project: Project) -> None:
    status, words = project.inside(
        "xtts-1", "python", "-m", "troupe.wire.probe", "grpc://127.0.0.1:50052/troupe.v1.Speech/flite"
    )
    assert status == 0, words
    assert project.inside("xtts-1", "python", "-m", "troupe.wire.probe", "grpc://127.0.0.1:9/live")[0] == 1


async def under_load(*steps: object) -> Load:
    """Load before, while and after the steps, each of them a call that blocks."""
    load = Load()
    async with load.running():
        await asyncio.sleep(SETTLE_S)
        for step in steps:
            await asyncio.to_thread(step)
        await asyncio.sleep(SETTLE_S)
    return load


async def test_restarting_the_speech_service_fails_nobody(project: Project) -> None:
    load = await under_load(lambda: project.compose("restart", "xtts"), lambda: project.wait_well("xtts-1"))
    assert load.bad() == []
    assert load.good("speech") > 5


@pytest.mark.parametrize("name", SERVICES)
async def test_a_killed_service_comes_back_and_fails_nobody(project: Project, name: str) -> None:
    before = project.containers()[name]["RestartCount"]
    load = await under_load(lambda: project.kill_dead(name), lambda: project.wait_well(name, before + 1))
    assert load.bad() == []
    assert min(load.good(kind) for kind in ("text", "speech", "film")) > 1


async def test_a_killed_gateway_comes_back(project: Project) -> None:
    """It is the only door: what it held is lost, and whoever comes while it is away is turned away by the machine."""
    before = project.containers()["gateway-1"]["RestartCount"]
    load = await under_load(lambda: project.kill_dead("gateway-1"), lambda: project.wait_well("gateway-1", before + 1))
    well = time.monotonic()
    assert load.bad()
    assert not [why for why in load.bad() if "500" in why]
    again = await under_load()
    assert again.bad() == []
    assert again.good("film", since=well) > 0


def probed(project: Project, target: str, *environ: str) -> tuple[int, str]:
    """What the gateway finds there: 0 = well."""
    return project.inside("gateway-1", "env", *environ, "python", "-m", "troupe.wire.probe", f"grpc://{target}")


@pytest.mark.parametrize("target", ["svc-text:50051", "svc-tts:50052", "svc-video:50053"])
def test_without_certificates_the_parts_speak_plainly(project: Project, target: str) -> None:
    assert probed(project, target)[0] == 0


def test_once_there_are_certificates_the_parts_speak_tls(project: Project) -> None:
    certificates.make(project.folder / "var" / "certs")
    project.up("--force-recreate")
    assert film().status_code == 200
    for target in ("svc-text:50051", "svc-tts:50052", "svc-video:50053"):
        assert probed(project, target) == (0, ANY), target
        assert probed(project, target, "TROUPE_ENV_FILE=")[0] == 1, target  # without the certificate
    assert project.inside("svc-text-1", "ls", "/etc/troupe/tls")[1].split() == ["ca.crt", "tls.crt", "tls.key"]


def test_down_leaves_nothing(project: Project, tmp_path: Path) -> None:
    pids = [container["State"]["Pid"] for container in project.containers().values() if container["State"]["Running"]]
    assert len(pids) == len(ALL)
    project.compose("down", "--volumes")
    label = "label=com.docker.compose.project=troupe"
    assert project.docker("ps", "-aq").split() == []
    assert project.docker("volume", "ls", "-q", "--filter", label).split() == []
    assert project.docker("network", "ls", "-q", "--filter", label).split() == []
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    assert not [line for line in links.splitlines() if line.startswith(("br-", "veth"))]
