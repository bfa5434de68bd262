"""Fonts for captions: the system's good ones, then the one Pillow brings (ASCII only), then whatever else there is.

Whether a font has a letter is seen from what it draws: a missing one looks like a code point that no font has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from PIL import ImageFont, features

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
LIKED = ("dejavusans-bold.", "notosans-bold", "notosanscjk-bold", "notosans", "dejavusans.")  # in this order
DISLIKED = ("mono", "italic", "oblique", "serif", "condensed", "emoji", "symbol", "thin", "extralight")
MAX_FONTS = 300  # files looked at
NOWHERE = "\U0010fffd"  # private use: drawn as the sign for what is missing
LOOK_SIZE = 20  # pixels at which letters are compared
SHAPED = ("ARABIC", "HEBREW", "SYRIAC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "TAMIL", "TELUGU", "KANNADA")
SHAPED_TOO = ("MALAYALAM", "SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR", "KHMER", "ORIYA")

Font = ImageFont.FreeTypeFont


class Typeface:
    """One font file, or Pillow's own."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, bool] = {}

    @property
    def is_regular(self) -> bool:
        """Whether it is no bold one."""
        return self._path is None or "bold" not in self._path.name.casefold()

    def at(self, size: int) -> Font:
        """The font at that many pixels; OSError where the file is none."""
        return _loaded(self._path, size)

    def has(self, character: str) -> bool:
        """Whether it can draw that character."""
        if character not in self._known:
            self._known[character] = self._drawn(character) != self._missing
        return self._known[character]

    @cached_property
    def _missing(self) -> bytes:
        return self._drawn(NOWHERE)

    def _drawn(self, character: str) -> bytes:
        mask = self.at(LOOK_SIZE).getmask(character)
        return repr(mask.size).encode() + bytes(mask)


class FontBook:
    """Every font there is for captions; files are opened when a letter is looked for that none before has."""

    def __init__(self, folders: Sequence[str] = FOLDERS) -> None:
        self._folders = folders

    @cached_property
    def faces(self) -> list[Typeface]:
        """In the order they are asked."""
        liked, others = _files(self._folders)
        return [*map(Typeface, liked), Typeface(), *map(Typeface, others)]

    def face_for(self, text: str) -> Typeface | None:
        """The first that has every letter of the text and can set it; None where there is none."""
        letters = {character for character in text if unicodedata.category(character)[0] in "LN"}
        if any(_is_shaped(letter) for letter in letters) and not features.check("raqm"):
            return None
        return next((face for face in self.faces if _has_all(face, letters)), None)


def printable(face: Typeface, text: str) -> str:
    """The text without the signs this face lacks: a missing comma is better than a box."""
    return "".join(
        c for c in text if unicodedata.category(c)[0] in "LNMZ" or unicodedata.category(c) == "Cf" or face.has(c)
    )


def runs_right_to_left(text: str) -> bool:
    """Whether the first letter is of a script that does."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") != "L"


def _has_all(face: Typeface, letters: set[str]) -> bool:
    try:
        return all(face.has(letter) for letter in letters)
    except OSError:  # a file that is no font
        return False


def _is_shaped(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith((*SHAPED, *SHAPED_TOO))


def _files(folders: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """Those that are liked, in that order, and the others."""
    found = {path: _rank(path.name.casefold()) for folder in folders for path in _in(Path(folder).expanduser())}
    ordered = sorted(found, key=lambda path: (found[path], path.name, path))[:MAX_FONTS]
    return [path for path in ordered if found[path] < len(LIKED)], [p for p in ordered if found[p] == len(LIKED)]


def _in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*") if folder.is_dir() else ():
        name = path.name.casefold()
        if path.suffix.casefold() in SUFFIXES and not any(part in name for part in DISLIKED):
            yield path


def _rank(name: str) -> int:
    return next((rank for rank, liked in enumerate(LIKED) if name.startswith(liked)), len(LIKED))


@lru_cache(maxsize=64)
def _loaded(path: Path | None, size: int) -> Font:
    if path is not None:
        return ImageFont.truetype(path, size)
    own = ImageFont.load_default(size)
    if not isinstance(own, ImageFont.FreeTypeFont):  # a Pillow built without FreeType has bitmaps only
        raise OSError("Pillow was built without FreeType")
    return own
