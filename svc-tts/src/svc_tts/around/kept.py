"""What was spoken once is not spoken anew: the sentence comes from disk, with its words and phones.

Cloud engines are kept like the others: the copy stays in the house, and every hit is a request less to somebody else's
service. An engine that varies says a kept sentence the same way each time, unless `keep_varied` is off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from itertools import pairwise

from svc_tts.around.sentences import Sentence, SentenceKey, SentenceStore
from svc_tts.around.wrapped import WrappedEngine
from svc_tts.engine import Engine, Piece, Utterance, XttsOptions
from troupe.wire.media import SAMPLE_BYTES

_FORMAT = 1  # changes when what is kept would be made otherwise
_FIRST_S, _PIECE_S = 0.1, 4.0  # of sound given out at once: the first one is heard soon, each costs half a millisecond
_MOST_BYTES = 32 << 20  # of one sentence: eleven minutes
_WRITES = 16  # sentences being written at once; more are not kept

log = logging.getLogger(__name__)


class KeptEngine(WrappedEngine):
    """The inner engine, or what it said the last time; `on_look` is told of each look, and whether it was there."""

    def __init__(
        self, inner: Engine, store: SentenceStore, *, keep_varied: bool, on_look: Callable[[str, bool], None]
    ) -> None:
        super().__init__(inner)
        self._store = store
        self._keep_varied = keep_varied
        self._on_look = on_look
        self._writing: set[asyncio.Task[None]] = set()

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak, from disk if it is there."""
        if not self._keeps(utterance):
            async with aclosing(self.inner.speak(utterance)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        key = self._key(utterance)
        kept = await asyncio.to_thread(self._store.get, key)
        self._on_look(self.facts.name, kept is not None)
        if kept is not None:
            for piece in _pieces(kept):
                yield piece
            return
        collected: list[Piece] = []
        async with aclosing(self.inner.speak(utterance)) as pieces:
            async for piece in pieces:
                yield piece
                collected.append(piece)
        self._keep(key, _joined(collected, self.facts.sample_rate))

    async def stop(self) -> None:
        """Finish what is being written."""
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self.inner.stop()

    def _keeps(self, utterance: Utterance) -> bool:
        facts, options = self.facts, utterance.options
        seeded = isinstance(options, XttsOptions) and options.seed is not None
        varied = facts.varies and not seeded and not self._keep_varied
        return facts.worth_keeping and not utterance.fresh and not varied

    def _key(self, utterance: Utterance) -> SentenceKey:
        facts, reference = self.facts, utterance.reference
        return SentenceKey.of(
            reference.key if reference else "",
            _FORMAT,
            (facts.name, facts.model, facts.version, facts.sample_rate, facts.features, facts.estimated),
            utterance.voice,
            (utterance.language, utterance.text, utterance.speed, utterance.pitch),
            (utterance.options, utterance.mp3_wanted),
        )

    def _keep(self, key: SentenceKey, sentence: Sentence) -> None:
        size = len(sentence.pcm) + len(sentence.mp3)
        deaf = "cues" in self.facts.features and not sentence.phones  # the reader was away: next time it may be there
        if not size or size > _MOST_BYTES or deaf or len(self._writing) >= _WRITES:
            return
        writing = asyncio.create_task(asyncio.to_thread(self._store.put, key, sentence))
        self._writing.add(writing)
        writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Task[None]) -> None:
        self._writing.discard(writing)
        if not writing.cancelled() and (error := writing.exception()):
            log.warning("a sentence was not kept", exc_info=error)


def _joined(pieces: list[Piece], rate: int) -> Sentence:
    return Sentence(
        rate,
        b"".join(piece.pcm for piece in pieces),
        tuple(word for piece in pieces for word in piece.words),
        tuple(phone for piece in pieces for phone in piece.phones),
        b"".join(piece.mp3 for piece in pieces),
    )


def _pieces(kept: Sentence) -> Iterator[Piece]:
    """Some sound at a time, each with the words and phones that begin in it."""
    if kept.mp3:
        yield Piece(words=kept.words, phones=kept.phones, mp3=kept.mp3)
        return
    cuts = [0, *range(round(_FIRST_S * kept.rate), len(kept.pcm) // SAMPLE_BYTES, round(_PIECE_S * kept.rate))]
    for start, end in pairwise([*cuts, len(kept.pcm) // SAMPLE_BYTES]):
        since_s = start / kept.rate if start else float("-inf")
        until_s = end / kept.rate if end * SAMPLE_BYTES < len(kept.pcm) else float("inf")
        yield Piece(
            kept.pcm[start * SAMPLE_BYTES : end * SAMPLE_BYTES],
            tuple(word for word in kept.words if since_s <= word.start_s < until_s),
            tuple(phone for phone in kept.phones if since_s <= phone.start_s < until_s),
        )
