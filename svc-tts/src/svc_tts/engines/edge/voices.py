"""Microsoft's voices: the list bundled with this package, and the one of today.

`voices.tsv` holds facts of listings that users of edge-tts have published: 322 voices of 142 locales, as it was and
not as it is. The list of today is asked for at most once a day and kept in a file; where that fails, the one at hand
serves. A voice that is on the list no more is kept and marked as retired, so that a wish for it still tells a language
and a gender.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import edge_tts

from svc_tts.engine import EngineVoice, Gender
from svc_tts.engines.edge.failures import CAUGHT
from svc_tts.voices.seed import SEED_VOICES

_REFRESH_S = 24 * 3600.0
_AGAIN_S = 600.0  # after a refresh that failed
_PATIENCE_S = 20.0
_FEWEST = 50  # voices: a shorter list is not Microsoft's
_FIRST = frozenset(voice.voice_id for voice in SEED_VOICES)
_HOME = {
    "ar": "ar-EG", "bn": "bn-BD", "de": "de-DE", "en": "en-US", "es": "es-ES", "fr": "fr-FR",
    "nl": "nl-NL", "pt": "pt-BR", "sw": "sw-KE", "ta": "ta-IN", "ur": "ur-PK", "zh": "zh-CN",
}  # fmt: skip
"""Language -> the locale that speaks where none was asked for."""

log = logging.getLogger(__name__)


@cache
def bundled() -> tuple[EngineVoice, ...]:
    """The voices of the package's own list, each language's default first."""
    table = resources.files(__package__).joinpath("voices.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines()[1:])
    return _ordered(
        EngineVoice(voice_id, _name(voice_id), language, Gender(gender)) for voice_id, language, gender in rows
    )


def told(listing: Any) -> tuple[EngineVoice, ...]:
    """The voices of the endpoint's own JSON; what cannot be read is left out."""
    entries = [entry for entry in listing if isinstance(entry, dict)] if isinstance(listing, list) else []
    return _ordered(voice for entry in entries if (voice := _voice(entry)))


def merged(known: Sequence[EngineVoice], now: Sequence[EngineVoice]) -> tuple[EngineVoice, ...]:
    """The voices of now, then those known before as retired; `known` itself where `now` is no whole list."""
    if len(now) < _FEWEST:
        return tuple(known)
    current = {voice.voice_id for voice in now}
    gone = (voice for voice in known if voice.voice_id not in current)
    retired = (EngineVoice(each.voice_id, each.name, each.language, each.gender, retired=True) for each in gone)
    return (*now, *retired)


class VoiceList:
    """The voices as they are known now, and the file they are kept in."""

    def __init__(self, file: Path | None, proxy: str = "") -> None:
        self._file = file
        self._proxy = proxy
        self._due_at = 0.0  # by the wall clock, since the file outlives the process
        self._refreshing: asyncio.Task[None] | None = None
        self.voices = bundled()

    def load(self) -> None:
        """Take the list of the file, where there is one; blocks for as long as a small file takes."""
        if self._file is None or not self._file.is_file():
            return
        try:
            listing = json.loads(self._file.read_text(encoding="utf-8"))
            self._due_at = self._file.stat().st_mtime + _REFRESH_S
        except (OSError, ValueError) as error:
            log.warning("the list of Microsoft's voices in %s is not used: %s", self._file.name, error)
            return
        self.voices = merged(bundled(), told(listing))

    def refresh_when_due(self) -> None:
        """Ask for the list of today in the background, at most once a day."""
        if time.time() >= self._due_at and self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh())
            self._refreshing.add_done_callback(self._refreshed)

    async def close(self) -> None:
        """Stop asking."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    async def _refresh(self) -> None:
        self._due_at = time.time() + _AGAIN_S
        try:
            async with asyncio.timeout(_PATIENCE_S):
                listing = await edge_tts.list_voices(proxy=self._proxy or None)
        except CAUGHT as error:
            log.info("Microsoft's list of voices did not come (%s): the one at hand serves", error)
            return
        now = told(listing)
        if len(now) < _FEWEST:
            log.info("Microsoft's list holds only %d voices: the one at hand serves", len(now))
            return
        self.voices = merged(bundled(), now)
        self._due_at = time.time() + _REFRESH_S
        await asyncio.to_thread(self._keep, listing)

    def _refreshed(self, _: asyncio.Task[None]) -> None:
        self._refreshing = None

    def _keep(self, listing: Any) -> None:
        if self._file is None:
            return
        part = self._file.with_suffix(".part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(listing), encoding="utf-8")
            part.replace(self._file)
        except OSError as error:
            log.info("the list of Microsoft's voices is not kept: %s", error)


def _voice(entry: dict[str, Any]) -> EngineVoice | None:
    voice_id, language, gender = (str(entry.get(key, "")) for key in ("ShortName", "Locale", "Gender"))
    if not voice_id.endswith("Neural") or not language:
        return None
    known = gender.lower() in {Gender.FEMALE, Gender.MALE}
    retired = entry.get("Status") == "Deprecated"
    return EngineVoice(
        voice_id, _name(voice_id), language, Gender(gender.lower()) if known else Gender.UNKNOWN, retired=retired
    )


def _name(voice_id: str) -> str:
    """`en-US-AvaMultilingualNeural` is "Ava Multilingual"."""
    name = voice_id.rpartition("-")[2].removesuffix("Neural")
    return name.replace("Multilingual", " Multilingual").replace("Expressive", " Expressive")


def _ordered(voices: Iterable[EngineVoice]) -> tuple[EngineVoice, ...]:
    return tuple(sorted(voices, key=_rank))


def _rank(voice: EngineVoice) -> tuple[str, bool, bool, bool, str]:
    """By language; in it the usable, then those that callers of the first release know, then the language's home."""
    language = voice.language.partition("-")[0]
    at_home = _HOME.get(language, voice.language) == voice.language
    return language, voice.retired, voice.voice_id not in _FIRST, not at_home, voice.voice_id
