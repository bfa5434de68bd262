"""The compose files of each kind of machine, as compose itself reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.compose.project import Project

MACHINES = ("cpu", "host-vllm", "a100", "a100x2", "dgx-spark")
WAY_OUT = {"gateway", "xtts", "prometheus", "grafana"}
"""By what they are: the cloud and pages, the engine edge, a published port."""
GPUS = {"a100": {"svc-text": 1, "xtts": 1, "svc-video": 1}, "a100x2": {"svc-text": 2, "xtts": 1, "svc-video": 1}}
GPUS["dgx-spark"] = GPUS["a100"]


def configured(clone: Path, machine: str) -> dict[str, Any]:
    text = Project(clone).compose("--profile", "*", "config", "--format", "json", HARDWARE=machine)
    return json.loads(text)["services"]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_container_is_confined(clone: Path, machine: str) -> None:
    for name, service in configured(clone, machine).items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"], name
        assert service["user"] != "0:0" or (name == "prepare" and service["network_mode"] == "none"), name
        limits = service["deploy"]["resources"]["limits"]
        assert int(limits["memory"]) > 0, name
        assert int(limits["pids"]) > 0, name


@pytest.mark.parametrize("machine", MACHINES)
def test_ports_are_published_on_this_machine_only(clone: Path, machine: str) -> None:
    ports = {
        (name, port["host_ip"], int(port["published"]))
        for name, service in configured(clone, machine).items()
        for port in service.get("ports", ())
        if "monitoring" not in service.get("profiles", ())
    }
    assert ports == {("gateway", "127.0.0.1", 8000), ("gateway", "127.0.0.1", 50050), ("xtts", "127.0.0.1", 5050)}


@pytest.mark.parametrize("machine", MACHINES)
def test_few_have_a_way_out(clone: Path, machine: str) -> None:
    services = configured(clone, machine)
    out = {name for name, service in services.items() if "outside" in (service.get("networks") or {})}
    fetching = {name for name, service in services.items() if "fetch-models" in service.get("profiles", ())}
    assert out - fetching == WAY_OUT | ({"svc-text"} if machine == "host-vllm" else set())


@pytest.mark.parametrize("machine", GPUS)
def test_gpus_are_reserved(clone: Path, machine: str) -> None:
    services = configured(clone, machine)
    for name, wanted in GPUS[machine].items():
        (device,) = services[name]["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
        assert (device.get("count") or len(device["device_ids"])) == wanted
    assert services["svc-text"]["environment"]["TROUPE_TEXT_ENGINES"] == "vllm,extractive"
    assert services["svc-text"]["build"]["target"] == "vllm"


def test_a_machine_nobody_knows_is_refused(clone: Path) -> None:
    with pytest.raises(AssertionError, match=r"abacus\.yaml"):
        configured(clone, "abacus")
