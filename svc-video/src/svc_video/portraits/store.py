"""Uploaded portraits in a folder: `<owner>/<id>/{picture.png,portrait.json}`. Blocking: call it in a thread.

- A portrait belongs to a key; another key's id is as unknown as one that never was.
- Ids cannot be guessed. Names of owners are hashed: a key id is not a file name.
- A portrait appears and vanishes whole: it is written aside and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from svc_video.engine import Rgb
from troupe.wire.errors import InvalidArgument, QuotaExceeded, UnknownPortrait

KEPT_S = 30 * 24 * 3600  # unless the caller asks to keep it
ID_BYTES = 16
ID = re.compile(r"p_[A-Za-z0-9_-]{22}")
PICTURE, FACTS = "picture.png", "portrait.json"
MAX_OWNED = 200  # portraits of one key
MAX_KEPT = 8  # files beside one picture: there are a quarter of a million frame sizes
ASIDE = ".aside-"  # prefix of folders being written or removed
ASIDE_S = 3600  # older ones were left by a process that died


@dataclass(frozen=True, slots=True)
class PortraitFacts:
    """What is known of a stored portrait. `expires_at` 0 = kept until deleted; times are Unix seconds."""

    portrait_id: str
    name: str
    created_at: int
    expires_at: int
    width: int
    height: int
    notes: tuple[str, ...] = ()


class PortraitStore:
    """The folder of uploaded portraits."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._clock = clock

    def add(self, owner: str, picture: Rgb, name: str, notes: tuple[str, ...], *, keep: bool) -> PortraitFacts:
        """Store a picture for that owner."""
        if len(self.owned(owner)) >= MAX_OWNED:
            raise QuotaExceeded(
                f"This key keeps {MAX_OWNED} portraits, as many as one may. Delete some.", max=MAX_OWNED
            )
        now = int(self._clock())
        facts = PortraitFacts(
            portrait_id=f"p_{secrets.token_urlsafe(ID_BYTES)}",
            name=name,
            created_at=now,
            expires_at=0 if keep else now + KEPT_S,
            width=picture.shape[1],
            height=picture.shape[0],
            notes=notes,
        )
        folder = self._folder(owner)
        aside = folder / f"{ASIDE}{facts.portrait_id}"
        aside.mkdir(parents=True)
        Image.fromarray(picture).save(aside / PICTURE, compress_level=1)
        (aside / FACTS).write_text(json.dumps(asdict(facts)))
        aside.rename(folder / facts.portrait_id)
        return facts

    def facts(self, owner: str, portrait_id: str) -> PortraitFacts:
        """What is known of the owner's portrait; raises `UnknownPortrait`."""
        facts = self._read(self._folder(owner) / portrait_id) if ID.fullmatch(portrait_id) else None
        if facts is None:
            raise UnknownPortrait(
                "There is no portrait of that id, or it belongs to another key, or its 30 days are over. "
                "List the portraits, or upload it again."
            )
        return facts

    def picture(self, owner: str, portrait_id: str) -> Rgb:
        """The picture; raises `UnknownPortrait`."""
        self.facts(owner, portrait_id)
        with Image.open(self._folder(owner) / portrait_id / PICTURE) as image:
            return np.asarray(image.convert("RGB"), np.uint8)

    def kept(self, owner: str, portrait_id: str, name: str) -> Path | None:
        """A file beside the picture for what an engine found in it; None where there are enough of them already."""
        folder = self._folder(owner) / portrait_id
        file = folder / f"{name}.kept"
        enough = len(list(folder.glob("*.kept"))) >= MAX_KEPT
        return file if file.exists() or not enough else None

    def owned(self, owner: str) -> list[PortraitFacts]:
        """The owner's portraits, the newest first."""
        folder = self._folder(owner)
        found = [self._read(entry) for entry in folder.iterdir()] if folder.is_dir() else []
        return sorted((facts for facts in found if facts), key=lambda facts: facts.created_at, reverse=True)

    def delete(self, owner: str, portrait_id: str) -> None:
        """Remove it, picture and all; raises `UnknownPortrait`."""
        self.facts(owner, portrait_id)
        self._remove(self._folder(owner) / portrait_id)

    def sweep(self) -> int:
        """Remove what has expired or was left half-written; tells how many."""
        gone = [entry for entry in self._entries() if self._over(entry)]
        for entry in gone:
            self._remove(entry)
        return len(gone)

    def _entries(self) -> Iterator[Path]:
        for owner in self._root.iterdir() if self._root.is_dir() else ():
            if owner.is_dir():
                yield from owner.iterdir()

    def _over(self, entry: Path) -> bool:
        if entry.name.startswith(ASIDE):
            try:
                return entry.stat().st_mtime < self._clock() - ASIDE_S
            except FileNotFoundError:
                return False  # another replica sweeps too
        return bool(ID.fullmatch(entry.name)) and self._read(entry) is None

    def _read(self, entry: Path) -> PortraitFacts | None:
        """The facts of an entry; None when there are none, or its time is over."""
        if entry.name.startswith(ASIDE):
            return None
        try:
            values = json.loads((entry / FACTS).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        facts = PortraitFacts(**{**values, "notes": tuple(values["notes"])})
        over = 0 < facts.expires_at <= self._clock()
        return None if over else facts

    def _remove(self, entry: Path) -> None:
        aside = entry.with_name(f"{ASIDE}{secrets.token_hex(8)}")
        try:
            entry.rename(aside)
        except FileNotFoundError:
            return  # another replica was faster
        shutil.rmtree(aside, ignore_errors=True)

    def _folder(self, owner: str) -> Path:
        return self._root / hashlib.sha256(owner.encode()).hexdigest()[:32]


def folder_of(url: str) -> Path:
    """The folder `PORTRAITS_URL` names; raises `InvalidArgument` for what is no folder."""
    scheme, marker, rest = url.partition("://")
    if marker and scheme != "file":
        raise InvalidArgument(
            f"PORTRAITS_URL is {scheme}://...; portraits are kept in a local folder or a shared volume. Name one."
        )
    path = Path(os.path.expandvars(rest if marker else url)).expanduser()
    if path.exists() and not path.is_dir():
        raise InvalidArgument(f"PORTRAITS_URL is {path}, which is a file. Name a folder.")
    return path
