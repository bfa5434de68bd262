"""The seam for face enhancers (GFPGAN and its like): off by default, and none is shipped.

Whoever runs the service names its own, `TROUPE_VIDEO_SADTALKER_ENHANCERS="sharp=my_module:Sharp"`; a request may only
choose among those. As upstream does, an enhancer gets whole frames, after the head was set back. A class that fits:

    class Sharp:
        def enhanced(self, frames):  # uint8 (N, H, W, 3), RGB; the same back
            return frames

It is made once, without arguments, in the process that draws, and called by one thread at a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

import numpy as np

from svc_video.engines.sadtalker.source import Rgb
from troupe.wire.errors import EngineFailed, EngineMissing, InvalidArgument, nearest

NONE = ("", "none")
SETTING = "TROUPE_VIDEO_SADTALKER_ENHANCERS"
_ENTRY = re.compile(r"([\w-]+)\s*=\s*([^\W\d][\w.]*:[^\W\d]\w*)")


class Enhancer(Protocol):
    """Makes frames finer."""

    def enhanced(self, frames: Rgb) -> Rgb:
        """Frames uint8 (N, H, W, 3), RGB, and the same number in the same size back."""


class Enhancers:
    """The enhancers of this service, by name; each is imported when it is first asked for."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        """`classes`: name -> `module:Class`."""
        self._classes = dict(classes)
        self._made: dict[str, Enhancer] = {}

    @classmethod
    def named_in(cls, setting: str) -> Enhancers:
        """Those of a setting like "sharp=my_module:Sharp, soft=other:Soft"; raises `InvalidArgument`."""
        entries = [entry.strip() for entry in setting.split(",") if entry.strip()]
        found = {entry: _ENTRY.fullmatch(entry) for entry in entries}
        for entry, match in found.items():
            if match is None or match[1] in NONE:
                raise InvalidArgument(f"{SETTING} has {entry!r}; an enhancer is given as name=module:Class.")
        return cls({match[1]: match[2] for match in found.values() if match})

    @property
    def names(self) -> tuple[str, ...]:
        """What may be asked for, besides none."""
        return tuple(self._classes)

    def check(self, name: str) -> None:
        """Raises `InvalidArgument` with those there are, where there is none of that name; imports nothing."""
        if name in NONE or name in self._classes:
            return
        known = f"there are: none, {', '.join(self._classes)}." if self._classes else "this service has none."
        hint = "" if self._classes else f" Leave it empty, or have one named in {SETTING}."
        raise InvalidArgument(
            f"The enhancer {name!r} is not known; {known}{nearest(name, self._classes)}{hint}", field="enhancer"
        )

    def get(self, name: str) -> Enhancer | None:
        """That enhancer, ready, or none for "" and "none". Raises `InvalidArgument` and `EngineMissing`."""
        self.check(name)
        if name in NONE:
            return None
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Enhancer:
        module, _, attribute = self._classes[name].partition(":")
        try:
            return cast("Enhancer", getattr(import_module(module), attribute)())
        except (ImportError, AttributeError) as error:
            raise EngineMissing(
                f"The enhancer {name!r} ({self._classes[name]}) cannot be imported: {error}.",
                remedy=f"Put its folder into PYTHONPATH, or take it out of {SETTING}.",
            ) from error


def enhanced(enhancer: Enhancer | None, frames: Rgb) -> Rgb:
    """The frames, finer where there is an enhancer; raises `EngineFailed` where it gives something else than frames."""
    if enhancer is None or not len(frames):
        return frames
    finer = np.asarray(enhancer.enhanced(frames))
    if finer.shape != frames.shape or finer.dtype != np.uint8:
        raise EngineFailed(
            f"The enhancer {type(enhancer).__name__} gave {finer.dtype} {finer.shape}; "
            f"it was given uint8 {frames.shape}, and must give the same."
        )
    return np.asarray(finer, np.uint8)
