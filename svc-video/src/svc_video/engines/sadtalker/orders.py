"""What the service asks of the process that holds SadTalker, as it goes over the pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from svc_video.engines.sadtalker.packets import Data
from svc_video.engines.sadtalker.source import MODES, Crop, Mode, Source

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Load:
    """What to load, and how to run it."""

    checkpoint: str  # folder
    device: str  # auto, cpu, cuda, cuda:1
    precision: str  # auto, fp32, tf32, fp16, bf16
    batch: int  # frames rendered at once; 0 = by the device
    landmarks: str  # auto, awing, face-alignment, mesh
    enhancers: str = ""  # name=module:Class, with commas


@dataclass(frozen=True, slots=True)
class Acting:
    """How the head of one film moves: `plan.MotionPlan`, but for the reference film, which travels beside it."""

    seed: int = 0
    style: int = 0
    still: bool = False
    expression_scale: float = 1.0
    pose_scale: float = 1.0
    blink_rate: float | None = None
    yaw: tuple[float, ...] = ()  # degrees
    pitch: tuple[float, ...] = ()
    roll: tuple[float, ...] = ()
    follow: str = "both"  # "pose", "blink", "both": of the reference film, where there is one


@dataclass(frozen=True, slots=True)
class Finish:
    """How squares become frames where they are drawn, because an enhancer wants whole frames."""

    enhancer: str
    frame: tuple[int, int]  # (width, height)
    picture: tuple[int, int]  # (width, height) of the portrait's picture, which travels beside it
    seam: str


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """One film to draw: how the head moves, and which frames are wanted."""

    acting: Acting = field(default_factory=Acting)
    rate: tuple[int, int] = (25, 1)  # frames per second of the film, as a fraction
    first_index: int = 0  # number of its first frame, at that rate
    sound_from: int = 0  # number of the first sample that is fed, at 24 kHz
    room: int = 0  # frames that may be given before the service allows more
    finish: Finish | None = None  # none = the squares themselves are given

    def message(self, source: Source, sizes: Sequence[int]) -> Message:
        """As JSON. Beside it travel `source_data`, a reference film and a picture, of these sizes (bytes), 0 = none."""
        return {"order": asdict(self), "source": source_message(source), "sizes": list(sizes)}

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> FilmOrder:
        """Out of JSON."""
        told: Message = dict(message["order"])
        acting: Message = {name: _value(value) for name, value in told.pop("acting").items()}
        rate = _pair(told.pop("rate"))
        finish = told.pop("finish")
        return cls(acting=Acting(**acting), rate=rate, finish=_finish(finish) if finish else None, **told)


def source_message(source: Source) -> Message:
    """A source without its arrays."""
    crop = None if source.crop is None else asdict(source.crop)
    return {"size": source.size, "mode": source.mode, "cut": source.cut, "crop": crop, "notes": source.notes}


def source_data(source: Source) -> bytes:
    """Its arrays: pixels, then coefficients."""
    return source.image.tobytes() + source.coefficients.astype(np.float32).tobytes()


def to_source(message: Mapping[str, Any], data: Data) -> Source:
    """A source out of its message and the bytes that came beside it; raises `ValueError` where they do not fit."""
    size = int(message["size"])
    pixels = size * size * 3
    image = np.frombuffer(data, np.uint8, pixels).reshape(size, size, 3)
    coefficients = np.frombuffer(data, np.float32, offset=pixels)
    mode, cut, crop = _mode(message["mode"]), _pair(message["cut"]), _crop(message["crop"])
    return Source(image, coefficients, mode, cut, crop, tuple(message["notes"]))


def _finish(told: Mapping[str, Any]) -> Finish:
    return Finish(told["enhancer"], _pair(told["frame"]), _pair(told["picture"]), told["seam"])


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _mode(name: str) -> Mode:
    return next(mode for mode in MODES if mode == name)


def _pair(values: list[int]) -> tuple[int, int]:
    width, height = values
    return width, height


def _crop(told: Mapping[str, Any] | None) -> Crop | None:
    if told is None:
        return None
    left, top, right, bottom = told["outer"]
    inner = told["inner"]
    return Crop(_pair(told["picture"]), (left, top, right, bottom), (inner[0], inner[1], inner[2], inner[3]))
