"""Batches of frames, begun and taken: by graphs where the device has them, carried over while the next is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from svc_video.engines.sadtalker.graphs import GraphRenderer, graphed
from svc_video.engines.sadtalker.outbox import Outbox, Parcel
from svc_video.engines.sadtalker.renderer import FrameOrder, Renderer
from svc_video.engines.sadtalker.source import EXPRESSION, PLACE, POSE, Source

GREY = 128


class Drawing:
    """Of portraits of one size; one thread at a time."""

    def __init__(self, renderer: Renderer, size: int, most: int) -> None:
        """Up to `most` frames at once, each number of them ready: on a card that takes seconds. 0: no graphs."""
        self._renderer = renderer
        self.device = renderer.policy.device
        self._outbox = Outbox(self.device)
        self._graphs: GraphRenderer | None = None
        if self.device.type == "cuda" and most:
            self._graphs = graphed(renderer, renderer.appearance(grey(size)), most)

    def begin(self, frames: Sequence[FrameOrder]) -> Parcel:
        """Queue a batch; its `take` gives (N, S, S, 3). May raise torch's error of memory."""
        drawn = self._graphs.render(frames) if self._graphs else self._renderer.render(frames)
        return self._outbox.put(drawn)


def grey(size: int) -> Source:
    """A square with nothing on it."""
    image = np.full((size, size, 3), GREY, np.uint8)
    return Source(image, np.zeros(EXPRESSION + POSE + PLACE, np.float32), "crop", (size, size))
