"""The same questions answered by ours: stages named as in reference.py, arrays named alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch

from svc_video.engines.sadtalker import checkpoint, landmarks_awing
from svc_video.engines.sadtalker.alignment import align
from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.awing import Awing
from svc_video.engines.sadtalker.blinks import upstream_blinks
from svc_video.engines.sadtalker.canvas import Canvas
from svc_video.engines.sadtalker.drawing import Drawing
from svc_video.engines.sadtalker.front import Front
from svc_video.engines.sadtalker.hearing import Hearing
from svc_video.engines.sadtalker.mapping import REACH
from svc_video.engines.sadtalker.mel import mel_spectrogram
from svc_video.engines.sadtalker.motion import MotionNetworks, whole_motion
from svc_video.engines.sadtalker.plan import MotionPlan
from svc_video.engines.sadtalker.recon import Reconstruction
from svc_video.engines.sadtalker.renderer import FrameOrder, Renderer
from svc_video.engines.sadtalker.retinaface import RetinaFace
from svc_video.engines.sadtalker.source import FPS, Mode, Source

Arrays = dict[str, np.ndarray]
Given = Mapping[str, np.ndarray]
RATE = 16_000  # Hz
AT_ONCE = {"cpu": 1, "cuda": 16}  # frames


class Ours:
    """Our networks for one release, each made when first asked for."""

    def __init__(
        self, release: Path, size: int = 256, preprocess: str = "crop", device: str = "cpu", precision: str = "fp32"
    ) -> None:
        self.release, self.size, self.device, self.precision = release, size, device, precision
        self.mode = cast("Mode", preprocess)

    @cached_property
    def parts(self) -> checkpoint.Checkpoint:
        return checkpoint.load(self.release, self.size, full="full" in self.mode)

    @cached_property
    def renderer(self) -> Renderer:
        return Renderer.of(self.parts.generator, self.parts.kp_extractor, device=self.device, precision=self.precision)

    @cached_property
    def drawing(self) -> Drawing:
        return Drawing(self.renderer, self.size, AT_ONCE[self.device])

    @cached_property
    def motion(self) -> MotionNetworks:
        return MotionNetworks.of(self.parts.audio2exp, self.parts.audio2pose, self.parts.mapping).to(self.device)

    @cached_property
    def recon(self) -> Reconstruction:
        return Reconstruction.of(self.parts.face_3drecon)

    def settle(self) -> None:
        """Make every network and let the file go, as the service does when it has loaded."""
        for made in (self.renderer, self.motion, self.recon):
            assert made is not None
        del self.parts

    def front(self, given: Given) -> Front:
        """One whose landmarks are those given, as the reference's are; else its own networks look for them."""
        mean = checkpoint.mean_points(self.release)
        if "landmarks_crop" not in given:
            return Front(landmarks_awing.backend(self.release, "cpu"), self.recon, mean, upstream=True)
        found = Injected([given["landmarks_picture"], given["landmarks_crop"]])
        if self.mode == "resize":
            del found.left[0]
        return Front(found, self.recon, mean, upstream=True)


class Injected:
    """Finds no face by itself: gives the points it was made with, one call after the other."""

    def __init__(self, points: Sequence[np.ndarray]) -> None:
        self.left = list(points)

    def boxes(self, pictures: Sequence[np.ndarray], *, square: bool) -> list[list[Box]]:
        return [[Box(0, 0, picture.shape[1], picture.shape[0])] for picture in pictures]

    def points(self, pictures: Sequence[np.ndarray], boxes: Sequence[Box]) -> np.ndarray:
        return np.float32(self.left.pop(0))[None]


def answer(ours: Ours, given: Given, *stages: str) -> Arrays:
    """What the stages compute, together."""
    made: Arrays = {}
    for stage in stages:
        with torch.inference_mode():
            made |= STAGES[stage](ours, given)
    return made


def heard(_: Ours, given: Given) -> Arrays:
    hearing = Hearing(torch.device("cpu"), rate=RATE)
    hearing.feed(given["pcm"])
    hearing.end()
    frames = hearing.frames or 0
    return {
        "mel": mel_spectrogram(given["wave"].astype(np.float64)),
        "windows": hearing.windows(range(frames))[:, 0].numpy(),
        "blinks": upstream_blinks(frames, random.Random(int(given["seed"]))),
    }


def frames_of(given: Given) -> int:
    """Of the whole clip."""
    return len(given["pcm"]) * FPS // RATE


def plan(given: Given, frames: int) -> MotionPlan:
    """Upstream's own choices: its blinks, which know how long the clip is, also where the head is still."""
    angles = {axis: tuple(map(float, given[axis])) for axis in ("yaw", "pitch", "roll") if axis in given}
    return MotionPlan(
        seed=int(given["seed"]),
        style=int(given["style"]),
        still=bool(given.get("still", 0)),
        expression_scale=float(given.get("expression_scale", 1.0)),
        blinks=upstream_blinks(frames, random.Random(int(given["seed"]))),
        angles_frames=frames,
        **angles,
    )


def moved(ours: Ours, given: Given) -> Arrays:
    motion = whole_motion(ours.motion, given["coefficients"][0], plan(given, frames_of(given)), given["pcm"], RATE)
    return {"motion": motion.coefficients[:, :70].cpu().numpy()}


def mapped(ours: Ours, given: Given) -> Arrays:
    target = np.pad(given["target"], ((REACH, REACH), (0, 0)), mode="edge")
    heads = ours.motion.mapping(torch.from_numpy(target).to(ours.device))
    return {"keypoints": heads.keypoints(torch.from_numpy(given["canonical"]).to(ours.device)).cpu().numpy()}


def source(given: Given) -> Source:
    """A square without the rest of a portrait."""
    return Source(given["image"], np.zeros(73, np.float32), "resize", given["image"].shape[1::-1])


def encoded(ours: Ours, given: Given) -> Arrays:
    appearance = ours.renderer.appearance(source(given))
    return {"canonical": appearance.canonical.cpu().numpy(), "volume": appearance.volume.float().cpu().numpy()}


def orders(ours: Ours, given: Given) -> list[FrameOrder]:
    """One for each of the driving key points."""
    appearance = ours.renderer.appearance(source(given))
    start = torch.from_numpy(given["source_keypoints"]).to(ours.device)
    return [FrameOrder(appearance, start, driving) for driving in torch.from_numpy(given["driving"]).to(ours.device)]


def rendered(ours: Ours, given: Given) -> Arrays:
    asked = orders(ours, given)
    first = asked[0]
    motion = ours.renderer._motion(first.appearance.compressed[None], first.source[None], first.driving[None])
    return {
        "deformation": motion.places[0].cpu().numpy(),
        "occlusion": motion.occlusion[0, 0].cpu().numpy(),
        "frames": ours.renderer.render_float(asked).cpu().numpy(),
    }


def reconstructed(ours: Ours, given: Given) -> Arrays:
    return {"recon": ours.recon(given["aligned"][None])[0]}


def aligned(ours: Ours, given: Given) -> Arrays:
    laid = align(given["image"], given["landmarks"], checkpoint.mean_points(ours.release))
    return {"aligned": laid.image, "place": laid.place}


def landmarks(ours: Ours, given: Given) -> Arrays:
    network = Awing.of(checkpoint.face_files(ours.release).fan)
    square = np.ascontiguousarray(cv2.resize(given["face"], (256, 256))[..., ::-1])
    heat = network(torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255)
    return {"heat": heat[0].numpy(), "landmarks_98": network.points([given["face"]])[0]}


def detected(ours: Ours, given: Given) -> Arrays:
    network = RetinaFace.of(checkpoint.face_files(ours.release).retinaface)
    found = network.find([given["image"]], float(given["threshold"]))[0]
    boxes, scores = network(torch.from_numpy(given["image"]).permute(2, 0, 1)[None])
    rows = [(box.left, box.top, box.right, box.bottom, box.score) for box in found]
    return {"found": np.array(rows), "detector_boxes": boxes[0].numpy(), "detector_scores": scores[0].numpy()}


def cut(ours: Ours, given: Given) -> Arrays:
    made = ours.front(given).source(given["picture"], ours.mode, ours.size)
    crop = made.crop
    return {
        "image": made.image,
        "coefficients": made.coefficients,
        "cut": np.array(made.cut),
        "outer": np.array(crop.outer if crop else ()),
        "inner": np.array(crop.inner if crop else ()),
    }


def looked(ours: Ours, given: Given) -> Arrays:
    unaided = {name: value for name, value in given.items() if not name.startswith("landmarks_")}
    return {f"looked_{name}": value for name, value in cut(ours, unaided).items()}


def clip(ours: Ours, given: Given) -> Arrays:
    """Picture and sound to frames, as the engine joins the parts."""
    made = ours.front(given).source(given["picture"], ours.mode, ours.size)
    motion = whole_motion(ours.motion, made.coefficients, plan(given, frames_of(given)), given["pcm"], RATE)
    appearance = ours.renderer.appearance(made)
    start = ours.motion.source_heads(made.coefficients).keypoints(appearance.canonical)[0]
    driving = motion.heads.keypoints(appearance.canonical)
    renders = ours.renderer.render([FrameOrder(appearance, start, one) for one in driving]).cpu().numpy()
    canvas = Canvas(made, given["picture"], seam="upstream")
    return {
        "motion": motion.coefficients[:, :70].cpu().numpy(),
        "image": made.image,
        "source_coefficients": made.coefficients,
        "clip": canvas.compose(renders),
    }


STAGES: dict[str, Callable[[Ours, Given], Arrays]] = {
    stage.__name__: stage
    for stage in (
        heard,
        moved,
        mapped,
        encoded,
        rendered,
        reconstructed,
        aligned,
        landmarks,
        detected,
        cut,
        looked,
        clip,
    )
}
