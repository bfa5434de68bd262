"""Upstream's whole way from a picture and a sound to frames, and back into the picture.

All of its own code runs but for what is lost on the way: frames are taken where it would hand them to a codec, and
pasted back from there, so that no lossy film stands between two comparisons.
"""

from __future__ import annotations

import random
import tempfile
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from tests.bench.sadtalker import reference_face
from tests.bench.sadtalker.upstream import Upstream

Arrays = dict[str, np.ndarray]
Given = Mapping[str, np.ndarray]
BATCH = 2  # upstream's own


def clip(upstream: Upstream, given: Given) -> Arrays:
    """picture, landmarks, wave, seed, style, still, expression_scale, yaw, pitch, roll -> clip (T, H, W, 3) and more.

    `motion` (T, 70), `clip_frames` before anything is pasted, `clip` what the viewer would see.
    """
    from scipy.io import loadmat
    from src.generate_batch import get_data
    from src.generate_facerender_batch import get_facerender_data
    from src.utils import audio

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = reference_face.cut_into(upstream, given, folder)
        coefficients, crop, info, path = made["paths"]
        audio.load_wav = lambda path, rate: given["wave"]
        networks = upstream.motion  # made first, for that draws numbers too
        random.seed(int(given["seed"]))
        torch.manual_seed(int(given["seed"]))
        batch = get_data(coefficients, "sound.wav", upstream.device, None, still=bool(given["still"]))
        motion = networks.generate(batch, name, int(given["style"]))
        data = get_facerender_data(
            motion,
            crop,
            coefficients,
            "sound.wav",
            BATCH,
            *(_listed(given, axis) for axis in ("yaw", "pitch", "roll")),
            expression_scale=float(given["expression_scale"]),
            still_mode=bool(given["still"]),
            preprocess=upstream.preprocess,
            size=upstream.size,
        )
        with lossless() as films:
            upstream.renderer.generate(data, name, path, info, preprocess=upstream.preprocess, img_size=upstream.size)
        return {
            "motion": loadmat(motion)["coeff_3dmm"],
            "source_coefficients": made["coefficients"],
            "image": made["image"],
            "clip_frames": np.stack(films[0]),
            "clip": np.stack(films[-1]),
        }


def _listed(given: Given, axis: str) -> list[int] | None:
    return [int(degree) for degree in given[axis]] if axis in given and len(given[axis]) else None


def pasted(upstream: Upstream, given: Given) -> Arrays:
    """picture, clip_frames (T, h, w, 3), outer, inner -> clip: the frames set into the picture by upstream."""
    from src.utils.paste_pic import paste_pic

    with tempfile.TemporaryDirectory() as folder, lossless() as films:
        path = Path(folder, "picture.png")
        cv2.imwrite(str(path), cv2.cvtColor(given["picture"], cv2.COLOR_RGB2BGR))
        films.append(list(given["clip_frames"]))
        info = (tuple(given["cut"]), tuple(given["outer"].tolist()), tuple(given["inner"].tolist()))
        paste_pic("film.mp4", str(path), info, "sound.wav", "full.mp4", extended_crop="ext" in upstream.preprocess)
        return {"clip": np.stack(films[-1])}


def angles(_: Upstream, given: Given) -> Arrays:
    """yaw (a list of degrees), frames -> camera (frames,): upstream's interpolation between them."""
    from src.generate_facerender_batch import gen_camera_pose

    return {"camera": gen_camera_pose([int(degree) for degree in given["yaw"]], int(given["frames"]), 1)[0]}


@contextmanager
def lossless() -> Iterator[list[list[np.ndarray]]]:
    """Films that upstream would write are kept as RGB frames, in order, and read back from there."""
    from src.facerender import animate
    from src.utils import paste_pic

    films: list[list[np.ndarray]] = []
    film = types.SimpleNamespace(mimsave=lambda path, frames, fps: films.append(list(frames)) or Path(path).touch())
    before = animate.imageio, animate.AudioSegment, animate.save_video_with_watermark, paste_pic.cv2
    animate.imageio, animate.AudioSegment = film, _Silence
    animate.save_video_with_watermark = paste_pic.save_video_with_watermark = _ignore
    paste_pic.cv2 = _Films(films)
    remove, paste_pic.os.remove = paste_pic.os.remove, lambda path: Path(path).unlink(missing_ok=True)
    try:
        yield films
    finally:
        animate.imageio, animate.AudioSegment, animate.save_video_with_watermark, paste_pic.cv2 = before
        paste_pic.os.remove = remove


def _ignore(*_: object, **__: object) -> None:
    """In place of ffmpeg."""


class _Silence:
    """In place of pydub: sound is cut and written, which no comparison looks at."""

    @classmethod
    def from_file(cls, _: str) -> _Silence:
        return cls()

    def set_frame_rate(self, _: int) -> _Silence:
        return self

    def __getitem__(self, _: slice) -> _Silence:
        return self

    def export(self, path: str, **_: object) -> None:
        Path(path).touch()


class _Films:
    """OpenCV, but for films: those that were kept are read, and those that are written are kept."""

    def __init__(self, films: list[list[np.ndarray]]) -> None:
        self.films = films

    def __getattr__(self, name: str) -> object:
        return getattr(cv2, name)

    def VideoCapture(self, _: str) -> types.SimpleNamespace:
        left = iter([_swapped(frame) for frame in self.films[-1]])

        def read() -> tuple[bool, np.ndarray | None]:
            frame = next(left, None)
            return frame is not None, frame

        return types.SimpleNamespace(read=read, get=lambda _: 25.0, release=lambda: None)

    def VideoWriter(self, *_: object) -> types.SimpleNamespace:
        written: list[np.ndarray] = []
        self.films.append(written)
        return types.SimpleNamespace(write=lambda frame: written.append(_swapped(frame)), release=lambda: None)


def _swapped(frame: Sequence[np.ndarray]) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(frame)[..., ::-1])
