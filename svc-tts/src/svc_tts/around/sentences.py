"""Sentences that were spoken, on disk: a bounded local folder, several processes may share it.

A file's name is a hash of all that made its sound, so it never goes stale; no text is in it or in its name. What a
cloned voice said lies in a folder of its own and goes with the voice. Files appear whole or not at all; one that does
not fit its checksum is removed and counts as absent. The least recently used go first.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import secrets
import shutil
import struct
import threading
import time
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from svc_tts.engine import Phone, SpokenWord

_MAGIC = b"TROUPE-S"
_HEAD = struct.Struct(">8sII")  # magic, checksum of the rest, length of the JSON
_PRESETS = "presets"  # the folder of voices that belong to nobody
_FILL = 0.9  # of the bound is left when it was reached
_LOOK_SHARE = 1 / 16  # of the bound may be written before the folder is looked at again: others write too
_LARGEST_SHARE = 1 / 8  # of the bound, of one sentence
_ABANDONED_S = 3_600.0  # a file that is being written for so long never will be
_MOURNED_S = 900.0  # so long after a voice's end its sentences may still be under way

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SentenceKey:
    """Under which a sentence is kept: whose voice (empty = anybody's), and a digest of all that made it."""

    voice: str
    digest: str

    @classmethod
    def of(cls, voice: str, *made_by: object) -> SentenceKey:
        """The key of what was made by all these; their `repr` must tell them apart."""
        return cls(voice, hashlib.sha256(repr((voice, *made_by)).encode()).hexdigest())

    @property
    def place(self) -> Path:
        """Its file in the folder."""
        return Path(_group(self.voice), self.digest[:2], self.digest)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Sound (PCM s16le mono at `rate` Hz, or MP3) and what is heard in it."""

    rate: int
    pcm: bytes
    words: tuple[SpokenWord, ...] = ()
    phones: tuple[Phone, ...] = ()
    mp3: bytes = b""


class SentenceStore:
    """The folder; every method may block, and any thread may call it."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._unseen = max_bytes  # bytes written since the folder was looked at; at first nothing is known of it
        self._mourned: dict[str, float] = {}  # folders of voices that ended, and when
        self._lock = threading.Lock()
        self._broken = False

    def get(self, key: SentenceKey) -> Sentence | None:
        """The sentence, if it is kept."""
        path = self._folder / key.place
        try:
            data = path.read_bytes()
        except OSError:
            return None
        sentence = _unpacked(data)
        try:
            if sentence is None:
                log.warning("a kept sentence is damaged and was removed")
                path.unlink(missing_ok=True)
            else:
                os.utime(path)
        except OSError as error:
            self._complain(error)
        return sentence

    def put(self, key: SentenceKey, sentence: Sentence) -> None:
        """Keep it; where that cannot be, it is said once and nothing happens."""
        data = _packed(sentence)
        if len(data) > self._max_bytes * _LARGEST_SHARE or self._mourns(_group(key.voice)):
            return
        try:
            self._write(self._folder / key.place, data)
            with self._lock:
                self._unseen += len(data)
                if self._unseen >= self._max_bytes * _LOOK_SHARE:
                    self._make_room()
                    self._unseen = 0
        except OSError as error:
            self._complain(error)

    def purge(self, voice: str) -> None:
        """Remove all that this cloned voice said."""
        group = _group(voice)
        with self._lock:
            self._mourned[group] = time.monotonic()
        shutil.rmtree(self._folder / group, ignore_errors=True)

    def purge_others(self, voices: Collection[str]) -> None:
        """Remove all that was said by cloned voices that are not among these: they were deleted elsewhere."""
        known = {_PRESETS, *map(_group, voices)}
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            if folder.is_dir() and folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def _mourns(self, group: str) -> bool:
        with self._lock:
            now = time.monotonic()
            self._mourned = {name: at for name, at in self._mourned.items() if now - at < _MOURNED_S}
            return group in self._mourned

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        making = path.with_name(f".{secrets.token_hex(8)}")
        try:
            making.write_bytes(data)
            os.replace(making, path)  # noqa: PTH105  # os.replace is what is atomic here
        finally:
            making.unlink(missing_ok=True)

    def _make_room(self) -> None:
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        if total <= self._max_bytes:
            return
        for _, size, path in files:
            if total <= self._max_bytes * _FILL:
                return
            Path(path).unlink(missing_ok=True)
            total -= size

    def _files(self) -> Iterator[tuple[float, int, str]]:
        """When each file was used last, its size and its path; what was abandoned goes."""
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118  # thousands of them
                try:
                    stat = os.stat(path)  # noqa: PTH116
                except FileNotFoundError:
                    continue  # another process was faster
                if name.startswith(".") and time.time() - stat.st_mtime > _ABANDONED_S:
                    Path(path).unlink(missing_ok=True)
                    continue
                yield stat.st_mtime, stat.st_size, path

    def _complain(self, error: OSError) -> None:
        if not self._broken:
            log.warning("sentences cannot be kept in %s: %s", self._folder, error.strerror or error)
        self._broken = True


def _group(voice: str) -> str:
    return hashlib.sha256(voice.encode()).hexdigest()[:32] if voice else _PRESETS


def _packed(sentence: Sentence) -> bytes:
    told = {
        "rate": sentence.rate,
        "mp3": bool(sentence.mp3),
        "words": [[word.start, word.end, word.start_s, word.end_s] for word in sentence.words],
        "phones": [[phone.ipa, phone.start_s, phone.end_s, phone.stressed] for phone in sentence.phones],
    }
    notes = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    rest = notes + (sentence.mp3 or _flac(sentence))
    return _HEAD.pack(_MAGIC, zlib.crc32(rest), len(notes)) + rest


def _unpacked(data: bytes) -> Sentence | None:
    """None where it is damaged."""
    rest = data[_HEAD.size :]
    if len(data) < _HEAD.size:
        return None
    magic, checksum, length = _HEAD.unpack_from(data)
    if magic != _MAGIC or checksum != zlib.crc32(rest):
        return None
    told, sound = json.loads(rest[:length]), rest[length:]
    return Sentence(
        rate=told["rate"],
        pcm=b"" if told["mp3"] else _pcm(sound),
        words=tuple(SpokenWord(*word) for word in told["words"]),
        phones=tuple(Phone(*phone) for phone in told["phones"]),
        mp3=sound if told["mp3"] else b"",
    )


def _flac(sentence: Sentence) -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", sentence.rate, 1, "PCM_16", format="FLAC") as writer:
        writer.buffer_write(sentence.pcm, "int16")
    return file.getvalue()


def _pcm(flac: bytes) -> bytes:
    with soundfile.SoundFile(io.BytesIO(flac)) as reader:
        return bytes(reader.buffer_read(dtype="int16"))
