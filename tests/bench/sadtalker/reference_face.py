"""Upstream's stages that look at a face: detector, landmarks, crop, alignment, coefficients."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from tests.bench.sadtalker.upstream import Upstream

Arrays = dict[str, np.ndarray]
Given = Mapping[str, np.ndarray]


def reconstructed(upstream: Upstream, given: Given) -> Arrays:
    """aligned (224, 224, 3) -> recon (257,): identity, expression, texture, angle, light, translation."""
    image = torch.tensor(given["aligned"] / 255.0, dtype=torch.float32).permute(2, 0, 1)[None]
    return {"recon": upstream.front.net_recon(image)[0].numpy()}


def aligned(upstream: Upstream, given: Given) -> Arrays:
    """image (S, S, 3), landmarks (68, 2) with y down -> aligned (224, 224, 3), place (5,)."""
    from src.face3d.util.preprocess import align_img

    points = given["landmarks"].astype(np.float32).copy()
    points[:, -1] = len(given["image"]) - 1 - points[:, -1]
    place, crop, _, _ = squared(align_img, Image.fromarray(given["image"]), points, upstream.front.lm3d_std)
    return {"aligned": np.array(crop), "place": place}


def squared(align, *arguments):
    """align_img with the translation as two numbers, not a column of them, which NumPy 2.4 refuses to mix."""
    from src.face3d.util import preprocess

    solve = preprocess.POS
    preprocess.POS = lambda points, mean: _flat(*solve(points, mean))
    try:
        return align(*arguments)
    finally:
        preprocess.POS = solve


def _flat(translation: np.ndarray, scale: np.floating) -> tuple[np.ndarray, np.floating]:
    return translation.reshape(-1), scale


def landmarks(upstream: Upstream, given: Given) -> Arrays:
    """face (H, W, 3) -> heat (99, 64, 64) of the last stack, landmarks_98 (98, 2) in the face's pixels.

    None of the latter where upstream breaks: it reads past the end when a peak is in a map's last cell.
    """
    network = upstream.front.propress.predictor.detector
    heats: list[torch.Tensor] = []
    forward = network.forward  # get_landmarks calls it by this name, past every hook

    def keep(inputs: torch.Tensor) -> object:
        outputs = forward(inputs)
        heats.append(outputs[0][-1])
        return outputs

    network.forward = keep
    try:
        points = network.get_landmarks(given["face"])
    except IndexError:
        points = np.zeros((0, 2))
    del network.forward
    return {"heat": heats[0][0].numpy(), "landmarks_98": points}


def detected(upstream: Upstream, given: Given) -> Arrays:
    """image (S, S, 3) -> found (n, 15): corners, score, five points; and RetinaFace's raw outputs."""
    network = upstream.front.propress.predictor.det_net
    kept: list[tuple[torch.Tensor, ...]] = []
    hook = network.register_forward_hook(lambda module, inputs, output: kept.append(output))
    threshold = float(given.get("threshold", 0.97))
    found = network.detect_faces(given["image"], threshold)
    hook.remove()
    raw = {
        f"detector_{name}": part[0].numpy() for name, part in zip(("boxes", "scores", "points"), kept[0], strict=True)
    }
    return {"found": np.asarray(found), **raw}


def cut(upstream: Upstream, given: Given) -> Arrays:
    """picture, landmarks_picture, landmarks_crop -> image (S, S, 3), coefficients (73,), cut, outer and inner."""
    with tempfile.TemporaryDirectory() as folder:
        return {name: value for name, value in cut_into(upstream, given, Path(folder)).items() if name != "paths"}


def looked(upstream: Upstream, given: Given) -> Arrays:
    """The same, with the points that upstream's own networks find; every name begins with looked_."""
    unaided = {name: value for name, value in given.items() if not name.startswith("landmarks_")}
    return {f"looked_{name}": value for name, value in cut(upstream, unaided).items()}


def cut_into(upstream: Upstream, given: Given, folder: Path) -> dict[str, object]:
    """The same, with the files that upstream wrote under `paths`: (coefficients, picture)."""
    from scipy.io import loadmat
    from src.utils import preprocess

    path = folder / "picture.png"
    cv2.imwrite(str(path), cv2.cvtColor(given["picture"], cv2.COLOR_RGB2BGR))
    (folder / "front").mkdir()
    front = upstream.front
    for holder, name in ((front.propress, "get_landmark"), (front.propress.predictor, "extract_keypoint")):
        vars(holder).pop(name, None)
    if "landmarks_crop" in given:
        front.propress.get_landmark = lambda image: given["landmarks_picture"].astype(np.float32).copy()
        front.propress.predictor.extract_keypoint = lambda images, name: given["landmarks_crop"][None].copy()
    align = preprocess.align_img
    preprocess.align_img = lambda *arguments: squared(align, *arguments)
    try:
        coefficients, crop, info = front.generate(
            str(path), str(folder / "front"), upstream.preprocess, source_image_flag=True, pic_size=upstream.size
        )
    finally:
        preprocess.align_img = align
    return {
        "image": cv2.cvtColor(cv2.imread(crop), cv2.COLOR_BGR2RGB),
        "coefficients": loadmat(coefficients)["coeff_3dmm"][0],
        "cut": np.array(info[0]),
        "outer": np.array(info[1] or ()),
        "inner": np.array(info[2] or ()),
        "paths": (coefficients, crop, info, str(path)),
    }
