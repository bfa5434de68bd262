"""The folder of voices: what lies there, what of it can be used, and why the rest cannot.

Files may come and go while the service runs; each look reads only what changed. A voice found defective, by its JSON or
when it was loaded, stays out until its files change.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from svc_tts.engine import EngineVoice
from svc_tts.engines.piper.voice import PiperVoice, read_voice
from troupe.wire.errors import CheckpointBroken

log = logging.getLogger(__name__)

Identity = tuple[tuple[int, int], ...]
"""Size and time of change (ns) of the files of a voice."""

_MOST_VOICES = 1_000
_MAX_CARD_BYTES = 1 << 20
_QUALITIES = ("medium", "high", "low", "x_low")  # the best for live speech first
_FIRST_LANGUAGE = "en-US"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A voice, and which of its speakers."""

    voice: PiperVoice
    speaker: int
    identity: Identity
    named: bool  # the speaker is part of the voice's id


@dataclass(frozen=True, slots=True)
class Stock:
    """What is there at one moment."""

    voices: tuple[PiperVoice, ...] = ()
    listed: tuple[EngineVoice, ...] = ()
    chosen: Mapping[str, Chosen] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)  # file -> what is wrong
    refused: tuple[PiperVoice, ...] = ()  # their licences do not tell that commercial use is allowed


class Shelf:
    """The voices in a folder and the folders in it."""

    def __init__(self, folder: Path, *, commercial_only: bool = False) -> None:
        self.folder = folder
        self.stock = Stock()
        self._commercial_only = commercial_only
        self._read: dict[Path, tuple[Identity, PiperVoice | str]] = {}
        self._defects: dict[tuple[Path, Identity], str] = {}

    def look(self) -> None:
        """See what is there now; blocks for the time of a few files."""
        paths = sorted(path for path in self.folder.rglob("*.onnx") if path.is_file())[:_MOST_VOICES]
        before, self._read = self._read, {}
        for path in paths:
            identity = _identity(path)
            known = before.get(path)
            self._read[path] = known if known and known[0] == identity else (identity, _read(path))
        self._defects = {key: why for key, why in self._defects.items() if key[0] in self._read}
        self._take_stock()

    def condemn(self, chosen: Chosen, why: str) -> None:
        """Leave this voice out until its files change."""
        self._defects[chosen.voice.path, chosen.identity] = why
        self._take_stock()

    def find(self, voice_id: str) -> Chosen | None:
        """The voice of that id, whatever its case."""
        return self.stock.chosen.get(voice_id.casefold())

    def _take_stock(self) -> None:
        voices: dict[str, tuple[PiperVoice, Identity]] = {}
        problems, refused = {}, []
        for path, (identity, read) in self._read.items():
            why = read if isinstance(read, str) else self._defects.get((path, identity), "")
            if why or isinstance(read, str):
                problems[path.name] = why
            elif self._commercial_only and not read.licence.commercial_use:
                refused.append(read)
            else:
                voices.setdefault(read.name.casefold(), (read, identity))
        for name in problems.keys() - self.stock.problems.keys():
            log.warning("a voice of Piper cannot be used: %s", problems[name])
        self.stock = _stock(sorted(voices.values(), key=lambda each: _rank(each[0])), problems, tuple(refused))


def _stock(
    voices: list[tuple[PiperVoice, Identity]], problems: Mapping[str, str], refused: tuple[PiperVoice, ...]
) -> Stock:
    listed: list[EngineVoice] = []
    chosen: dict[str, Chosen] = {}
    for voice, identity in voices:
        for voice_id, (entry, speaker) in voice.entries().items():
            listed.append(replace(entry, version=_version(identity)))
            chosen[voice_id.casefold()] = Chosen(voice, speaker, identity, voice_id != voice.name)
    return Stock(tuple(voice for voice, _ in voices), tuple(listed), chosen, problems, refused)


def _version(identity: Identity) -> str:
    return ".".join(f"{size:x}-{changed:x}" for size, changed in identity)


def _rank(voice: PiperVoice) -> tuple[object, ...]:
    """The first voice of a language is its default: one speaker, a quality that is quick enough."""
    quality = _QUALITIES.index(voice.quality) if voice.quality in _QUALITIES else len(_QUALITIES)
    return (voice.language != _FIRST_LANGUAGE, voice.language, voice.speakers > 1, quality, voice.name)


def _read(path: Path) -> PiperVoice | str:
    try:
        return read_voice(path, _card(path))
    except CheckpointBroken as error:
        return error.message


def _cards(path: Path) -> tuple[Path, Path]:
    """Where the MODEL_CARD of a voice lies: under its name, or alone beside it as in Piper's own tree of voices."""
    return path.with_suffix(".MODEL_CARD"), path.parent / "MODEL_CARD"


def _card(path: Path) -> str:
    own, shared = _cards(path)
    if not own.is_file() and sum(1 for _ in path.parent.glob("*.onnx")) > 1:
        return ""  # whose card it is cannot be told
    for card in (own, shared):
        try:
            with card.open("rb") as file:
                return file.read(_MAX_CARD_BYTES).decode(errors="replace")
        except OSError:
            continue
    return ""


def _identity(path: Path) -> Identity:
    files = (path, Path(f"{path}.json"), *_cards(path))
    return tuple(_stat(each) for each in files)


def _stat(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns
