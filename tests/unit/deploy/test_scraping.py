"""What Prometheus is told to ask is where the parts answer, and every alert is explained."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings import Settings as Gateway
from svc_text.settings import Settings as Text
from svc_tts.settings import Settings as Speech
from svc_video.settings import Settings as Video

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/prometheus"
PORTS = {
    "gateway": Gateway.model_fields["port"].default,
    "svc-text": Text.model_fields["metrics_port"].default,
    "svc-tts": Speech.model_fields["metrics_port"].default,
    "svc-video": Video.model_fields["metrics_port"].default,
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def alerts() -> list[dict[str, Any]]:
    return [rule for group in read(FOLDER / "rules/troupe.yml")["groups"] for rule in group["rules"]]


def test_compose_is_scraped_where_the_parts_answer() -> None:
    jobs = read(FOLDER / "prometheus.yml")["scrape_configs"]
    found = {(job["job_name"], *sd["names"]): sd["port"] for job in jobs for sd in job["dns_sd_configs"]}
    assert found == {(name, name): port for name, port in PORTS.items()}


@pytest.mark.parametrize("name", PORTS)
def test_kubernetes_is_scraped_there_too_and_the_job_is_the_part(name: str) -> None:
    (job,) = read(FOLDER / "kubernetes.yml")["scrape_configs"]
    labels = {
        "__meta_kubernetes_pod_label_app_kubernetes_io_part_of": "troupe",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": name,
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_container_port_number": str(PORTS[name]),
    }
    assert relabelled(labels, job["relabel_configs"])["job"] == name
    assert not relabelled(labels | {"__meta_kubernetes_pod_container_port_number": "50050"}, job["relabel_configs"])
    assert not relabelled(labels | {"__meta_kubernetes_pod_phase": "Failed"}, job["relabel_configs"])


def relabelled(labels: dict[str, str], rules: list[dict[str, Any]]) -> dict[str, str]:
    """What Prometheus makes of a target's labels (its documentation, relabel_config); empty = not scraped."""
    for rule in rules:
        value = ";".join(labels.get(name, "") for name in rule["source_labels"])
        matches = re.fullmatch(rule.get("regex", "(.*)"), value) is not None
        match rule.get("action", "replace"):
            case "keep" | "drop" as action:
                if matches == (action == "drop"):
                    return {}
            case "replace":
                labels = labels | {rule["target_label"]: value}
    return labels


def test_every_alert_says_how_bad_it_is_and_what_it_is() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names) >= 20
    assert {rule["labels"]["severity"] for rule in alerts()} == {"critical", "warning"}
    assert all(rule["annotations"]["summary"] for rule in alerts())


def test_every_metric_of_the_rules_is_one_that_a_part_has() -> None:
    told = "\n".join(rule["expr"] for rule in alerts())
    named = {re.sub(r"_(bucket|total)$", "", name) for name in re.findall(r"\btroupe_\w+", told)}
    folders = ("protos/troupe/wire", "gateway/src", "svc-text/src", "svc-tts/src", "svc-video/src")
    sources = "\n".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert {name for name in named if f'"{name}"' not in sources and f'"{name}_total"' not in sources} == set()
