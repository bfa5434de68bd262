"""Writes down the names and shapes of a release, once, from upstream's own modules: tests/fakes/sadtalker_manifest.tsv.

    cd <checkout of troupe> && UPSTREAM=<checkout of SadTalker> <its python> -m tests.bench.sadtalker.manifest

One tensor a line: part, name within the part, dtype, shape.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from tests.bench.sadtalker import standins

MANIFEST = Path("tests/fakes/sadtalker_manifest.tsv")


def main() -> None:
    """Build every network of the release with random values and keep the shapes."""
    upstream = Path(os.environ["UPSTREAM"])
    sys.path.insert(0, str(upstream))
    standins.install()
    lines = [f"{part}\t{name}\t{dtype}\t{shape}" for part, name, dtype, shape in tensors(upstream / "src" / "config")]
    MANIFEST.write_text("\n".join(["part\tname\tdtype\tshape", *lines]) + "\n")
    print(f"{MANIFEST}: {len(lines)} tensors")


def tensors(config: Path) -> Iterator[tuple[str, str, str, str]]:
    """(part, name, dtype, shape with commas), in the order of the state dicts."""
    for part, network in networks(config).items():
        for name, tensor in network.state_dict().items():
            yield part, name, str(tensor.dtype).removeprefix("torch."), ",".join(map(str, tensor.shape))


def networks(config: Path) -> dict[str, object]:
    """Every network that has tensors in some file of the release."""
    from facexlib.detection.retinaface import RetinaFace
    from src.audio2exp_models.networks import SimpleWrapperV2
    from src.audio2pose_models.audio2pose import Audio2Pose
    from src.face3d.models.networks import define_net_recon
    from src.face3d.util.my_awing_arch import FAN
    from src.facerender.modules.generator import OcclusionAwareSPADEGenerator
    from src.facerender.modules.keypoint_detector import HEEstimator, KPDetector
    from src.facerender.modules.mapping import MappingNet
    from yacs.config import CfgNode

    render = yaml.safe_load((config / "facerender.yaml").read_text())["model_params"]
    still = yaml.safe_load((config / "facerender_still.yaml").read_text())["model_params"]
    common = render["common_params"]
    pose = CfgNode.load_cfg((config / "auido2pose.yaml").read_text())
    return {
        "kp_extractor": KPDetector(**render["kp_detector_params"], **common),
        "generator": OcclusionAwareSPADEGenerator(**render["generator_params"], **common),
        "audio2exp": SimpleWrapperV2(),
        "audio2pose": Audio2Pose(pose, None, device="cpu"),
        "face_3drecon": define_net_recon(net_recon="resnet50", use_last_fc=False, init_path=""),
        "mapping_crop": MappingNet(**render["mapping_params"]),
        "mapping_full": MappingNet(**still["mapping_params"]),
        "he_estimator": HEEstimator(**render["he_estimator_params"], **common),
        "fan": FAN(num_modules=4, num_landmarks=98, device="cpu"),
        "retinaface": RetinaFace(network_name="resnet50", device="cpu"),
    }


if __name__ == "__main__":
    main()
