"""A finished film, decoded: pictures with the moment each is seen, and the sound as it is heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000  # Hz, what the aligner hears
SILENT = 100  # of 32,768: no sample of a film that speaks stays below it
CODEC = "libx264"
OPTIONS = {"preset": "veryfast", "crf": "23", "tune": "zerolatency"}  # the product's own

Rgb = NDArray[np.uint8]  # (H, W, 3)


class CannotJudge(ValueError):
    """The film is none that can be judged; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One decoded frame; `at_s` is the middle of the time it stands on the screen."""

    at_s: float
    rgb: Rgb


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The film's container; CannotJudge where the file is none, has no picture or breaks off."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise CannotJudge(f"{path.name} has no picture; a film to be judged needs a face and its voice.")
            yield container
    except av.FFmpegError as error:
        raise CannotJudge(f"{path.name} cannot be read: {error.strerror}. MP4, WebM and MOV can be judged.") from error


def shots(path: Path) -> Iterator[Shot]:
    """The film's frames in order. A frame is seen until the next one comes, so half a frame is added to its time."""
    with opened(path) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 25)
        for frame in container.decode(stream):
            yield Shot(float(frame.pts * stream.time_base) + 0.5 / rate, frame.to_ndarray(format="rgb24"))


def frame_rate(path: Path) -> float:
    """Frames per second."""
    with opened(path) as container:
        return float(container.streams.video[0].average_rate or 25)


def sound(path: Path) -> NDArray[np.int16]:
    """The sound, mono at RATE; sample 0 is heard at 0 s, whatever the encoder put before it.

    CannotJudge where there is none, or only silence.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces: list[NDArray[np.int16]] = []
    begins = 0.0
    with opened(path) as container:
        for frame in container.decode(audio=0) if container.streams.audio else ():
            if not pieces and frame.pts is not None:
                begins = begins or float(frame.pts * frame.time_base)
            pieces += [each.to_ndarray()[0] for each in resampler.resample(frame)]
        pieces += [each.to_ndarray()[0] for each in resampler.resample(None)] if pieces else []
    if not pieces:
        raise CannotJudge(f"{path.name} has no sound; a film to be judged needs speech. Mux the sound into it.")
    samples = np.concatenate(pieces)
    if np.abs(samples.astype(np.int32)).max() < SILENT:
        raise CannotJudge(f"The sound of {path.name} is silence; a film to be judged needs speech.")
    return placed(samples, begins)


def placed(samples: NDArray[np.int16], begins_s: float) -> NDArray[np.int16]:
    """Samples that begin at `begins_s`, moved so that the first one is heard at 0 s."""
    shift = round(begins_s * RATE)
    if shift < 0:
        return samples[-shift:]
    return np.concatenate([np.zeros(shift, np.int16), samples])


def encoded_again(frames: Iterable[Rgb], path: Path, rate: float) -> None:
    """The frames as an MP4 of the product's own kind, without sound; a last odd row or column is left out."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODEC, rate=round(rate), options=OPTIONS)
        stream.pix_fmt = "yuv420p"
        for whole in frames:
            rgb = np.ascontiguousarray(whole[: whole.shape[0] // 2 * 2, : whole.shape[1] // 2 * 2])
            if not stream.codec_context.is_open:
                stream.height, stream.width = rgb.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
