"""What the pods are told is what the parts read: each loads the settings of each overlay with its own class."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from tests.k8s.manifests import ROOT, of, pods, settings

from gateway.environment import SEED_NAMES, SERVICE_PREFIXES, rung_field
from gateway.settings import known_names
from troupe.wire.errors import InvalidArgument

PARTS = {"gateway": "gateway", "svc-text": "svc_text", "svc-tts": "svc_tts", "svc-video": "svc_video"}
LOAD = """
import json, os, sys
from {module}.settings import Settings
kept, loaded = dict(os.environ), []
for told in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(kept | told)
    settings = Settings.load(os.environ) if "{module}" == "gateway" else Settings.load()
    loaded.append(settings.model_dump(mode="json"))
print(json.dumps(loaded))
"""
OF_LIBRARIES = {"HF_HOME", "HF_HUB_OFFLINE", "HF_MODULES_CACHE", "VLLM_CACHE_ROOT"}
PORTS = {
    "gateway": ("port", "grpc_port"),
    "svc-text": ("grpc_port", "metrics_port"),
    "svc-tts": ("grpc_port", "http_port", "metrics_port"),
    "svc-video": ("grpc_port", "metrics_port"),
}
SPARK_GIB = 119  # of its 128 GB, what the system leaves
OURS = ("TROUPE_", "PROVIDER_")


def load(part: str, *overlays: dict[str, str]) -> list[dict]:
    """What that part makes of these settings, in a process of its own; raises `InvalidArgument` with its words."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(module=PARTS[part])],
        input=json.dumps(overlays),
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd="/",
    )
    if done.returncode:
        raise InvalidArgument(done.stderr)
    return json.loads(done.stdout)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_takes_the_settings_of_each_overlay(rows, part):
    told = {json.dumps(settings(manifests), sort_keys=True): settings(manifests) for manifests in rows.values()}
    assert len(load(part, *told.values())) == len(told)


def test_a_slip_in_a_setting_is_found(rows):
    with pytest.raises(InvalidArgument, match="TROUPE_TEXT_VLLM_CONTEXT"):
        load("svc-text", settings(rows["a100"]) | {"TROUPE_TEXT_VLLM_CONTXT": "1"})


def test_every_name_is_read_by_somebody(rows):
    for manifests in rows.values():
        for name in settings(manifests):
            known = name in known_names() | SEED_NAMES | OF_LIBRARIES | {"COQUI_TOS_AGREED"}
            assert known or name.startswith(SERVICE_PREFIXES) or rung_field(name), name


def test_ports_are_those_of_the_settings(rows):
    """No overlay moves a port: what the manifests say is what the parts listen on."""
    told = settings(rows["cpu"])
    listened = {}
    for part, keys in PORTS.items():
        (loaded,) = load(part, told)
        listened[part] = {loaded[key] for key in keys}
    for pod in pods(of(rows["cpu"], "Deployment")):
        ports = {port["containerPort"] for port in pod.containers[0]["ports"]}
        assert ports == listened[pod.labels["app.kubernetes.io/name"]]


def test_folders_that_are_named_are_mounted(rows):
    for row, manifests in rows.items():
        told = settings(manifests)
        folders = {told[key] for key in ("VOICES_URL", "PORTRAITS_URL", "TROUPE_STATE_DIR", "TROUPE_TEXT_MODELS_DIR")}
        mounted = {mount["mountPath"] for pod in pods(manifests) for mount in pod.containers[0]["volumeMounts"]}
        assert all(any(folder.startswith(place) for place in mounted) for folder in folders), row


def test_there_is_time_to_drain(rows):
    for row, manifests in rows.items():
        told = settings(manifests)
        drains = {
            "gateway": float(told["TROUPE_LAME_DUCK_S"]) + float(told["TROUPE_DRAIN_S"]),
            "svc-text": float(told["TROUPE_TEXT_DRAIN_S"]),
            "svc-tts": float(told["TROUPE_SPEECH_DRAIN_S"]),
            "svc-video": float(told["TROUPE_VIDEO_DRAIN_S"]),
        }
        for pod in pods(of(manifests, "Deployment", "LeaderWorkerSet")):
            part = pod.labels["app.kubernetes.io/name"]
            before = pod.containers[0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            called = part != "gateway" and not pod.owner.endswith("workerTemplate")  # the gateway has its lame duck
            assert bool(before) == called, (row, pod.owner)
            needed = before + drains[part]
            assert pod.spec["terminationGracePeriodSeconds"] > needed, (row, pod.owner)


def test_the_gateway_answers_until_nobody_sends_it_anything():
    """Kubernetes sees /ready within a period; the lame duck lives longer than that and the way to the proxies."""
    text = (ROOT / "deploy/k8s/base/gateway.yaml").read_text()
    probe = text[text.index("readinessProbe") : text.index("livenessProbe")]
    period, failures = (int(re.search(rf"{name}: (\d+)", probe)[1]) for name in ("periodSeconds", "failureThreshold"))
    duck = float(re.search(r"TROUPE_LAME_DUCK_S=(\d+)", (ROOT / "deploy/k8s/base/settings.env").read_text())[1])
    assert duck >= 2 * period * failures


@pytest.mark.parametrize("overlay", ["a100", "a100x2", "dgx-spark", "dgx-spark-pair", "cluster"])
def test_vllm_is_set_as_the_table_of_models_and_hardware_says(rows, overlay):
    """The same model and devices as a row of svc-text's README, never more context or memory than it."""
    told = settings(rows[overlay])
    row = next(row for row in _profiles() if _same(row, told))
    assert int(told["TROUPE_TEXT_VLLM_CONTEXT"]) <= int(row["TROUPE_TEXT_VLLM_CONTEXT"])
    assert float(told["TROUPE_TEXT_VLLM_MEMORY_SHARE"]) <= float(row["TROUPE_TEXT_VLLM_MEMORY_SHARE"])
    if overlay != "cluster":  # there each service has a card of its own
        assert float(told["TROUPE_TEXT_VLLM_MEMORY_SHARE"]) <= 0.8, "XTTS and SadTalker want room on the same card"


def test_what_is_fetched_for_vllm_is_what_it_serves(rows):
    """The same name and folder, the switch for offline turned; Meta's second copy of the weights stays where it is."""
    for row, manifests in rows.items():
        fetch = next(pod for pod in pods(manifests) if pod.labels["app.kubernetes.io/name"] == "fetch-text")
        command, told = fetch.containers[0]["command"], settings(manifests)
        if row.startswith("cpu"):
            assert command[:3] == ["python", "-m", "svc_text"]
            continue
        assert command == ["hf", "download", "$(PROVIDER_VLLM_MODEL)", "--exclude", "original/*"], row
        assert {"name": "HF_HUB_OFFLINE", "value": "0"} in fetch.containers[0]["env"], row
        assert told["HF_HUB_OFFLINE"] == "1", row
        assert told["HF_HOME"].startswith("/app/models/"), row


def test_a_model_fits_into_the_pods_memory_where_it_is_the_cards_too(rows):
    """On a Spark what vLLM takes may count as the pod's; its doctor takes as much."""
    for row, manifests in rows.items():
        if row.startswith("dgx-spark"):
            share = float(settings(manifests)["TROUPE_TEXT_VLLM_MEMORY_SHARE"])
            for pod in pods(manifests):
                if pod.labels["app.kubernetes.io/name"] in {"svc-text", "doctor-svc-text"}:
                    limit = pod.containers[0]["resources"]["limits"]["memory"]
                    assert int(limit.removesuffix("Gi")) > share * SPARK_GIB, (row, pod.owner)


def test_tensor_parallel_has_as_many_cards(rows):
    for row, manifests in rows.items():
        if "spanning" in row or "mig" in row:
            continue  # one card of each machine; parts of a card have other names
        wanted = int(settings(manifests).get("TROUPE_TEXT_VLLM_TENSOR_PARALLEL", 1))
        for pod in pods(manifests):
            if pod.labels["app.kubernetes.io/name"] in {"svc-text", "doctor-svc-text"}:
                cards = pod.containers[0]["resources"]["limits"].get("nvidia.com/gpu", 0)
                assert cards == (0 if row.startswith("cpu") else wanted), (row, pod.owner)


def _profiles() -> list[dict[str, str]]:
    text = (ROOT / "svc-text/README.md").read_text().split("<!-- profiles -->")[1]
    cells = re.findall(r"`(PROVIDER_VLLM_MODEL=[^`]+)`", text)
    return [dict(re.findall(r'(\w+)=("[^"]*"|\S+)', cell)) for cell in cells]


def _same(row: dict[str, str], told: dict[str, str]) -> bool:
    same = ("PROVIDER_VLLM_MODEL", "TROUPE_TEXT_VLLM_TENSOR_PARALLEL")
    return all(row.get(name) == told.get(name) for name in same) and "TROUPE_TEXT_VLLM_CONTEXT" in row
