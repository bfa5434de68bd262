"""Which pod goes to which machine and card: slices, parts, architectures, and one model over two machines."""

from __future__ import annotations

from collections import Counter

import yaml
from tests.k8s.manifests import name, of, pods

CARD = "nvidia.com/"
GPU = "nvidia.com/gpu"


def test_machines_of_one_model_find_each_other_before_they_are_ready(rows):
    """LeaderWorkerSet makes the Service that tells of pods that are not ready, unless one of that name exists."""
    for row, manifests in rows.items():
        services = {name(each) for each in of(manifests, "Service")}
        sets = {name(each) for each in of(manifests, "LeaderWorkerSet")}
        assert bool(sets) == ("spanning" in row)
        assert not sets & services, row


def test_machines_of_one_model_are_two_machines(rows):
    """Cards in slices would let both pods onto one."""
    for row, manifests in rows.items():
        for pod in pods(of(manifests, "LeaderWorkerSet")):
            (term,) = pod.spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            assert term["topologyKey"] == "kubernetes.io/hostname"
            assert term["labelSelector"]["matchLabels"].items() <= pod.labels.items(), row


def test_images_of_a_spark_go_to_nodes_of_its_kind(rows):
    for row, manifests in rows.items():
        for pod in pods(manifests):
            wanted = {"kubernetes.io/arch": "arm64"} if row.startswith("dgx-spark") else {}
            assert pod.spec.get("nodeSelector", {}) == wanted, (row, pod.owner)


def test_whoever_needs_the_card_or_its_node_may_go_there(rows):
    """Nodes with cards are often tainted, and a volume may be one node's own: jobs that fetch follow the models."""
    for row, manifests in rows.items():
        for pod in pods(manifests):
            part = pod.labels["app.kubernetes.io/name"]
            wanted = [] if row.startswith("cpu") or part == "gateway" else ["nvidia.com/gpu"]
            assert [each["key"] for each in pod.spec.get("tolerations", ())] == wanted, (row, pod.owner)


def test_a_pair_has_two_of_everything_one_on_each(rows):
    for overlay, count in (("cpu", 1), ("a100", 1), ("a100x2", 1), ("dgx-spark", 1), ("dgx-spark-pair", 2)):
        for each in of(rows[overlay], "Deployment"):
            (spread,) = each["spec"]["template"]["spec"]["topologySpreadConstraints"]
            assert each["spec"]["replicas"] == count, (overlay, name(each))
            assert (spread["whenUnsatisfiable"] == "DoNotSchedule") == (count == 2), (overlay, name(each))


def test_who_has_a_card_has_nvidias_runtime(rows):
    for row, manifests in rows.items():
        for pod in pods(manifests):
            wanted = "nvidia" if _cards(pod) else None
            assert pod.spec.get("runtimeClassName") == wanted, (row, pod.owner)


def test_a_card_has_slices_for_all_and_one_doctor(rows):
    """Of one machine, where each pod counts once; a doctor at a time asks for as many as its service."""
    for row, manifests in rows.items():
        slices = _slices(manifests)
        if slices and "mig" not in row and "spanning" not in row:
            cards = 2 if row.startswith("a100x2") else 1
            wanted = sum(_cards(pod).get(GPU, 0) for pod in pods(of(manifests, "Deployment")))
            doctor = max(_cards(pod).get(GPU, 0) for pod in pods(of(manifests, "CronJob")))
            assert wanted + doctor <= slices * cards, row


def test_parts_of_a_card_are_those_that_it_is_cut_into(rows):
    for row, manifests in rows.items():
        if "mig" in row:
            wanted = sum((Counter(_cards(pod)) for pod in pods(of(manifests, "Deployment"))), Counter())
            assert wanted == _cut(manifests), row
            doctors = {part for pod in pods(of(manifests, "CronJob")) for part in _cards(pod)}
            assert doctors == set(wanted), row


def _cards(pod) -> dict[str, int]:
    return {key: count for key, count in pod.containers[0]["resources"]["limits"].items() if key.startswith(CARD)}


def _slices(manifests) -> int | None:
    """In how many each card is shared by NVIDIA's device plugin."""
    for each in of(manifests, "ConfigMap"):
        if name(each) == "troupe-device-plugin":
            (resource,) = yaml.safe_load(each["data"]["troupe"])["sharing"]["timeSlicing"]["resources"]
            assert resource["name"] == GPU
            return resource["replicas"]
    return None


def _cut(manifests) -> Counter[str]:
    """The parts of one card, by the names of their resources."""
    (text,) = (each["data"]["config.yaml"] for each in of(manifests, "ConfigMap") if name(each) == "troupe-mig")
    (entry,) = yaml.safe_load(text)["mig-configs"]["troupe"]
    return Counter({f"{CARD}mig-{profile}": count for profile, count in entry["mig-devices"].items()})
