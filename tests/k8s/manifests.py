"""What kustomize makes of deploy/k8s, as plain dictionaries, and the questions that tests ask of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
BUILD_S = 60.0
MOULDS = {"Deployment", "CronJob", "LeaderWorkerSet"}
SETTINGS = "troupe-settings-"  # then kustomize's hash
Manifest = dict[str, Any]
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod template: where it comes from, its labels and its spec."""

    owner: str  # Kind/name, and for a LeaderWorkerSet which template
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def containers(self) -> Sequence[dict[str, Any]]:
        """Those that run, and those that run before them."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]


def build(folder: Path, kubectl: Path) -> list[Manifest]:
    """All manifests of that kustomization; raises `AssertionError` with kustomize's own words."""
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=BUILD_S, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # a warning is a thing to mend
    return [manifest for manifest in yaml.load_all(done.stdout, Loader=Loader) if manifest]


def write(folder: Path, overlay: str, components: Sequence[str]) -> Path:
    """An overlay of a user's own: ours, and these components."""
    inside = os.path.relpath(K8S, folder)
    told = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"{inside}/overlays/{overlay}"],
        "components": [f"{inside}/components/{name}" for name in components],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(told))
    return folder


def of(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """Those of these kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def name(manifest: Manifest) -> str:
    """Its name."""
    return str(manifest["metadata"]["name"])


def pods(manifests: Sequence[Manifest]) -> Iterator[Pod]:
    """Every pod template there is."""
    for manifest in of(manifests, *MOULDS):
        owner, spec = f"{manifest['kind']}/{name(manifest)}", manifest["spec"]
        if manifest["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        templates = {"": spec.get("template")}
        if manifest["kind"] == "LeaderWorkerSet":
            group = spec["leaderWorkerTemplate"]
            templates = {f"/{kind}": group[kind] for kind in ("leaderTemplate", "workerTemplate")}
        for kind, template in templates.items():
            yield Pod(owner + kind, template["metadata"]["labels"], template["spec"])


def settings(manifests: Sequence[Manifest]) -> dict[str, str]:
    """The one ConfigMap of settings."""
    (found,) = [each for each in of(manifests, "ConfigMap") if name(each).startswith(SETTINGS)]
    return dict(found["data"])
