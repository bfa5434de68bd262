"""Cloned voices in a folder: VOICES/<owner>/<voice>/{voice.json,reference.wav,...}. Blocking: call it in a thread.

- A voice belongs to the key that made it: its folder's name is a digest of the owner, so a stranger's id finds nothing.
- Ids are told apart without regard to case; a folder has the id in small letters.
- What engines compute of a reference lies beside it, so that deleting the folder deletes all there is.
- A voice appears and vanishes whole: it is written aside and renamed. Manifests are kept in memory and read again after
  30 s, so that what another replica did to a shared folder is seen; what this process does is seen at once.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from svc_tts.engine import Gender, VoiceReference
from svc_tts.voices.cloned import (
    ClonedVoice,
    checked_id,
    checked_name,
    is_id,
    made_up_id,
    read_manifest,
    write_manifest,
)
from svc_tts.voices.consent import Consent
from svc_tts.voices.sample import Sample
from troupe.wire.errors import Internal, InvalidArgument, NotSupported, QuotaExceeded, UnknownVoice, nearest

MAX_VOICES = 100  # per owner
REREAD_S = 30.0  # after which a manifest in memory is read again
MANIFEST, REFERENCE = "voice.json", "reference.wav"
_ASIDE = ".aside-"  # prefix of folders being written or removed
_ASIDE_S = 3_600  # older ones were left by a process that died
_MAX_SEEN = 4_096  # manifests in memory
_LONGEST_FOLDER = 64  # characters; a longer id is cut and marked, as file names end at 255


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a voice is: names of two folders."""

    owner: str
    folder: str


@dataclass(frozen=True, slots=True)
class _Seen:
    voice: ClonedVoice
    path: Path
    read_at: float


class VoiceStore:
    """The folder of cloned voices."""

    def __init__(
        self,
        root: Path,
        clock: Callable[[], float] = time.monotonic,
        unix_time: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._clock = clock
        self._unix_time = unix_time
        self._lock = threading.RLock()
        self._seen: dict[_Place, _Seen] = {}
        self._watchers: list[Callable[[str], None]] = []

    @classmethod
    def at(cls, url: str) -> VoiceStore:
        """The store at VOICES_URL: a folder, or file://; raises `NotSupported` for other schemes."""
        scheme, marker, rest = url.partition("://")
        if marker and scheme != "file":
            raise NotSupported(
                f"VOICES_URL={scheme}://… is not supported. Use a folder; one that all replicas share, such as a volume"
                " of NFS, where there are several."
            )
        return cls(Path(rest if marker else url).expanduser())

    @property
    def folder(self) -> Path:
        """Where the voices are kept; it may not be there yet."""
        return self._root

    def on_delete(self, forget: Callable[[str], None]) -> None:
        """Have `forget(key)` called for each voice that is gone, here or at another replica: `VoiceReference.key`."""
        self._watchers.append(forget)

    def find(self, owner: str, voice_id: str) -> ClonedVoice | None:
        """That owner's voice; None where there is none."""
        if not is_id(voice_id):
            return None
        place = _place(owner, voice_id)
        with self._lock:
            seen = self._seen.get(place)
            if seen is not None and self._clock() - seen.read_at < REREAD_S:
                return seen.voice
            return self._read(place)

    def all_of(self, owner: str) -> tuple[ClonedVoice, ...]:
        """That owner's voices, oldest first."""
        with self._lock:
            found = [self._read(_Place(_digest(owner), path.name.lower())) for path in self._folders(_digest(owner))]
        present = (voice for voice in found if voice is not None)
        return tuple(sorted(present, key=lambda voice: (voice.created_unix_s, voice.voice_id)))

    def reference(self, owner: str, voice_id: str) -> VoiceReference:
        """What an engine is given of that voice; raises `UnknownVoice`."""
        with self._lock:
            if self.find(owner, voice_id) is None:
                raise self._unknown(owner, voice_id)
            place = _place(owner, voice_id)
            return _reference(place, self._seen[place])

    def knows(self, key: str) -> bool:
        """Whether the voice of that `VoiceReference.key` is still kept."""
        owner, _, rest = key.partition(".")
        place = _Place(owner, rest.rpartition(".")[0])
        with self._lock:
            return self._read(place) is not None and _reference(place, self._seen[place]).key == key

    def keys(self) -> tuple[str, ...]:
        """`VoiceReference.key` of every voice that is kept: what is kept under others was made of deleted ones."""
        owners = [path.name for path in self._root.iterdir()] if self._root.is_dir() else []
        places = [_Place(owner, path.name.lower()) for owner in owners for path in self._folders(owner)]
        with self._lock:
            return tuple(_reference(place, self._seen[place]).key for place in places if self._read(place))

    def add(self, owner: str, voice: ClonedVoice, sample: Sample) -> ClonedVoice:
        """Keep a reference; an empty id is made up. Raises `InvalidArgument`, `QuotaExceeded`."""
        voice_id = checked_id(voice.voice_id) if voice.voice_id else made_up_id()
        kept = replace(
            voice,
            voice_id=voice_id,
            name=checked_name(voice.name) or voice_id,
            consent=self._received(owner, voice.consent, sample.sha256) if voice.consent else None,
            seconds=sample.seconds,
            sample_sha256=sample.sha256,
            created_unix_s=int(self._unix_time()),
            gender=Gender.MALE if sample.low else Gender.FEMALE,
        )
        self._check_room(owner, voice_id)
        aside = self._aside(_digest(owner))
        try:
            (aside / REFERENCE).write_bytes(sample.wav)
            write_manifest(aside / MANIFEST, kept)
            with self._lock:
                self._check_room(owner, voice_id)
                self._settle(aside, _place(owner, voice_id), voice_id)
        finally:
            shutil.rmtree(aside, ignore_errors=True)  # it is there only where something went wrong
        return kept

    def give_consent(self, owner: str, voice_id: str, consent: Consent) -> ClonedVoice:
        """Record what the speaker agreed to; raises `UnknownVoice`, `InvalidArgument`."""
        place = _place(owner, voice_id)
        with self._lock:
            voice = self._read(place) if is_id(voice_id) else None
            if voice is None:
                raise self._unknown(owner, voice_id)
            past = voice.past_consents + ((voice.consent,) if voice.consent else ())
            received = self._received(owner, consent, voice.sample_sha256)
            kept = replace(voice, consent=received, past_consents=past)
            write_manifest(self._seen[place].path / MANIFEST, kept)
            self._read(place)
        return kept

    def delete(self, owner: str, voice_id: str) -> None:
        """Forget it for good, with all that was computed of it; raises `UnknownVoice`."""
        place = _place(owner, voice_id)
        with self._lock:
            path = self._path(place) if is_id(voice_id) else None
            if path is None:
                raise self._unknown(owner, voice_id)
            self._read(place)
            aside = path.with_name(f"{_ASIDE}{secrets.token_hex(8)}")
            try:
                path.rename(aside)
            except FileNotFoundError:  # another replica was quicker
                raise self._unknown(owner, voice_id) from None
            finally:
                self._read(place)
        shutil.rmtree(aside)

    def sweep(self) -> None:
        """See what other replicas deleted, and remove what a process left half-done."""
        with self._lock:
            due = [place for place, seen in self._seen.items() if self._clock() - seen.read_at >= REREAD_S]
            for place in due:
                self._read(place)
        for aside in self._root.glob(f"*/{_ASIDE}*"):
            if self._unix_time() - _changed_at(aside) > _ASIDE_S:
                shutil.rmtree(aside, ignore_errors=True)  # another replica may do the same

    def _read(self, place: _Place) -> ClonedVoice | None:
        """What stands in the folder now; tells the watchers of what stood there before and is gone."""
        before = self._seen.pop(place, None)
        path = self._path(place)
        voice = read_manifest(path / MANIFEST) if path is not None else None
        if path is not None and voice is not None:
            if len(self._seen) >= _MAX_SEEN:
                self._seen.pop(next(iter(self._seen)))
            self._seen[place] = _Seen(voice, path, self._clock())
        if before is not None and (voice is None or voice.sample_sha256 != before.voice.sample_sha256):
            for forget in self._watchers:
                forget(_reference(place, before).key)
        return voice

    def _path(self, place: _Place) -> Path | None:
        exact = self._root / place.owner / place.folder
        if exact.is_dir():
            return exact
        # Folders of an older version have the id's own letters.
        return next((path for path in self._folders(place.owner) if path.name.lower() == place.folder), None)

    def _folders(self, owner: str) -> Iterator[Path]:
        if (self._root / owner).is_dir():
            yield from (path for path in (self._root / owner).iterdir() if not path.name.startswith(_ASIDE))

    def _aside(self, owner: str) -> Path:
        aside = self._root / owner / f"{_ASIDE}{secrets.token_hex(8)}"
        try:
            aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside.mkdir(mode=0o700)
        except OSError as error:
            why = f"Voices cannot be kept: VOICES_URL cannot be written to ({error.strerror}). Mount a volume there."
            raise Internal(why) from error
        return aside

    def _settle(self, aside: Path, place: _Place, voice_id: str) -> None:
        try:
            aside.rename(self._root / place.owner / place.folder)
        except OSError as error:
            if not (self._root / place.owner / place.folder).is_dir():
                raise
            raise _taken(voice_id) from error  # another replica was quicker
        self._read(place)

    def _check_room(self, owner: str, voice_id: str) -> None:
        if len(list(self._folders(_digest(owner)))) >= MAX_VOICES:
            raise QuotaExceeded(f"A key may keep {MAX_VOICES} voices. Delete one first.", max=MAX_VOICES)
        if self._path(_place(owner, voice_id)) is not None:
            raise _taken(voice_id)

    def _received(self, owner: str, consent: Consent, sample_sha256: str) -> Consent:
        now_s = self._unix_time()
        return replace(
            consent.checked(now_s),
            sample_sha256=sample_sha256,
            recorded_by=_digest(owner),
            received_at_unix_s=int(now_s),
        )

    def _unknown(self, owner: str, voice_id: str) -> UnknownVoice:
        hint = nearest(voice_id[:80], (voice.voice_id for voice in self.all_of(owner)))
        return UnknownVoice(f'No voice "{voice_id[:80]}" of yours.{hint}', voice_id=voice_id[:80])


def _digest(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def _place(owner: str, voice_id: str) -> _Place:
    folder = voice_id.lower()
    if len(folder) > _LONGEST_FOLDER:
        folder = f"{folder[:_LONGEST_FOLDER]}-{hashlib.sha256(folder.encode()).hexdigest()[:16]}"
    return _Place(_digest(owner), folder)


def _reference(place: _Place, seen: _Seen) -> VoiceReference:
    key = f"{place.owner}.{place.folder}.{seen.voice.sample_sha256[:16]}"
    return VoiceReference(key, seen.path / REFERENCE, seen.path)


def _taken(voice_id: str) -> InvalidArgument:
    return InvalidArgument(
        f'There is a voice "{voice_id}" already. Delete it first, or choose another id.',
        field="voice_id",
        reason="taken",
    )


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
