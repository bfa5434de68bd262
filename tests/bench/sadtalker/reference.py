"""Asks upstream the same questions: run in its own environment (install.sh), with UPSTREAM its checkout.

    python -m tests.bench.sadtalker.reference RELEASE INPUTS.npz OUTPUTS.npz STAGE...

RELEASE is a folder that tests/fakes/sadtalker_release.py wrote, of any width, or the real one. A stage reads the
arrays it names from INPUTS and adds what it computed to OUTPUTS; its processor time is under `<stage>_s`, and the
process's peak memory under `peak_rss_mb`. `size`, `preprocess` and `threads` of INPUTS hold for all stages.
"""

from __future__ import annotations

import random
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.bench.sadtalker.memory import peak_mb
from tests.bench.sadtalker.upstream import Upstream, quiet

Arrays = dict[str, np.ndarray]
Stage = Callable[[Upstream, Mapping[str, np.ndarray]], Arrays]
RADIUS = 13  # frames to each side that the mapping network sees
CROP_COEFFICIENTS = 70


def main() -> None:
    """Run the stages, in the given order."""
    release, inputs, outputs, *stages = sys.argv[1:]
    warnings.filterwarnings("ignore")
    given = dict(np.load(inputs))
    torch.set_num_threads(int(given.get("threads", 1)))
    device = str(given.get("device", "cpu"))
    upstream = Upstream(Path(release), int(given.get("size", 256)), str(given.get("preprocess", "crop")), device)
    made: Arrays = {}
    for stage in stages:
        start = time.process_time()
        with torch.no_grad(), quiet():
            made |= table()[stage](upstream, given)
        made[f"{stage}_s"] = np.array(time.process_time() - start)
    made["peak_rss_mb"] = np.array(peak_mb())
    np.savez(outputs, **made)


def heard(upstream: Upstream, given: Mapping[str, np.ndarray]) -> Arrays:
    """wave (16 kHz) -> mel (frames, 80), windows (T, 80, 16), blinks (T,)."""
    from src.utils import audio

    data = sound(upstream, given)
    return {
        "mel": audio.melspectrogram(given["wave"]).T.astype(np.float32),
        "windows": data["indiv_mels"][0, :, 0].numpy(),
        "blinks": data["ratio_gt"][0, :, 0].numpy(),
    }


def sound(upstream: Upstream, given: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What upstream's get_data makes of wave, coefficients (n, 73) and seed: a batch for its motion networks."""
    from scipy.io import savemat
    from src import generate_batch
    from src.utils import audio

    audio.load_wav = lambda path, rate: given["wave"]
    random.seed(int(given["seed"]))
    coefficients = Path(sys.argv[3]).with_name("first.mat")
    savemat(coefficients, {"coeff_3dmm": given["coefficients"]})
    return dict(generate_batch.get_data(str(coefficients), "sound.wav", upstream.device, None))


def moved(upstream: Upstream, given: Mapping[str, np.ndarray]) -> Arrays:
    """wave, coefficients, seed, style -> expression (T, 64), pose (T, 6), smoothed `motion` (T, 70)."""
    from scipy.io import loadmat

    batch = sound(upstream, given)
    networks = upstream.motion
    expression = networks.audio2exp_model.test(batch)["exp_coeff_pred"][0]
    torch.manual_seed(int(given["seed"]))
    batch["class"] = torch.tensor([int(given["style"])])
    pose = networks.audio2pose_model.test(batch)["pose_pred"][0]
    torch.manual_seed(int(given["seed"]))
    path = networks.generate(batch, str(Path(sys.argv[3]).parent), int(given["style"]))
    return {"expression": expression.numpy(), "pose": pose.numpy(), "motion": loadmat(path)["coeff_3dmm"]}


def mapped(upstream: Upstream, given: Mapping[str, np.ndarray]) -> Arrays:
    """target (T, 70 or 73), canonical (15, 3) -> the mapping network's heads and key points (T, 15, 3)."""
    from src.facerender.modules.make_animation import keypoint_transformation

    heads = upstream.renderer.mapping(slides(given["target"]).to(upstream.device))
    named = {f"mapping_{name}": value.cpu().numpy() for name, value in heads.items()}
    canonical = torch.from_numpy(given["canonical"]).to(upstream.device)[None].repeat(len(given["target"]), 1, 1)
    points = keypoint_transformation({"value": canonical}, {name: value.clone() for name, value in heads.items()})
    return {**named, "keypoints": points["value"].cpu().numpy()}


def slides(target: np.ndarray) -> torch.Tensor:
    """(T, C) -> (T, C, 27): each frame among its neighbours, the ends repeated."""
    frames = np.arange(len(target))[:, None] + np.arange(-RADIUS, RADIUS + 1)
    return torch.from_numpy(target[frames.clip(0, len(target) - 1)]).float().transpose(1, 2)


def encoded(upstream: Upstream, given: Mapping[str, np.ndarray]) -> Arrays:
    """image (S, S, 3) -> canonical key points (15, 3) and the feature volume (C, 16, S/4, S/4)."""
    image = picture(upstream, given)
    generator = upstream.renderer.generator
    out = generator.first(image)
    for block in generator.down_blocks:
        out = block(out)
    out = generator.second(out)
    volume = out.view(1, generator.reshape_channel, generator.reshape_depth, *out.shape[2:])
    return {
        "canonical": upstream.renderer.kp_extractor(image)["value"][0].cpu().numpy(),
        "volume": generator.resblocks_3d(volume)[0].cpu().numpy(),
    }


def picture(upstream: Upstream, given: Mapping[str, np.ndarray]) -> torch.Tensor:
    """image (S, S, 3) uint8 -> (1, 3, S, S) of 0..1."""
    return torch.from_numpy(given["image"]).to(upstream.device).permute(2, 0, 1)[None].float() / 255


def rendered(upstream: Upstream, given: Mapping[str, np.ndarray]) -> Arrays:
    """image, source_keypoints (15, 3), driving (N, 15, 3) -> mask, deformation, occlusion of the first; frames."""
    generator, image = upstream.renderer.generator, picture(upstream, given)
    source = torch.from_numpy(given["source_keypoints"]).to(upstream.device)[None]
    kept: list[dict[str, torch.Tensor]] = []
    hook = generator.dense_motion_network.register_forward_hook(lambda module, inputs, output: kept.append(output))
    frames, seconds = [], []
    for driving in torch.from_numpy(given["driving"]).to(upstream.device):
        start = time.process_time()
        frames.append(generator(image, kp_driving={"value": driving[None]}, kp_source={"value": source}))
        seconds.append(time.process_time() - start)
    hook.remove()
    return {
        "mask": kept[0]["mask"][0].cpu().numpy(),
        "deformation": kept[0]["deformation"][0].cpu().numpy(),
        "occlusion": kept[0]["occlusion_map"][0, 0].cpu().numpy(),
        "frames": np.stack([frame["prediction"][0].cpu().numpy() for frame in frames]),
        "frame_s": np.array(seconds),
    }


def table() -> dict[str, Stage]:
    """Name -> stage; those of the face and of whole clips are modules of their own."""
    from tests.bench.sadtalker import reference_clip, reference_face

    return {
        "heard": heard,
        "moved": moved,
        "mapped": mapped,
        "encoded": encoded,
        "rendered": rendered,
        "reconstructed": reference_face.reconstructed,
        "aligned": reference_face.aligned,
        "landmarks": reference_face.landmarks,
        "detected": reference_face.detected,
        "cut": reference_face.cut,
        "looked": reference_face.looked,
        "clip": reference_clip.clip,
        "pasted": reference_clip.pasted,
        "angles": reference_clip.angles,
    }


if __name__ == "__main__":
    main()
