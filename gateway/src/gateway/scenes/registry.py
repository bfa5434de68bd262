"""Scenes: what is told about an answer while it is made, kept for late listeners. Bounded in number and length."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from troupe.wire.errors import Cancelled, InvalidArgument, TroupeError, UnknownScene

MAX_SCENES = 512
MAX_EVENTS = 20_000  # of one scene; 2 hours of words come to about as many
MAX_KEPT_EVENTS = 50_000
"""Of all ended scenes together; the oldest ones are forgotten first. About 50 MB."""
HEADER = "X-Troupe-Scene"
CHOSEN = re.compile(r"scn_[0-9a-f]{24}")
KEPT_S = 900.0
"""How long an ended scene can still be read."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `data` is JSON-like."""

    number: int
    kind: str  # scene, provider, stage, text, words, error, end
    data: dict[str, Any]


@dataclass(slots=True)
class Scene:
    """One answer that may be followed and cancelled by the key it belongs to."""

    scene_id: str
    owner: str
    clock: Callable[[], float] = time.monotonic
    started: float = 0.0
    ended: float | None = None
    events: list[Event] = field(default_factory=list)
    stages: dict[str, int] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _cancel: Callable[[TroupeError], None] | None = None

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def elapsed_ms(self) -> int:
        """Since the request was accepted."""
        return round((self.clock() - self.started) * 1000)

    def tell(self, kind: str, **data: Any) -> None:
        """Add an event; an ended scene takes none."""
        if self.ended is not None or (len(self.events) >= MAX_EVENTS and kind not in {"error", "end"}):
            return
        self.events.append(Event(len(self.events) + 1, kind, data))
        if kind == "end":
            self.ended = self.clock()
        self._news.set()
        self._news = asyncio.Event()

    def stage(self, name: str) -> None:
        """Tell that a stage was reached; only its first time counts."""
        if name not in self.stages:
            self.stages[name] = self.elapsed_ms
            self.tell("stage", stage=name, at_ms=self.elapsed_ms)

    def fail(self, error: TroupeError) -> None:
        """Tell the error, and the end."""
        self.tell("error", code=error.code, message=error.message, details=error.details)
        self.tell("end", ok=False, stages=dict(self.stages))

    def on_cancel(self, cancel: Callable[[TroupeError], None]) -> None:
        """What stops the work of this scene."""
        self._cancel = cancel

    def cancel(self, error: TroupeError | None = None) -> None:
        """Stop its work, if it has not ended."""
        if self.ended is None and self._cancel is not None:
            self._cancel(error or Cancelled("The scene was cancelled."))

    async def follow(self, after: int = 0) -> AsyncGenerator[Event]:
        """Its events from the start (or after that number), as they come, until its end."""
        index = after
        while True:
            news = self._news
            while index < len(self.events):
                yield self.events[index]
                index += 1
            if self.ended is not None:
                return
            await news.wait()


class SceneRegistry:
    """The scenes of this gateway, the latest `MAX_SCENES`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._scenes: OrderedDict[str, Scene] = OrderedDict()

    def open(self, owner: str, scene_id: str = "") -> Scene:
        """A new scene. Its id may be chosen by the caller, who can then follow it before the answer begins.

        Raises `InvalidArgument` for an id that is none, or that is taken.
        """
        if scene_id and not CHOSEN.fullmatch(scene_id):
            raise InvalidArgument(
                f'The scene id "{scene_id[:64]}" is none: it is "scn_" and 24 random hexadecimal digits.',
                field=HEADER,
            )
        if scene_id in self._scenes:
            raise InvalidArgument(f"The scene id {scene_id} is taken. Make a new one for each request.", field=HEADER)
        self._forget_old()
        scene = Scene(scene_id or f"scn_{secrets.token_hex(12)}", owner, self._clock)
        self._scenes[scene.scene_id] = scene
        return scene

    def get(self, scene_id: str, owner: str) -> Scene:
        """The caller's scene of that id. Raises `UnknownScene`, also for a stranger's."""
        scene = self._scenes.get(scene_id)
        if scene is None or scene.owner != owner:
            raise UnknownScene(
                f'No scene "{scene_id[:64]}". A scene is known from its X-Troupe-Scene header on, and for '
                f"{KEPT_S / 60:.0f} minutes after its end."
            )
        return scene

    def running(self) -> list[Scene]:
        """Those that have not ended."""
        return [scene for scene in self._scenes.values() if scene.ended is None]

    def cancel_all(self, error: TroupeError) -> None:
        """End every running scene with this error."""
        for scene in self.running():
            scene.cancel(error)

    def _forget_old(self) -> None:
        now = self._clock()
        ended = [(scene.ended, scene) for scene in self._scenes.values() if scene.ended is not None]
        kept_events = sum(len(scene.events) for _, scene in ended)
        for ended_at, scene in ended:
            if now - ended_at > KEPT_S or kept_events > MAX_KEPT_EVENTS:
                kept_events -= len(scene.events)
                del self._scenes[scene.scene_id]
        while len(self._scenes) >= MAX_SCENES:
            self._scenes.popitem(last=False)
