"""Everything renders, and every manifest is what the Kubernetes API (or the operator that reads it) knows."""

from __future__ import annotations

import copy
import os

import pytest
from tests.k8s.combinations import OVERLAYS, covering, extremes, product
from tests.k8s.conftest import told
from tests.k8s.manifests import K8S, name, of

BATCH = 96  # rows in memory at a time


def test_each_folder_of_overlays_is_tested():
    assert set(OVERLAYS) == {path.name for path in (K8S / "overlays").iterdir()}


def test_each_component_is_in_some_row_or_overlay():
    listed = "\n".join(path.read_text() for path in (K8S / "overlays").glob("*/kustomization.yaml"))
    listed += "\n".join(told(row) for row in covering())
    folders = {path.parent.relative_to(K8S / "components") for path in (K8S / "components").rglob("kustomization.yaml")}
    inner = {"mtls/probes"}  # mtls's own
    assert [str(each) for each in folders if str(each) not in listed and str(each) not in inner] == []


@pytest.mark.timeout(300)
def test_all_manifests_keep_to_their_schemas(rows, judge):
    assert judge(rows) == {}


@pytest.mark.timeout(300)
def test_any_number_of_components_renders(render):
    """Two components at a time are judged for each overlay; that more do not break each other is shown on two."""
    for overlay in ("cpu", "dgx-spark-pair"):
        rendered = render(extremes(overlay))
        assert len(rendered) == len(extremes(overlay))
        assert all(of(manifests, "Deployment") for manifests in rendered.values())


@pytest.mark.timeout(3600)
@pytest.mark.skipif("K8S_ALL" not in os.environ, reason="all 1,548 combinations take a quarter of an hour: K8S_ALL=1")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_combination_renders_and_keeps_to_its_schemas(render, judge, overlay):
    rows = product(overlay)
    for start in range(0, len(rows), BATCH):
        assert judge(render(rows[start : start + BATCH])) == {}


def test_nothing_has_the_name_of_something_else(rows):
    for row, manifests in rows.items():
        ids = [(each["kind"], each["metadata"].get("namespace"), name(each)) for each in manifests]
        assert len(ids) == len(set(ids)), row


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", ("spec", "replicas"), "two"),
        ("Deployment", ("spec", "template", "spec", "containerz"), []),
        ("NetworkPolicy", ("spec", "podSelctor"), {}),
        ("ScaledObject", ("spec", "triggers"), []),
        ("Certificate", ("spec", "duration"), "90d"),
        ("HTTPRoute", ("spec", "rules", 0, "timeouts", "request"), "1.5s"),
        ("LeaderWorkerSet", ("spec", "leaderWorkerTemplate", "leaderTemplate", "spec", "containers", 0, "img"), "x"),
        ("PodMonitor", ("spec", "podMetricsEndpoints", 0, "prot"), "x"),
    ],
)
def test_a_slip_is_found(rows, judge, kind, path, value):
    manifest = copy.deepcopy(next(each for manifests in rows.values() for each in of(manifests, kind)))
    place = manifest
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert "slip" in judge({"slip": [manifest]})
