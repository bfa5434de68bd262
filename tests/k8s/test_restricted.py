"""Pod Security *restricted*, and beyond it what every pod of ours keeps to."""

from __future__ import annotations

import copy

import pytest
from tests.k8s.manifests import name, of, pods
from tests.k8s.restricted import complaints

USER = 10001  # of all our images


def test_every_pod_would_be_let_in(rows):
    found = {(row, pod.owner): list(complaints(pod.spec)) for row, manifests in rows.items() for pod in pods(manifests)}
    assert {where: told for where, told in found.items() if told} == {}


def test_the_namespace_lets_in_no_other(rows):
    for manifests in rows.values():
        (namespace,) = of(manifests, "Namespace")
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_pods_have_no_token_no_links_a_user_and_a_root_they_cannot_write(rows):
    for manifests in rows.values():
        for pod in pods(manifests):
            assert pod.spec["automountServiceAccountToken"] is False, pod.owner
            assert pod.spec["enableServiceLinks"] is False, pod.owner
            assert pod.spec["securityContext"]["runAsUser"] == USER, pod.owner
            for container in pod.containers:
                assert container["securityContext"]["readOnlyRootFilesystem"] is True, pod.owner
                mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
                assert "/tmp" in mounted, pod.owner


def test_every_container_has_requests_and_limits_that_fit_each_other(rows):
    for manifests in rows.values():
        for pod in pods(manifests):
            for container in pod.containers:
                resources = container["resources"]
                for kind in ("cpu", "memory", "ephemeral-storage"):
                    least, most = (_number(resources[side][kind]) for side in ("requests", "limits"))
                    assert least <= most, (pod.owner, kind)


def test_folders_in_memory_fit_into_the_memory(rows):
    for manifests in rows.values():
        for pod in pods(manifests):
            limit = _number(pod.containers[0]["resources"]["limits"]["memory"])
            for volume in pod.spec["volumes"]:
                if volume.get("emptyDir", {}).get("medium") == "Memory":
                    assert _number(volume["emptyDir"]["sizeLimit"]) < limit, (pod.owner, volume["name"])


def test_accounts_have_no_token_either(rows):
    for manifests in rows.values():
        assert all(account["automountServiceAccountToken"] is False for account in of(manifests, "ServiceAccount"))
        assert {name(account) for account in of(manifests, "ServiceAccount")} == {
            "gateway",
            "svc-text",
            "svc-tts",
            "svc-video",
        }


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("hostNetwork",), True, "hostNetwork is set"),
        (("securityContext", "runAsNonRoot"), False, "runAsNonRoot"),
        (("securityContext", "runAsUser"), 0, "runAsUser is 0"),
        (("securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile"),
        (("volumes", 0), {"name": "host", "hostPath": {"path": "/"}}, "host is a hostPath"),
        (("containers", 0, "securityContext", "privileged"), True, "privileged"),
        (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True, "allowPrivilegeEscalation"),
        (("containers", 0, "securityContext", "capabilities"), {"drop": ["ALL"], "add": ["SYS_ADMIN"]}, "capabilities"),
        (("containers", 0, "securityContext", "capabilities"), {"drop": ["NET_RAW"]}, "capabilities"),
        (("containers", 0, "ports", 0, "hostPort"), 80, "hostPort"),
        (("containers", 0, "securityContext", "procMount"), "Unmasked", "procMount"),
    ],
)
def test_what_is_less_than_restricted_is_found(rows, place, value, told):
    pod = next(pods(rows["cpu"]))
    assert list(complaints(pod.spec)) == []
    spec = copy.deepcopy(pod.spec)
    inner = spec
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert any(told in each for each in complaints(spec))


UNITS = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def _number(quantity: str | int) -> float:
    """`500m` -> 0.5, `2Gi` -> 2147483648.0."""
    text = str(quantity)
    unit = next((unit for unit in UNITS if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * UNITS.get(unit, 1)
