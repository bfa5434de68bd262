"""The one page tells of everything there is, and of nothing else."""

from __future__ import annotations

import re

import pytest
import yaml
from tests.k8s.combinations import OVERLAYS
from tests.k8s.manifests import K8S, build, name, of, pods, settings, write
from tests.k8s.test_references import IMAGES

README = (K8S / "README.md").read_text()
INNER = {"mtls/probes"}  # mtls's own


def test_every_component_is_in_the_tree():
    tree = README.split("```\nbase ")[1].split("```")[0]
    folders = {
        str(path.parent.relative_to(K8S / "components")) for path in K8S.glob("components/**/kustomization.yaml")
    }
    assert [each for each in folders - INNER if not re.search(rf"(?<![\w-]){each}(?![\w-])", tree)] == []


def test_every_overlay_has_a_row():
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", README, re.MULTILINE)) == set(OVERLAYS)


def test_paths_and_moulds_that_are_named_exist(kubectl):
    for path in re.findall(r"deploy/k8s/[a-z0-9/-]+", README):
        assert (K8S.parents[1] / path).exists(), path
    moulds = {name(each) for each in of(build(K8S / "overlays" / "a100", kubectl), "CronJob")}
    assert set(re.findall(r"--from=cronjob/([a-z-]+)", README)) <= moulds


def test_models_of_the_table_are_those_of_the_settings(kubectl):
    for overlay in ("a100", "dgx-spark"):
        row = next(line for line in README.splitlines() if line.startswith(f"| `{overlay}` |"))
        words = re.search(r"Llama 3\.1 (\d+B) (AWQ|GPTQ)", row).groups()
        model = settings(build(K8S / "overlays" / overlay, kubectl))["PROVIDER_VLLM_MODEL"]
        assert all(word in model for word in words), overlay


@pytest.mark.parametrize("row", [("cpu", ()), ("a100", ()), ("dgx-spark-pair", ("spanning",))])
def test_one_entry_for_each_image_moves_them_all(kubectl, tmp_path, row):
    """Those that the page tells to write, where they are written: in an overlay of a user's own."""
    example = yaml.safe_load(README.split("```yaml\n")[1].split("```")[0])
    named = {each["name"] for each in example["images"]} | set(re.findall(r"`(troupe/[a-z-]+)`", README))
    assert named == IMAGES
    registry = example["images"][0]["newName"].removesuffix(example["images"][0]["name"])
    folder = write(tmp_path / "own", *row)
    file = folder / "kustomization.yaml"
    own = yaml.safe_load(file.read_text()) | {"images": [{"name": each, "newName": registry + each} for each in named]}
    file.write_text(yaml.safe_dump(own))
    images = {container["image"] for pod in pods(build(folder, kubectl)) for container in pod.containers}
    assert images
    assert all(image.startswith(f"{registry}troupe/") for image in images), images
