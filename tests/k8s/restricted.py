"""Pod Security Standards, level *restricted*, of a pod's spec.

Source: kubernetes.io/docs/concepts/security/pod-security-standards (v1.32), control by control. Where a control looks
at pod and container, the container's word counts first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
PROFILES = {"RuntimeDefault", "Localhost"}
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")
CAPABILITY = "NET_BIND_SERVICE"
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
}


def complaints(spec: dict[str, Any]) -> Iterator[str]:
    """What *restricted* has against this pod; nothing where it would be let in."""
    pod = spec.get("securityContext", {})
    yield from (f"{field} is set" for field in HOST_FIELDS if spec.get(field))
    if unsafe := {each["name"] for each in pod.get("sysctls", ())} - SYSCTLS:
        yield f"sysctls {sorted(unsafe)}"
    for volume in spec.get("volumes", ()):
        if kinds := set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is a {', '.join(kinds)}"
    for container in (*spec.get("initContainers", ()), *spec.get("ephemeralContainers", ()), *spec["containers"]):
        yield from (f"{container['name']}: {each}" for each in _of_container(container, pod))


def _of_container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    own = container.get("securityContext", {})
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation must be false"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", ()) or set(capabilities.get("add", ())) - {CAPABILITY}:
        yield f"capabilities must drop ALL and add at most {CAPABILITY}"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot must be true"
    if 0 in {own.get("runAsUser"), pod.get("runAsUser")}:
        yield "runAsUser is 0"
    if own.get("seccompProfile", pod.get("seccompProfile", {})).get("type") not in PROFILES:
        yield "seccompProfile must be RuntimeDefault or Localhost"
    if own.get("procMount", "Default") != "Default":
        yield "procMount must be Default"
    if any(port.get("hostPort") for port in container.get("ports", ())):
        yield "hostPort is set"
