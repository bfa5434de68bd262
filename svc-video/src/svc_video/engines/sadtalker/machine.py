"""What the scheduler and the worker need of the networks, so that they are tested without torch.

`networks` is the real one; tests/fakes/sadtalker_standin.py has one that draws colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from svc_video.engines.sadtalker.orders import FilmOrder, Finish
from svc_video.engines.sadtalker.source import Mode, Rgb, Source

Pose = Any
"""All that the renderer must know to draw one frame; opaque here."""


Finisher = Callable[[Rgb], Rgb]
"""(N, S, S, 3) -> (N, H, W, 3); may raise what ends the film."""


Squares = Callable[[], Sequence[Rgb]]
"""Waits for a batch that was begun, and gives it; its squares stand until the batch after the next is begun."""


class OutOfMemory(Exception):  # not an error of ours: what the machine has is used up
    """The device's memory did not suffice for this call; smaller ones may fit."""


class Performance(Protocol):
    """The motion of one film, while its sound is still coming."""

    def feed(self, pcm: bytes) -> None:
        """Sound: s16le mono 24 kHz, on from what was fed."""

    def end(self) -> None:
        """No more sound comes."""

    def ready(self) -> Sequence[Pose]:
        """The frames that became known since the last call, in order, 25 per second from the film's first one on."""

    @property
    def whole(self) -> bool:
        """Whether every frame was given."""


class Stage(Protocol):
    """What is made before a film can be drawn. Called in a thread beside the one that renders."""

    def source(self, picture: Rgb, mode: Mode, size: int) -> Source:
        """The face of a picture; raises `NoFace`."""

    def identity(self, size: int) -> str:
        """Of what measures faces for that size: what another one measured is not used."""

    def finisher(self, source: Source, finish: Finish, picture: Rgb) -> Finisher:
        """What makes frames of this film's squares; raises `InvalidArgument` or `EngineMissing`."""

    def performance(self, source: Source, order: FilmOrder, reference: bytes) -> Performance:
        """A film that begins; raises `UnsupportedMedia` where the reference film cannot be followed."""


class Renderer(Protocol):
    """Draws frames."""

    @property
    def batch(self) -> int:
        """Frames that are best drawn at once."""

    @property
    def ahead(self) -> bool:
        """Whether a batch may be begun before the one before it was taken: it is drawn elsewhere meanwhile."""

    def begin(self, poses: Sequence[Pose]) -> Squares:
        """Draw one square for each, whichever films they are of; may raise `OutOfMemory`."""
