"""References of cloned voices on disk: VOICES/<owner>/<voice>/{voice.json,reference.wav}.

A voice belongs to the key that made it: its folder's name is a digest of the owner, so a stranger's id finds nothing.
The sample is decoded in a sandbox and written anew; deleting deletes the folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from troupe.wire.errors import InvalidArgument, NotSupported, QuotaExceeded, UnknownVoice, UnsupportedMedia
from troupe.wire.media import SAMPLE_RATE

MAX_VOICES = 100  # per owner
SHORTEST_S, LONGEST_S = 1.0, 60.0  # of a sample
NO_ENGINE = "no engine of this service clones voices yet; the reference is kept for one that does."
NO_CONSENT = "the speaker's consent was not recorded; without it no engine may use the reference."

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,63}")
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed to what, and when."""

    speaker: str
    statement: str
    given_at_unix_s: int


@dataclass(frozen=True, slots=True)
class ClonedVoice:
    """A reference, and what is known of it."""

    voice_id: str
    name: str
    language: str = ""  # BCP 47
    consent: Consent | None = None
    seconds: float = 0.0
    sample_sha256: str = ""
    created_unix_s: int = field(default_factory=lambda: int(time.time()))

    @property
    def why(self) -> str:
        """Why it cannot speak."""
        return NO_ENGINE if self.consent else NO_CONSENT


class VoiceStore:
    """The folder of references."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def at(cls, url: str) -> VoiceStore:
        """The store at VOICES_URL: a folder, or file://; raises `NotSupported` for other schemes."""
        scheme, marker, rest = url.partition("://")
        if marker and scheme != "file":
            raise NotSupported(f'VOICES_URL={scheme}://… is not supported yet. Use a folder, e.g. "./voices".')
        return cls(Path(rest if marker else url).expanduser())

    def find(self, owner: str, voice_id: str) -> ClonedVoice | None:
        """That owner's voice; None where there is none."""
        if not _ID.fullmatch(voice_id):
            return None
        path = self._folder(owner) / voice_id / "voice.json"
        return _read(path) if path.is_file() else None

    def all_of(self, owner: str) -> tuple[ClonedVoice, ...]:
        """That owner's voices, oldest first."""
        found = (_read(path) for path in self._folder(owner).glob("*/voice.json"))
        return tuple(sorted(found, key=lambda voice: (voice.created_unix_s, voice.voice_id)))

    def add(self, owner: str, voice: ClonedVoice, pcm: bytes) -> ClonedVoice:
        """Keep a reference (PCM s16le mono 24 kHz); an empty id is made up. Raises `QuotaExceeded` and others."""
        voice_id = _checked_id(voice.voice_id) if voice.voice_id else f"clone-{secrets.token_hex(16)}"
        if len(self.all_of(owner)) >= MAX_VOICES:
            raise QuotaExceeded(f"A key may keep {MAX_VOICES} voices. Delete one first.")
        if self.find(owner, voice_id) is not None:
            raise InvalidArgument(f'There is a voice "{voice_id}" already. Delete it first, or choose another id.')
        samples = _checked_sample(pcm)
        wav = io.BytesIO()
        soundfile.write(wav, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
        kept = ClonedVoice(
            voice_id=voice_id,
            name=_checked_name(voice.name) or voice_id,
            language=voice.language,
            consent=voice.consent,
            seconds=round(len(samples) / SAMPLE_RATE, 3),
            sample_sha256=hashlib.sha256(wav.getvalue()).hexdigest(),
        )
        self._write(owner, kept, wav.getvalue())
        return kept

    def delete(self, owner: str, voice_id: str) -> None:
        """Forget it for good; raises `UnknownVoice`."""
        if self.find(owner, voice_id) is None:
            raise UnknownVoice(f'No voice "{voice_id}" of yours.', voice_id=voice_id)
        shutil.rmtree(self._folder(owner) / voice_id)

    def _folder(self, owner: str) -> Path:
        return self._root / hashlib.sha256(owner.encode()).hexdigest()[:32]

    def _write(self, owner: str, voice: ClonedVoice, wav: bytes) -> None:
        """Whole or not at all: the folder appears under its name when everything is in it."""
        folder = self._folder(owner)
        making = folder / f".{voice.voice_id}-{secrets.token_hex(4)}"
        making.mkdir(parents=True, mode=0o700)
        (making / "reference.wav").write_bytes(wav)
        (making / "voice.json").write_text(json.dumps(asdict(voice)))
        os.replace(making, folder / voice.voice_id)  # noqa: PTH105  # os.replace is what is atomic here


def _read(path: Path) -> ClonedVoice:
    fields = json.loads(path.read_text())
    consent = fields.pop("consent")
    return ClonedVoice(**fields, consent=Consent(**consent) if consent else None)


def _checked_id(voice_id: str) -> str:
    if not _ID.fullmatch(voice_id):
        raise InvalidArgument(
            "A voice id has 3 to 64 letters, digits, - and _, and begins with a letter.", field="voice_id"
        )
    return voice_id


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if len(name) > _MAX_NAME or not name.isprintable():
        raise InvalidArgument(f"A voice's name has at most {_MAX_NAME} printable characters.", field="name")
    return name


def _checked_sample(pcm: bytes) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.int16)
    seconds = len(samples) / SAMPLE_RATE
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise UnsupportedMedia(
            f"The sample has {seconds:.1f} s of sound. Send between {SHORTEST_S:g} and {LONGEST_S:g} s of one speaker."
        )
    return samples
