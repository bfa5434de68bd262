"""What the Prometheus operator is told: the alerts of everybody's Prometheus, and pods by the names they know."""

from __future__ import annotations

import re
import runpy

import pytest
from tests.k8s.manifests import K8S, ROOT, of, pods

MAKER = runpy.run_path(str(ROOT / "tools" / "prometheus_rule.py"))


def test_the_alerts_are_those_of_deploy_prometheus():
    if not MAKER["RULES"].is_file():
        pytest.skip("deploy/prometheus has no rules here to compare with")
    made = (K8S / "components/monitoring/prometheus-rule.yaml").read_text()
    assert made == MAKER["rule"](MAKER["RULES"].read_text()), "run: .venv/bin/python tools/prometheus_rule.py"


def test_jobs_are_called_as_the_alerts_call_them(rows):
    """`job` is the pod's name among the parts: up{job="svc-text"}."""
    manifests = rows["cluster"]
    (rule,) = of(manifests, "PrometheusRule")
    jobs = set(re.findall(r'job="([a-z-]+)"', str(rule)))
    parts = {pod.labels["app.kubernetes.io/name"] for pod in pods(of(manifests, "Deployment"))}
    assert jobs
    assert jobs <= parts
    assert {each["spec"]["jobLabel"] for each in of(manifests, "PodMonitor")} == {"app.kubernetes.io/name"}


def test_every_part_is_watched_once(rows):
    manifests = rows["cluster"]
    watched = []
    for pod in pods(of(manifests, "Deployment")):
        for monitor in of(manifests, "PodMonitor"):
            (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
            if _selects(monitor["spec"]["selector"], pod.labels):
                assert endpoint["port"] in {port["name"] for port in pod.containers[0]["ports"]}
                watched.append(pod.labels["app.kubernetes.io/name"])
    assert sorted(watched) == ["gateway", "svc-text", "svc-tts", "svc-video"]


def test_scaling_asks_for_figures_there_are(rows):
    """Metrics by the names that the parts register, and vLLM's own."""
    sources = "\n".join(
        path.read_text() for part in ("protos/troupe/wire", "gateway/src") for path in (ROOT / part).rglob("*.py")
    )
    for scaled in of(rows["cluster"], "ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            (metric,) = re.findall(r"sum\(([a-z_:]+)\{", trigger["metadata"]["query"])
            assert f'"{metric}"' in sources or metric == "vllm:num_requests_waiting"


def _selects(selector, labels) -> bool:
    same = selector.get("matchLabels", {}).items() <= labels.items()
    return same and all(labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ()))
