"""Frames on their way from a card to the processor, while the card draws on.

Two places in memory that the card writes to by itself take turns: while one batch is carried over on a stream of its
own, the next is drawn, and whoever takes a batch waits for that one alone.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from svc_video.engines.sadtalker.source import Rgb

PLACES = 2


class Parcel(Protocol):
    """A batch on its way."""

    def take(self) -> Rgb:
        """The frames (N, H, W, 3), waited for; they stand until the batch after the next is put."""


class Here:
    """A batch that is where the processor can read it."""

    def __init__(self, frames: Tensor) -> None:
        self._frames = frames

    def take(self) -> Rgb:
        """See `Parcel`."""
        frames: Rgb = self._frames.numpy()
        return frames


class Outbox:
    """Of one device."""

    def __init__(self, device: torch.device) -> None:
        self._card = _Card(device) if device.type == "cuda" else None

    def put(self, frames: Tensor) -> Parcel:
        """Begin to carry (N, H, W, 3) uint8 over; `frames` may be dropped at once."""
        return Here(frames) if self._card is None else self._card.put(frames)


class _Card:
    """Pinned places and the stream that fills them."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)
        self._pinned: list[Tensor] = [torch.empty(0, dtype=torch.uint8)] * PLACES
        self._arrived: list[Any] = [torch.cuda.Event() for _ in range(PLACES)]
        self._turn = 0

    def put(self, frames: Tensor) -> Parcel:
        """See `Outbox`."""
        self._turn = (self._turn + 1) % PLACES
        arrived = self._arrived[self._turn]
        arrived.synchronize()  # nobody overtakes: what was carried here two batches ago has arrived
        place = self._room(frames.numel()).view(frames.shape)
        self._stream.wait_stream(torch.cuda.current_stream(frames.device))
        with torch.cuda.stream(self._stream):
            place.copy_(frames, non_blocking=True)
            arrived.record(self._stream)
        frames.record_stream(self._stream)  # its memory is not given to others before it was read
        return _Carried(place, arrived)

    def _room(self, numbers: int) -> Tensor:
        if len(self._pinned[self._turn]) < numbers:
            self._pinned[self._turn] = torch.empty(numbers, dtype=torch.uint8, pin_memory=True)
        return self._pinned[self._turn][:numbers]


class _Carried:
    """See `Parcel`."""

    def __init__(self, place: Tensor, arrived: Any) -> None:
        self._place, self._arrived = place, arrived

    def take(self) -> Rgb:
        """Waits."""
        self._arrived.synchronize()
        frames: Rgb = self._place.numpy()
        return frames
