"""The overlay cpu really runs: the images of this tree, its manifests, podman; each probe is asked as by kubelet."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.k8s.manifests import K8S, ROOT, build, of, pods
from tests.k8s.podman_here import Podman

from gateway.cli.client import GatewayClient
from gateway.guard.keys import create_key

IMAGES = ("gateway", "svc-text-llamacpp", "svc-tts", "svc-video")
PLAYED = ("ConfigMap", "PersistentVolumeClaim", "Deployment")
PARTS = ("gateway", "svc-text", "svc-tts", "svc-video")
SAID = "Kubernetes was asked to run this, and podman did."
READY_S = 120.0
LOOK = """
import json, os
def writes(path):
    try:
        open(path, "w").close()
    except OSError:
        return False
    return True
status = open("/proc/self/status").read()
print(json.dumps([os.getuid(), os.getgid(), status, *map(writes, ("/x", "/app/x", "/tmp/x"))]))
"""
SERVING = health_pb2.HealthCheckResponse.SERVING
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The images, as tools/images.sh built them (`make test-k8s` calls it)."""
    script = ROOT / "tools" / "images.sh"
    if not script.is_file():
        pytest.skip("there is no tools/images.sh: nothing builds the images that the pods run")
    folder = tmp_path_factory.mktemp("images")
    files = [folder / f"{image}.tar" for image in IMAGES]
    for image, file in zip(IMAGES, files, strict=True):
        subprocess.run([script, "save", image, file], check=True, timeout=120)
    return files


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory, k8s_folder: Path) -> Iterator[Podman]:
    podman = Podman(tmp_path_factory.mktemp("podman"))
    try:
        yield podman
    finally:
        podman.remove()


@pytest.fixture(scope="module")
def key(podman: Podman) -> str:
    folder = podman.folder / "keys"
    folder.mkdir()
    key = create_key(folder / "keys.json", "test", ())
    (folder / "keys.json").chmod(0o644)  # a Secret belongs to the pod's group; this file is root's
    return key


@pytest.fixture(scope="module")
def mesh(podman: Podman, archives: list[Path], kubectl: Path, key: str) -> Iterator[str]:
    """The pods, played; gives the gateway's URL once everything is ready."""
    for archive in archives:
        podman("load", "--quiet", "--input", archive)
        archive.unlink()
    manifests = podman.folder / "cpu.yaml"
    text = yaml.safe_dump_all(of(build(Path(__file__).parent / "podman", kubectl), *PLAYED))
    manifests.write_text(text.replace("path: /keys", f"path: {podman.folder}/keys"))
    podman.play(manifests)
    try:
        with GatewayClient("http://127.0.0.1:8000", key) as client:
            client.wait_ready(READY_S)
        yield "http://127.0.0.1:8000"
    finally:
        podman("kube", "down", manifests, check=False)


def test_the_demo_request_is_answered(mesh, key, record_property):
    started = time.monotonic()
    with GatewayClient(mesh, key) as client:
        film = client.film({"text": SAID, "language": "en-US"})
    record_property("film_s", round(time.monotonic() - started, 1))
    assert film.data[4:8] == b"ftyp"
    assert len(film.data) > 50_000
    assert "portrait" in film.headers["x-troupe-provider"]


def test_keys_are_asked_for(mesh):
    assert httpx.post(f"{mesh}/api/avatar", data={"text": "x"}, timeout=10).status_code == 401


def test_every_probe_of_the_overlay_says_yes(mesh, kubectl):
    """podman drops gRPC probes, so they are asked here: the very ports and names that the overlay renders."""
    asked = 0
    for pod in pods(of(build(K8S / "overlays" / "cpu", kubectl), "Deployment")):
        container = pod.containers[0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert _ask(container[kind], ports), (pod.owner, kind)
            asked += 1
    assert asked == 3 * len(PARTS)


def test_a_probe_of_an_engine_that_is_not_there_says_no(mesh):
    with pytest.raises(grpc.RpcError):
        _ask({"grpc": {"port": 50051, "service": "troupe.v1.Text/vllm"}}, {})


@pytest.mark.parametrize("part", PARTS)
def test_containers_are_what_the_manifests_say(mesh, podman, part):
    """From inside: who it is, what it may write, what it may do."""
    (container,) = [each for each in podman.running() if f"{part}-pod" in each]
    user, group, status, root, app, tmp = json.loads(podman("exec", container, "python", "-c", LOOK))
    facts = dict(line.split(":", 1) for line in status.splitlines())
    assert (user, group) == (10001, 10001)
    assert (root, app, tmp) == (False, False, True)
    assert int(facts["CapEff"], 16) == 0
    assert int(facts["NoNewPrivs"]) == 1
    assert int(facts["Seccomp"]) == 2  # a filter


def test_doctors_say_what_works(mesh, podman):
    for part, module, engine in (("svc-text", "svc_text", "extractive"), ("svc-tts", "svc_tts", "espeak")):
        (container,) = [each for each in podman.running() if f"{part}-pod" in each]
        rows = json.loads(podman("exec", container, "python", "-m", module, "doctor", "--json").splitlines()[-1])
        assert next(row for row in rows if row["name"] == engine)["state"] == "OK"


def test_it_drains_and_nothing_is_left(mesh, podman):
    """Last in this file: SIGTERM, an orderly end, no process, no mount, no volume."""
    running = podman.running()
    podman("stop", "--time", "60", *running)
    for container in running:
        assert podman("inspect", "--format", "{{.State.ExitCode}}", container).strip() == "0", container
    podman.remove()
    assert str(podman.folder) not in Path("/proc/self/mounts").read_text()
    left = [process.info for process in psutil.process_iter(["pid", "cmdline"]) if _is_of(process, podman.folder)]
    assert left == []
    assert not any((podman.folder / "root").glob("volumes/*"))


def _is_of(process: psutil.Process, folder: Path) -> bool:
    return any(str(folder) in word for word in process.info["cmdline"] or ())


def _ask(probe, ports) -> bool:
    """As kubelet does, with the probe's own timeout."""
    timeout_s = probe.get("timeoutSeconds", 1) * 5  # a busy machine
    if "httpGet" in probe:
        url = f"http://127.0.0.1:{ports[probe['httpGet']['port']]}{probe['httpGet']['path']}"
        return httpx.get(url, timeout=timeout_s).status_code == 200
    with grpc.insecure_channel(f"127.0.0.1:{probe['grpc']['port']}") as channel:
        request = health_pb2.HealthCheckRequest(service=probe["grpc"].get("service", ""))
        return health_pb2_grpc.HealthStub(channel).Check(request, timeout=timeout_s).status == SERVING
