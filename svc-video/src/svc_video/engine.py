"""What a video engine is, on one screen, and the engines there are.

An engine gets a prepared portrait and speech that is still coming, and gives frames. It works in the caller's thread
and blocks there: `Speech.frames` hands it one frame number after the other, each when its sound has come, so a slow
reader holds back frames, and a slow speaker nobody else. An engine on a GPU batches inside: it may draw some frames
ahead, in a child process of its own, and gives them one by one. It never sees protobuf, gRPC or the container.
One instance serves all streams of the process. To add one: write a class with these members, and add its dotted name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from svc_video.film import Frame
from svc_video.framing import USUAL_FRAMING, Framing
from svc_video.speech import Speech
from troupe.wire.plugins import engine_class

ENGINES: Mapping[str, str] = {
    "sadtalker": "svc_video.engines.sadtalker.engine:SadTalkerEngine",
    "portrait": "svc_video.engines.portrait.engine:PortraitEngine",
    "still": "svc_video.engines.still:StillEngine",
}
"""Name -> `module:Class`; imported only when chosen. A name with a colon is taken as such: a plug-in's own class."""

Rgb = npt.NDArray[np.uint8]  # (H, W, 3)
Options = Mapping[str, Any]  # an engine's own typed settings, as plain values: numbers, words, bytes, lists of numbers
NO_OPTIONS: Options = {}
SLOW = "slow"
"""The feature of an engine that is far from real time here: it is asked only by those who named it."""


@dataclass(frozen=True, slots=True)
class SadTalkerPlace:
    """Where the checkpoints of SadTalker lie, and how it runs."""

    checkpoint: Path = Path("models/sadtalker")
    device: str = "auto"  # auto, cpu, cuda, cuda:N
    precision: str = "auto"  # auto, fp32, tf32, fp16, bf16
    batch: int = 0  # frames rendered at once; 0 = by the device
    landmarks: str = "auto"  # auto, awing, face-alignment
    enhancers: str = ""  # name=module:Class, with commas


@dataclass(frozen=True, slots=True)
class EngineContext:
    """What an engine may know of the service it runs in."""

    sadtalker: SadTalkerPlace = field(default_factory=SadTalkerPlace)


USUAL_CONTEXT = EngineContext()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A portrait as one engine keeps it for one frame size; `face` is the engine's own."""

    width: int
    height: int
    face: Any
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One film to draw. `options` are the engine's own typed settings, as plain values."""

    portrait: Prepared
    rate: Fraction  # frames per second
    seed: int = 0
    expression: str = ""
    options: Options = field(default_factory=dict)
    beat: Callable[[], None] = lambda: None
    """To be called while an engine that works in another process goes on and has no frame yet."""

    def option(self, name: str, default: float) -> float:
        """A number among the engine's own settings."""
        return float(self.options.get(name, default))


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What `Describe` says of an engine that does not change while it runs."""

    model: str
    version: str
    device: str
    licence: str
    commercial_use: bool
    licence_note: str = ""
    features: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()  # that a face can wear; none = it wears its own
    portrait_options: tuple[str, ...] = ()  # names of the options that change how a portrait is prepared
    notes: tuple[str, ...] = ()  # what every film's header says of it
    frame_rate: int = 0  # the only one it draws: others show the nearest of its frames; 0 = it draws any
    probed: bool = True  # False = it is not asked for a frame: it drew one while it loaded, its health is `check`'s
    apart: bool = False  # it works in a process of its own, and `check` says when that one hangs or can be loaded now
    quick: bool = True  # it prepares a portrait in well under a second: avatars are prepared before they are wanted


class VideoEngine(Protocol):
    """The whole contract, and `__init__(context)`. Every method blocks; none is called on the event loop."""

    facts: EngineFacts

    def start(self, report: Callable[[float], None]) -> None:
        """Load; `report` hears how far (0..1). Raises `EngineMissing` or `CheckpointNotFound` with what mends it."""

    def prepare(
        self,
        picture: Rgb,
        width: int,
        height: int,
        kept: Path | None = None,
        framing: Framing = USUAL_FRAMING,
        *,
        options: Options = NO_OPTIONS,
    ) -> Prepared:
        """Find the face and frame it; raises `NoFace`. `kept` is a file the engine may keep its findings in.

        `options` holds those of `facts.portrait_options` that were asked for. The frames may have another size than
        was asked for: `Prepared` tells. An engine whose features lack "background" leaves the background as it is.
        """

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        """One frame for each number of `speech.frames`. Closing the iterator frees the engine at once."""

    def check(self) -> None:
        """Cheaply make sure that it still works; raises `EngineFailed` with the reason. Called twice a second.

        With the detail `loading` (0..1) the engine is being loaded again, and not broken.
        """

    def stop(self) -> None:
        """Free everything."""


@runtime_checkable
class CountingEngine(Protocol):
    """An engine that counts what an operator may want to see."""

    def counts(self) -> Mapping[str, int]:
        """How often each thing happened since its start; no ids of callers."""


def make(name: str, context: EngineContext = USUAL_CONTEXT) -> VideoEngine:
    """An instance of that engine, not yet started; raises `UnknownEngine`."""
    return cast("VideoEngine", engine_class("video", name, ENGINES)(context))
