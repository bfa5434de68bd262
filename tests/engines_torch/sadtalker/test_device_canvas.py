from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from svc_video.engines.sadtalker.canvas import Canvas
from svc_video.engines.sadtalker.device_canvas import DeviceCanvas, to_i420
from svc_video.engines.sadtalker.source import Crop, Source
from svc_video.film import to_i420 as to_i420_by_cv2

BOX = (90, 70, 210, 201)


def soft(seed: int, height: int, width: int, sigma: float) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)).astype(np.float32), (0, 0), sigma)
    return ((noise - noise.min()) / np.ptp(noise) * 255).astype(np.uint8)


PICTURE = soft(0, 400, 360, 6)
RENDERS = np.stack([soft(seed, 64, 64, 3) for seed in (1, 2, 3)])


def source(mode: str) -> Source:
    crop = None if mode == "resize" else Crop((360, 400), (70, 50, 230, 221), (20.7, 20.2, 140.9, 151.3))
    return Source(RENDERS[0], np.zeros(73, np.float32), mode, (360, 400) if crop is None else (120, 131), crop)


@pytest.mark.parametrize("mode", ["crop", "extcrop", "resize", "full", "extfull"])
@pytest.mark.parametrize("frame", [None, (128, 128), (90, 160)])
@pytest.mark.parametrize("seam", ["feather", "poisson", "upstream"])
def test_frames_are_those_of_the_canvas(mode, frame, seam) -> None:
    canvas = Canvas(source(mode), PICTURE, frame, seam)
    ours = DeviceCanvas(canvas, "cpu").compose(torch.from_numpy(RENDERS)).numpy()
    theirs = canvas.compose(RENDERS)
    assert ours.shape == theirs.shape
    assert ours.dtype == np.uint8
    differ = np.abs(ours.astype(int) - theirs)
    assert differ.max() <= 2
    assert (differ > 1).mean() < 0.001


def test_a_frame_does_not_depend_on_its_neighbours() -> None:
    canvas = DeviceCanvas(Canvas(source("full"), PICTURE, (128, 128)), "cpu")
    renders = torch.from_numpy(RENDERS)
    assert torch.equal(canvas.compose(renders)[1:], canvas.compose(renders[1:]))


@pytest.mark.parametrize("size", [(64, 96), (66, 98)])
def test_planes_are_those_of_cv2_to_the_bit(size) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    ours = to_i420(torch.from_numpy(frames)).numpy()
    for plane, frame in zip(ours, frames, strict=True):
        assert np.array_equal(plane, to_i420_by_cv2(frame))
