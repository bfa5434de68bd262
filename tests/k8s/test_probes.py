"""Probes: of engines that are there, by who can ask, with time enough."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from tests.k8s.manifests import SETTINGS, name, of, pods

from troupe.wire.probe import TIMEOUT_S

ENGINES = {"svc-text": "TROUPE_TEXT_ENGINES", "svc-tts": "TROUPE_SPEECH_ENGINES", "svc-video": "TROUPE_VIDEO_ENGINES"}
SERVICES = {"svc-text": "troupe.v1.Text", "svc-tts": "troupe.v1.Speech", "svc-video": "troupe.v1.Video"}
LOAD_S = 300
LOAD_S_PER_GIB = 20  # both are LocalAI's rule for the deadline of a load
WEIGHTS_GIB = {"vllm": 40, "xtts": 1.9, "sadtalker": 2}
SPANNED_GIB = 131


def test_probes_ask_ports_there_are_for_engines_there_are(rows):
    for row, manifests in rows.items():
        (told,) = [each["data"] for each in of(manifests, "ConfigMap") if name(each).startswith(SETTINGS)]
        for pod in pods(of(manifests, "Deployment", "LeaderWorkerSet")):
            part, container = pod.labels["app.kubernetes.io/name"], pod.containers[0]
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                if kind not in container:
                    assert pod.owner.endswith("workerTemplate"), (row, pod.owner)  # no chat is sent there
                    continue
                port, service = _question(container[kind], ports)
                assert port in ports.values(), (row, pod.owner, kind)
                known = (
                    {f"{SERVICES[part]}/{each}" for each in told[ENGINES[part]].split(",")}
                    if part in SERVICES
                    else set()
                )
                assert service in known | {"", "live"}, (row, pod.owner, kind, service)


def test_startup_waits_for_the_first_engine_that_needs_a_card(rows):
    for row in ("a100", "dgx-spark-pair", "cluster"):
        asked = {}
        for pod in pods(of(rows[row], "Deployment")):
            asked[pod.labels["app.kubernetes.io/name"]] = (
                pod.containers[0]["startupProbe"].get("grpc", {}).get("service")
            )
        assert asked == {
            "gateway": None,
            "svc-text": "troupe.v1.Text/vllm",
            "svc-tts": "troupe.v1.Speech/xtts",
            "svc-video": "troupe.v1.Video/sadtalker",
        }


def test_kubelet_does_not_ask_in_plain_where_certificates_are_wanted(rows):
    for row, manifests in rows.items():
        if "mtls" in row:
            for pod in pods(of(manifests, "Deployment", "LeaderWorkerSet")):
                probes = [value for key, value in pod.containers[0].items() if key.endswith("Probe")]
                assert not any("grpc" in probe for probe in probes), (row, pod.owner)


def test_a_program_that_asks_has_time_to(rows):
    """kubelet ends it after `timeoutSeconds`, one if nobody says; the program itself gives up a little earlier."""
    for row, manifests in rows.items():
        for pod in pods(of(manifests, "Deployment", "LeaderWorkerSet")):
            for kind, probe in pod.containers[0].items():
                if kind.endswith("Probe") and "exec" in probe:
                    assert probe.get("timeoutSeconds", 1) > TIMEOUT_S, (row, pod.owner, kind)


@pytest.mark.parametrize("row", ["a100", "a100x2", "dgx-spark", "dgx-spark-pair", "cluster"])
def test_there_is_time_to_load_the_weights(rows, row):
    for pod in pods(of(rows[row], "Deployment")):
        probe = pod.containers[0]["startupProbe"]
        engine = probe.get("grpc", {}).get("service", "").rpartition("/")[2]
        if pod.labels["app.kubernetes.io/name"] != "gateway":
            assert _patience_s(probe) >= LOAD_S + LOAD_S_PER_GIB * WEIGHTS_GIB[engine], pod.owner


def test_there_is_time_to_load_what_spans_machines(rows):
    for manifests in rows.values():
        for pod in pods(of(manifests, "LeaderWorkerSet")):
            if pod.owner.endswith("leaderTemplate"):
                assert _patience_s(pod.containers[0]["startupProbe"]) >= LOAD_S + LOAD_S_PER_GIB * SPANNED_GIB


def _patience_s(probe) -> int:
    return probe["periodSeconds"] * probe["failureThreshold"]


def _question(probe, ports) -> tuple[int, str]:
    """Which port a probe asks, and for which name of grpc.health.v1."""
    handlers = [kind for kind in ("grpc", "httpGet", "exec", "tcpSocket") if kind in probe]
    assert len(handlers) == 1, handlers
    if "grpc" in probe:
        return probe["grpc"]["port"], probe["grpc"].get("service", "")
    if "httpGet" in probe:
        return ports[probe["httpGet"]["port"]], ""
    *command, url = probe["exec"]["command"]
    assert command == ["python", "-m", "troupe.wire.probe"]
    parts = urlsplit(url)
    assert (parts.scheme, parts.hostname) == ("grpc", "127.0.0.1")
    return parts.port, parts.path.removeprefix("/")
