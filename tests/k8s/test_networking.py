"""NetworkPolicies allow the calls there are, and no other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from tests.k8s.manifests import Pod, name, of, pods

DOORS = {8000, 50050}
CALLS = {("svc-text", 50051), ("svc-tts", 50052), ("svc-tts", 5050), ("svc-video", 50053)}
METRICS = {("svc-text", 9101), ("svc-tts", 9102), ("svc-video", 9103)}
OUTSIDE = {"gateway", "svc-tts"}
PRIVATE = ("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1")
TRACES = 4317
ANYBODY = "anybody"


def with_policies(rows) -> Iterator[tuple[str, list[Pod], list]]:
    for row, manifests in rows.items():
        yield row, list(pods(manifests)), of(manifests, "NetworkPolicy")


def test_everything_is_denied_first(rows):
    for _, all_pods, policies in with_policies(rows):
        deny = next(each for each in policies if name(each) == "default-deny")
        assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        assert all_pods


def test_only_the_gateway_calls_services_and_everybody_the_gateway(rows):
    for row, all_pods, policies in with_policies(rows):
        ways = set(_ingress(policies, all_pods))
        machines = {("svc-text", "svc-text", None)} if "spanning" in row else set()
        assert ways == (
            {("gateway", part, port) for part, port in CALLS}
            | {("monitoring", part, port) for part, port in METRICS}
            | {(ANYBODY, "gateway", port) for port in DOORS}
            | machines
        ), row


def test_both_ends_of_a_call_are_allowed(rows):
    """An ingress rule is half a way: the caller's egress is the other half."""
    for row, all_pods, policies in with_policies(rows):
        out = {(caller, part, port) for caller, part, port in _egress(policies, all_pods)}
        assert {("gateway", part, port) for part, port in CALLS} <= out, row
        inside = {way for way in out if way[1] not in {"outside", "monitoring", "kube-system"}}
        assert inside == {way for way in _ingress(policies, all_pods) if way[0] not in {ANYBODY, "monitoring"}}, row


def test_who_reaches_the_internet(rows):
    for row, all_pods, policies in with_policies(rows):
        callers = {caller for caller, part, port in _egress(policies, all_pods) if part == "outside" and port == 443}
        fetches = {pod.labels["app.kubernetes.io/name"] for pod in all_pods if "fetch-models" in pod.labels.values()}
        assert callers == OUTSIDE | fetches, row
        assert not {way for way in _egress(policies, all_pods) if way[1] == "outside" and way[2] != 443}


def test_outside_is_not_the_house(rows):
    for _, _, policies in with_policies(rows):
        for each in policies:
            for block in (peer["ipBlock"] for peer in _peers(each, "egress") if "ipBlock" in peer):
                net = ipaddress.ip_network(block["cidr"])
                kept_out = [ipaddress.ip_network(cidr) for cidr in block.get("except", ())]
                for address in map(ipaddress.ip_address, PRIVATE if net.version == 4 else ("fd00::1", "fe80::1")):
                    assert address not in net or any(address in inner for inner in kept_out), (name(each), address)


def test_everybody_may_ask_for_names_and_send_traces(rows):
    for row, all_pods, policies in with_policies(rows):
        ways = set(_egress(policies, all_pods))
        for pod in all_pods:
            part = pod.labels["app.kubernetes.io/name"]
            assert (part, "kube-system", 53) in ways, row
            assert (part, "monitoring", TRACES) in ways, (row, part)


def test_names_are_asked_for_by_udp_and_tcp_and_all_else_is_tcp(rows):
    for row, manifests in rows.items():
        for policy in of(manifests, "NetworkPolicy"):
            rules = [*policy["spec"].get("ingress", ()), *policy["spec"].get("egress", ())]
            ports = {(port["protocol"], port["port"]) for rule in rules for port in rule.get("ports", ())}
            if name(policy) == "dns":
                assert ports == {("UDP", 53), ("TCP", 53)}, row
            else:
                assert {protocol for protocol, _ in ports} <= {"TCP"}, (row, name(policy))


def test_ports_of_policies_are_ports_of_containers(rows):
    for row, all_pods, policies in with_policies(rows):
        ports = {
            (pod.labels["app.kubernetes.io/name"], port["containerPort"])
            for pod in all_pods
            for port in pod.containers[0].get("ports", ())
        }
        assert {(part, port) for _, part, port in _ingress(policies, all_pods) if port} <= ports, row


def _ingress(policies, all_pods) -> Iterator[tuple[str, str, int | None]]:
    for policy in policies:
        for rule in policy["spec"].get("ingress", ()):
            for part in _parts(policy["spec"]["podSelector"], all_pods):
                for caller in {_name(peer) for peer in rule.get("from", ({},))}:
                    yield from ((caller, part, port["port"]) for port in rule.get("ports", ({"port": None},)))


def _egress(policies, all_pods) -> Iterator[tuple[str, str, int | None]]:
    for policy in policies:
        for rule in policy["spec"].get("egress", ()):
            for caller in _parts(policy["spec"]["podSelector"], all_pods):
                for part in {_name(peer) for peer in rule.get("to", ({},))}:
                    yield from ((caller, part, port["port"]) for port in rule.get("ports", ({"port": None},)))


def _peers(policy, direction: str) -> Iterator[dict]:
    for rule in policy["spec"].get(direction, ()):
        yield from rule.get("to" if direction == "egress" else "from", ())


def _parts(selector, all_pods) -> set[str]:
    labels = selector.get("matchLabels", {})
    return {pod.labels["app.kubernetes.io/name"] for pod in all_pods if labels.items() <= pod.labels.items()}


def _name(peer) -> str:
    if "ipBlock" in peer:
        return "outside"
    if "namespaceSelector" in peer:
        return peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    return peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] if "podSelector" in peer else ANYBODY
