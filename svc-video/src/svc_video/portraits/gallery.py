"""Avatars and stored portraits under one roof, and the faces prepared from them, kept while they are in use.

Preparing a face costs a third of a second and its data some megabytes, so the last ones used are kept in memory, per
engine, frame size and framing, and what was found in an uploaded picture is kept beside it. Blocking: use a thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import Any

from svc_video.engine import NO_OPTIONS, Options, Prepared, Rgb, VideoEngine
from svc_video.framing import USUAL_FRAMING, Background, Framing
from svc_video.portraits.avatars import Avatar, shipped
from svc_video.portraits.store import PortraitStore
from troupe.wire.errors import UnknownPortrait, nearest

KEPT_FACES = 16

Given = tuple[tuple[str, Any], ...]  # options that change how a portrait is prepared, sorted by name
Key = tuple[str, str, str, int, int, Given, Framing]  # engine, owner, portrait, width, height, shape and background


class Gallery:
    """Every portrait this service can animate."""

    def __init__(self, store: PortraitStore, avatars: dict[str, Avatar] | None = None) -> None:
        self.store = store
        self.avatars = shipped() if avatars is None else avatars
        self._faces: OrderedDict[Key, Prepared] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def default(self) -> str:
        """The avatar shown where none is asked for."""
        return next(iter(self.avatars))

    def require(self, owner: str, portrait_id: str) -> None:
        """Raise `UnknownPortrait`, naming the nearest avatar, unless the owner may use that portrait."""
        if portrait_id in self.avatars:
            return
        try:
            self.store.facts(owner, portrait_id)
        except UnknownPortrait as error:
            known = ", ".join(self.avatars)
            hint = nearest(portrait_id, self.avatars)
            raise UnknownPortrait(f"{error.message} Avatars: {known}.{hint}") from error

    def prepared(
        self,
        name: str,
        engine: VideoEngine,
        owner: str,
        portrait_id: str,
        size: tuple[int, int],
        *,
        framing: Framing = USUAL_FRAMING,
        options: Options = NO_OPTIONS,
    ) -> Prepared:
        """The face of that portrait for one engine, frame size (0 = as the framing says), framing and options."""
        self.require(owner, portrait_id)
        width, height = framing.size(*size, self._size(owner, portrait_id))
        # Avatars belong to nobody: one prepared face serves every key.
        whose = "" if portrait_id in self.avatars else owner
        chosen = portrait_options(engine, options)
        given = tuple(sorted(chosen.items()))
        key = (name, whose, portrait_id, width, height, given, framing)
        with self._lock:
            if key in self._faces:
                self._faces.move_to_end(key)
                return self._faces[key]
        shown = "-".join([name, f"{width}x{height}", framing.name, *(str(value) for _, value in given)])
        kept = self._kept(owner, portrait_id, shown, framing.background)
        face = engine.prepare(self.picture(owner, portrait_id), width, height, kept, framing, options=chosen)
        with self._lock:
            self._faces[key] = face
            while len(self._faces) > KEPT_FACES:
                self._faces.popitem(last=False)
        return face

    def delete(self, owner: str, portrait_id: str) -> None:
        """Delete a stored portrait and every face prepared from it."""
        self.store.delete(owner, portrait_id)
        with self._lock:
            for key in [key for key in self._faces if _shows(key, owner, portrait_id)]:
                del self._faces[key]

    def background(self, owner: str, portrait_id: str) -> Background:
        """A stored portrait's picture to stand behind another one; raises `UnknownPortrait`."""
        self.require(owner, portrait_id)
        return Background("image", key=portrait_id, picture=partial(self.picture, owner, portrait_id))

    def picture(self, owner: str, portrait_id: str) -> Rgb:
        """The pixels of an avatar or of the owner's portrait; raises `UnknownPortrait`."""
        if portrait_id in self.avatars:
            return self.avatars[portrait_id].picture()
        return self.store.picture(owner, portrait_id)

    def _size(self, owner: str, portrait_id: str) -> tuple[int, int]:
        if portrait_id in self.avatars:
            return self.avatars[portrait_id].size()
        facts = self.store.facts(owner, portrait_id)
        return facts.width, facts.height

    def _kept(self, owner: str, portrait_id: str, name: str, background: Background) -> Path | None:
        """The file beside a stored portrait. None with a picture behind: that one may be deleted, or was only lent."""
        if portrait_id in self.avatars or background.picture is not None:
            return None
        return self.store.kept(owner, portrait_id, name)


def _shows(key: Key, owner: str, portrait_id: str) -> bool:
    """Whether a prepared face shows that portrait, as itself or behind another."""
    return key[1:3] == (owner, portrait_id) or key[-1].background.key == portrait_id


def portrait_options(engine: VideoEngine, options: Options) -> dict[str, Any]:
    """Those of the options that the engine wants to know when it prepares a portrait."""
    return {name: options[name] for name in engine.facts.portrait_options if name in options}
