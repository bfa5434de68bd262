"""Avatars and stored portraits under one roof, and the faces prepared from them, kept while they are in use.

Preparing a face costs a quarter of a second and its data some megabytes, so the last ones used are kept in memory, per
engine and frame size, and what was found in an uploaded picture is kept beside it. Blocking: call it in a thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from svc_video.engine import Prepared, Rgb, VideoEngine
from svc_video.portraits.avatars import Avatar, shipped
from svc_video.portraits.store import PortraitStore
from troupe.wire.errors import UnknownPortrait, nearest

KEPT_FACES = 16

Key = tuple[str, str, str, int, int]  # engine, owner, portrait, width, height


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

    def prepared(self, name: str, engine: VideoEngine, owner: str, portrait_id: str, size: tuple[int, int]) -> Prepared:
        """The face of that portrait for one engine and frame size."""
        # Avatars belong to nobody: one prepared face serves every key.
        key = (name, "" if portrait_id in self.avatars else owner, portrait_id, *size)
        self.require(owner, portrait_id)
        with self._lock:
            if key in self._faces:
                self._faces.move_to_end(key)
                return self._faces[key]
        kept = None
        if portrait_id not in self.avatars:
            kept = self.store.kept(owner, portrait_id, f"{name}-{size[0]}x{size[1]}")
        face = engine.prepare(self._picture(owner, portrait_id), *size, kept)
        with self._lock:
            self._faces[key] = face
            while len(self._faces) > KEPT_FACES:
                self._faces.popitem(last=False)
        return face

    def delete(self, owner: str, portrait_id: str) -> None:
        """Delete a stored portrait and every face prepared from it."""
        self.store.delete(owner, portrait_id)
        with self._lock:
            for key in [key for key in self._faces if key[1:3] == (owner, portrait_id)]:
                del self._faces[key]

    def _picture(self, owner: str, portrait_id: str) -> Rgb:
        if portrait_id in self.avatars:
            return self.avatars[portrait_id].picture()
        return self.store.picture(owner, portrait_id)
