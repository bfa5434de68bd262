"""A talking head that goes on elsewhere: another replica of the same engine makes the film from the next fragment on.

The caller gets whole fragments: the pieces of one are held back until it is whole, so that a break never falls into
one. A resumed film counts its fragments and times on from what was given, gets the speech from exactly there (with the
cues a moment before: mouths look back), and its own header and init segment are dropped. Another engine would be
another face: it is never asked.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from gateway.routing.replay import Replay
from gateway.routing.rung import Rung
from gateway.scenes.engine_settings import keep_own_settings
from gateway.scenes.handover import Handover
from troupe.v1.media_pb2 import MEDIA_KIND_FRAGMENT, MEDIA_KIND_INIT, MediaChunk
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings
from troupe.wire.errors import TroupeError
from troupe.wire.media import PCM_BYTES_PER_MS

LOOK_BACK_MS = 2_200
"""Cues of so long before the picture are sent again, and to an engine that looks back the sound too."""
LOOKS_BACK = "look_back"
"""The feature of an engine whose frames follow from the sound before them."""
HELD_BYTES = 1024 * 1024
"""A fragment larger than this is given out in pieces, and cannot be resumed from within."""


@dataclass(slots=True)
class Footage:
    """routing's `Continuation` of one film."""

    handover: Handover
    can_say: Callable[[int], bool]  # whether the speech is kept from that moment (ms) on
    given: Callable[[int], None]  # the film is given up to that moment (ms): speech before it may be forgotten
    lead_ms: Callable[[int], int]  # how much of the speech before that moment (ms) is kept, at most `LOOK_BACK_MS`
    start_ms: int = 0  # where the film goes on, and with which fragment
    sequence: int = 1
    same_rung: bool = True
    features: frozenset[str] = frozenset({"resume"})
    _begun: bool = False  # the caller has the init segment
    _ended: bool = False
    _torn: bool = False  # a part of a large fragment was given out
    _held: list[bytes] = field(default_factory=list)
    _note: str = ""  # what the caller must be told of the rung that was asked

    @classmethod
    def of(cls, settings: AnimateSettings, handover: Handover, speech: Replay[AnimateInput]) -> Footage:
        """Of a film with these settings, spoken by `speech`, which begins `lead_ms` before their `start_ms`."""
        first_ms = settings.start_ms - settings.lead_ms

        def byte(at_ms: int) -> int:
            return max(0, at_ms - first_ms) * PCM_BYTES_PER_MS

        def lead_ms(at_ms: int) -> int:
            lead = min(LOOK_BACK_MS, at_ms - first_ms)
            return lead if speech.keeps(byte(at_ms - lead)) else 0

        return cls(
            handover,
            can_say=lambda at_ms: speech.keeps(byte(at_ms - LOOK_BACK_MS)) or speech.keeps(byte(at_ms)),
            given=lambda at_ms: speech.let_go(byte(at_ms - LOOK_BACK_MS)),
            lead_ms=lead_ms,
            start_ms=settings.start_ms,
            sequence=max(1, settings.first_sequence),
            _begun=settings.first_sequence > 1,
        )

    def asked(self, rung: Rung, settings: AnimateSettings) -> None:
        """This rung is asked for the film, or for the rest of it: the settings say from where on."""
        self.handover.asked(rung)
        settings.engine = rung.engine
        self._note = keep_own_settings(settings)
        settings.start_ms = self.start_ms
        settings.first_sequence = self.sequence if self.start_ms else 0
        info = rung.describe()
        looks_back = info is not None and LOOKS_BACK in info.features
        settings.lead_ms = self.lead_ms(self.start_ms) if looks_back and self.start_ms else 0

    def fit(self, message: MediaChunk) -> MediaChunk | None:
        """The chunk as the caller must see it."""
        if message.HasField("header"):
            return None if self.handover.happened else self._noted(message)
        if message.kind == MEDIA_KIND_INIT and self._begun:
            return None
        if message.end_of_stream:
            self._ended = True
        if not message.data:
            return message
        self.handover.came()
        return self._whole_segment(message)

    def whole(self) -> bool:
        """A film says that it has ended."""
        return self._ended

    def resume(self, error: TroupeError) -> str | None:
        """Why another replica cannot go on with it, if so."""
        if self._torn:
            return "A part of a fragment was already sent, and another engine's rest would not fit it."
        if not self.can_say(self.start_ms):
            return "The speech was not kept for another replica."
        self._held.clear()
        self.handover.broke(error)
        return None

    def _noted(self, message: MediaChunk) -> MediaChunk:
        if self._note:
            message.header.notes.append(self._note)
        return message

    def _whole_segment(self, piece: MediaChunk) -> MediaChunk | None:
        if 0 < piece.sequence < self.sequence:
            return None  # given already
        self._held.append(piece.data)
        if not piece.last_piece and not piece.end_of_stream:
            if not self._torn and sum(map(len, self._held)) <= HELD_BYTES:
                return None
            self._torn = True
        chunk = piece
        if len(self._held) > 1:
            chunk = MediaChunk()
            chunk.CopyFrom(piece)
            chunk.data = b"".join(self._held)
        self._held.clear()
        if piece.last_piece:
            self._torn = False
            self._gave(piece)
        return chunk

    def _gave(self, piece: MediaChunk) -> None:
        self._begun = True
        if piece.kind == MEDIA_KIND_FRAGMENT:
            self.start_ms, self.sequence = piece.end_ms, piece.sequence + 1
            self.given(self.start_ms)


async def speech_from(
    speech: Replay[AnimateInput], first_ms: int, start_ms: int, lead_ms: int = 0
) -> AsyncGenerator[AnimateInput]:
    """The speech as a film that begins at `start_ms` takes it; its own first sample is heard at `first_ms`.

    The sound begins `lead_ms` before the film; what is known of the sound before that comes without it.
    """
    start = (start_ms - first_ms) * PCM_BYTES_PER_MS
    heard = start - lead_ms * PCM_BYTES_PER_MS
    back = max(0, start - LOOK_BACK_MS * PCM_BYTES_PER_MS)
    async with aclosing(speech.reader_from(back if speech.keeps(back) else heard)) as items:
        async for place, item in items:
            if place >= heard:
                yield item
                continue
            known = AnimateInput()
            known.CopyFrom(item)
            known.speech.pcm = item.speech.pcm[heard - place :]
            yield known


def sound_bytes(item: AnimateInput) -> int:
    """How much speech an item holds; a piece of the picture holds none."""
    return len(item.speech.pcm)


def has_film(chunk: MediaChunk) -> bool:
    """Whether the chunk holds a first byte of the film, or its end: a resumed one may have nothing left to show."""
    return bool(chunk.data) or chunk.end_of_stream
