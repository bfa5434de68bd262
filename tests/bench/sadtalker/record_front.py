"""Asks upstream's front once and keeps the answers: `UPSTREAM=path python -m tests.bench.sadtalker.record_front`.

Runs in upstream's environment (install.sh). Upstream's functions are called as they are; where they crash on today's
NumPy, what they would have gone on to call is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from tests.bench.sadtalker import front_questions as asked
from tests.bench.sadtalker.upstream import prepare
from tests.fakes.face_points import MEAN_POINTS
from tests.fakes.sadtalker_release import values

MODES = (False, True)  # whether the wider cut is kept


def arithmetic() -> dict[str, Any]:
    """Crops, alignment and points of heat maps."""
    from facexlib.alignment import landmark_98_to_68
    from src.face3d.util.my_awing_arch import calculate_points

    out: dict[str, Any] = {}
    for number, (width, height, points) in enumerate(asked.faces()):
        out |= {f"crop{number}.{name}": value for name, value in _crop(width, height, points).items()}
    for number, (square, points) in enumerate(asked.squares()):
        out |= {f"align{number}.{name}": value for name, value in _align(square, points).items()}
    for number, maps in enumerate(asked.heat_maps()):
        points = calculate_points(maps[None]).reshape(-1, 2) * (210 / 64, 150 / 64)
        out[f"maps{number}.points"] = points
        out[f"maps{number}.68"] = landmark_98_to_68(points)
    return out


def _crop(width: int, height: int, points: asked.Array) -> dict[str, Any]:
    from src.utils.croper import Preprocesser

    cutter = Preprocesser.__new__(Preprocesser)
    cutter.get_landmark = lambda picture: points.copy()
    out: dict[str, Any] = {}
    for still in MODES:
        image = np.arange(width, dtype=np.uint8)[None, :, None] ^ np.arange(height, dtype=np.uint8)[:, None, None]
        frames, outer, inner = cutter.crop([np.repeat(image, 3, axis=2)], still=still, xsize=512)
        out |= {"outer": outer, "inner": inner, f"shape{still:d}": frames[0].shape[:2]}
        out[f"digest{still:d}"] = asked.digest(frames[0])
    return out


def _align(square: asked.Rgb, points: asked.Array) -> dict[str, Any]:
    """`align_img`, but for the array of mixed shapes that today's NumPy refuses."""
    from src.face3d.util import preprocess

    upward = points.copy()
    upward[:, -1] = square.shape[0] - 1 - upward[:, -1]
    place, scale = preprocess.POS(preprocess.extract_5p(upward).T, MEAN_POINTS.T)
    scale = 102.0 / scale
    image, _, _ = preprocess.resize_n_crop_img(Image.fromarray(square), upward, place[:, 0], scale)
    return {
        "place": np.array([scale, *place[:, 0]]).astype(np.float32),
        "digest": asked.digest(np.asarray(image)),
        "image": np.asarray(image)[::16, ::16],
    }


@torch.no_grad()
def networks() -> dict[str, Any]:
    """The three networks at an eighth of their width."""
    from facexlib.detection.retinaface import RetinaFace
    from src.face3d.models.networks import define_net_recon
    from src.face3d.util.my_awing_arch import FAN

    out: dict[str, Any] = {}
    fan, detector = FAN(4, num_landmarks=98, device="cpu"), RetinaFace("resnet50", device="cpu")
    reconstruction = define_net_recon("resnet50", use_last_fc=False, init_path="")
    for network, part in ((fan, "fan"), (detector, "retinaface"), (reconstruction, "face_3drecon")):
        held = values(part, asked.WIDTH, asked.SEED)
        network.load_state_dict({name: torch.from_numpy(np.asarray(held[name])) for name in held})
        network.eval()
    picture = asked.picture()
    square = torch.from_numpy(cv2.resize(picture, (256, 256))[..., ::-1].copy()).permute(2, 0, 1).float().div(255.0)
    out["fan.maps"] = fan(square[None])[0][-1].numpy()[0, ::3, ::4, ::4]
    out["retinaface.found"] = detector.detect_faces(picture, asked.LEAST)[:, :5]
    places, scores, _ = detector(torch.from_numpy(picture).permute(2, 0, 1)[None].float() - detector.mean_tensor)
    out["retinaface.places"], out["retinaface.scores"] = places[0].numpy(), scores[0, :, 1].numpy()
    read = torch.from_numpy((asked.crops() / 255.0).astype(np.float32)).permute(0, 3, 1, 2)
    out["recon.coefficients"] = reconstruction(read).numpy()
    return out


def _keep(path: Path, answers: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **answers)
    print(f"{path.name}: {len(answers)} answers, {path.stat().st_size} bytes")


if __name__ == "__main__":
    prepare()
    Image.ANTIALIAS = Image.Resampling.LANCZOS  # type: ignore[attr-defined]  # what upstream calls it
    _keep(asked.ARITHMETIC, arithmetic())
    _keep(asked.NETWORKS, networks())
