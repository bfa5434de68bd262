"""Batches of frames as CUDA graphs, one for each number of frames that is drawn at once.

A frame is some three hundred kernels: for one or two frames launching them takes as long as they do. A graph replays
them with one launch, at the price of fixed shapes and places: so a batch is filled up to the next size there is a
graph of, with what its places held before, and portraits and key points are written to the same places every time.
All graphs share their memory and their places; what one drew is copied out before the next runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, Self

import torch
from torch import Tensor

from svc_video.engines.sadtalker.renderer import Appearance, FrameOrder, Renderer

SIZES = (1, 2, 4, 6, 8, 12, 16, 20, 24, 32)  # frames of a graph: at most a third of a batch is filled up
WARM_UPS = 2  # runs before a capture: libraries choose their kernels and workspaces in them

log = logging.getLogger("sadtalker")
Job = Callable[[], Tensor]


class Capture(Protocol):
    """Makes a job that does the same again, on the same tensors."""

    def __call__(self, job: Job) -> Job:
        """`job` as a graph."""


class Places(NamedTuple):
    """Where a batch is written to, one place for each frame."""

    volumes: Tensor  # (N, C, D, H, W)
    compressed: Tensor  # (N, 4, D, H, W)
    source: Tensor  # (N, K, 3)
    driving: Tensor  # (N, K, 3)

    @classmethod
    def of(cls, appearance: Appearance, count: int) -> Self:
        """So many, each with that portrait, unmoved."""
        points = appearance.canonical
        each = (appearance.volume, appearance.compressed, points, points)
        return cls(*(torch.stack([part] * count) for part in each))


class GraphRenderer:
    """Draws frames of one size as `Renderer.render` does, by graphs; one thread at a time."""

    def __init__(self, renderer: Renderer, appearance: Appearance, most: int, capture: Capture) -> None:
        """For portraits of the size of `appearance`, up to `most` frames at once."""
        self._renderer, self._capture = renderer, capture
        self._sizes = [*(size for size in SIZES if size < most), most]
        with torch.inference_mode():
            self._places = Places.of(appearance, most)
        self._seated: list[Appearance] = [appearance] * most
        self._jobs: dict[int, Job] = {}

    @property
    def most(self) -> int:
        """Frames of its largest graph."""
        return self._sizes[-1]

    @torch.inference_mode()
    def warm(self) -> None:
        """Capture every size, the largest first: the smaller ones find room in its memory."""
        for size in reversed(self._sizes):
            self._job(size)

    @torch.inference_mode()
    def render(self, frames: Sequence[FrameOrder]) -> Tensor:
        """Frames -> (N, S, S, 3) uint8 on the device; what the largest graph does not hold is drawn after it."""
        parts = [self._drawn(frames[start : start + self.most]) for start in range(0, len(frames), self.most)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _drawn(self, frames: Sequence[FrameOrder]) -> Tensor:
        size = next(size for size in self._sizes if size >= len(frames))
        job = self._job(size)  # before the places are filled: what a capture runs leaves them as they are
        self._seat(frames)
        return job()[: len(frames)].clone()  # the next graph writes over it

    def _seat(self, frames: Sequence[FrameOrder]) -> None:
        """Write a batch to its places; a portrait that sits there already stays."""
        for place, frame in enumerate(frames):
            if self._seated[place] is not frame.appearance:
                self._seated[place] = frame.appearance
                self._places.volumes[place].copy_(frame.appearance.volume)
                self._places.compressed[place].copy_(frame.appearance.compressed)
        torch.stack([frame.source for frame in frames], out=self._places.source[: len(frames)])
        torch.stack([frame.driving for frame in frames], out=self._places.driving[: len(frames)])

    def _job(self, size: int) -> Job:
        if size not in self._jobs:
            places = Places(*(part[:size] for part in self._places))
            self._jobs[size] = self._capture(lambda: self._renderer.pixels(*places))
        return self._jobs[size]


class CudaCapture:
    """Jobs as CUDA graphs, which share one pool of memory: each job's output must be read before the next runs."""

    def __init__(self) -> None:
        self._pool: Any = None

    def __call__(self, job: Job) -> Job:
        """See `Capture`. Other threads may go on using the device meanwhile."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                job()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            output = job()
        self._pool = self._pool or graph.pool()

        def replay() -> Tensor:
            graph.replay()
            return output

        return replay


def graphed(renderer: Renderer, appearance: Appearance, most: int) -> GraphRenderer | None:
    """Every size captured; None where there is no card, or it refuses: then `Renderer.render` draws."""
    if renderer.policy.device.type != "cuda":
        return None
    graphs = GraphRenderer(renderer, appearance, most, CudaCapture())
    try:
        graphs.warm()
        torch.cuda.empty_cache()  # what the runs before the captures took: graphs have memory of their own
    except RuntimeError:
        log.exception("this card or its PyTorch captures no graph of SadTalker: every kernel is launched by itself")
        return None
    return graphs
