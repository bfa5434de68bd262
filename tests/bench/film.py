"""A film as its receiver sees it: fragments with the times they came at, and what decoding them shows."""

from __future__ import annotations

import io
import re
import time
from collections.abc import AsyncIterable
from dataclasses import dataclass, field

import av
import numpy as np

from troupe.v1 import media_pb2

# x264 writes its version and settings into the stream (SEI user data); of its presets only veryfast has subme 2.
X264 = re.compile(rb"x264 - core (\d+)[^\0]*?options: ([ -~]+)")
ENCODER = {"crf": "23.0", "subme": "2", "cabac": "1", "ref": "1"}
SHOWN = ("rc", "crf", "subme", "cabac", "ref", "me", "trellis", "bframes", "threads")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A whole fragment: when it came (monotonic seconds), and where in the film it lies (seconds)."""

    came_at: float
    start_s: float
    end_s: float


@dataclass(slots=True)
class Received:
    """One answer of `Animate`."""

    asked_at: float
    data: bytearray = field(default_factory=bytearray)
    fragments: list[Fragment] = field(default_factory=list)
    to_first: int = 0  # bytes up to the end of the first fragment, the init segment included
    seconds: float = 0.0  # from the request to the end

    @property
    def first_s(self) -> float:
        """From the request to the first whole fragment."""
        return self.fragments[0].came_at - self.asked_at


@dataclass(frozen=True, slots=True)
class Look:
    """What decoding shows."""

    frames: int
    same: float  # share of frames equal to the one before
    sound_s: float


async def received(chunks: AsyncIterable[media_pb2.MediaChunk]) -> Received:
    """Take an answer in to its end."""
    film = Received(time.monotonic())
    async for chunk in chunks:
        film.data += chunk.data
        if chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT and chunk.last_piece:
            film.fragments.append(Fragment(time.monotonic(), chunk.start_ms / 1000, chunk.end_ms / 1000))
            film.to_first = film.to_first or len(film.data)
    film.seconds = time.monotonic() - film.asked_at
    return film


def looked_at(data: bytes) -> Look:
    """Decode a film, or its beginning: frames, how many are as the one before, and how long sound is heard."""
    frames, same, samples, before = 0, 0, 0, None
    with av.open(io.BytesIO(data), "r") as container:
        rate = container.streams.audio[0].rate
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.AudioFrame):
                samples += frame.samples
                continue
            pixels = frame.to_ndarray()
            same += before is not None and np.array_equal(pixels, before)
            frames, before = frames + 1, pixels
    return Look(frames, same / max(1, frames - 1), samples / rate)


def encoder(data: bytes) -> dict[str, str]:
    """The settings that x264 itself wrote into the bytes; empty where it wrote none."""
    found = X264.search(data)
    if found is None:
        return {}
    words = (word.partition("=") for word in found[2].decode().split())
    return {"core": found[1].decode()} | {name: value for name, _, value in words}


def encoder_line(data: bytes) -> str:
    """The settings that matter, for the reader, and whether they are veryfast crf 23."""
    told = encoder(data)
    if not told:
        return "encoder: the film does not say"
    as_said = all(told.get(name) == value for name, value in ENCODER.items())
    shown = " ".join(f"{name}={told.get(name)}" for name in SHOWN)
    return f"encoder: x264 core {told['core']}, {shown}: {'as' if as_said else 'NOT'} veryfast crf 23"
