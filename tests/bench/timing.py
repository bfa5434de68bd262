"""`make bench-timing`: how well words and phones are found in a sound whose engine does not tell them.

flite knows when it says what. Here it is kept quiet about it, what is told in its place is compared, and beside it what
sharing the words out by their length would give (of speech whose beginning and end are known, which is a favour).
The last line is one JSON object, in milliseconds; `cpu` is processor time per second of sound.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from difflib import SequenceMatcher

import numpy as np
from tests.bench.report import rounds, show

from svc_tts.around.reader import Reader
from svc_tts.around.timing import TimedEngine
from svc_tts.around.wrapped import WrappedEngine
from svc_tts.audio.placing import WordsByLength
from svc_tts.engine import EngineContext, EngineFacts, Phone, Piece, SpokenWord, Utterance
from svc_tts.engines.espeak import EspeakEngine
from svc_tts.engines.flite import FliteEngine

RATE = 16_000
PIECE = 2 * RATE // 5  # bytes: 0.2 s of sound at once
CONTEXT = EngineContext(workers=1, deadline_s=20.0)
TEXTS = (
    "The quick brown fox jumps over the lazy dog, and then it runs away into the forest.",
    "Please call Stella and ask her to bring these things with her from the store.",
    "Yesterday morning we walked along the river, talked about old friends, and forgot the time.",
    "Bob baked a big apple pie, but nobody wanted to buy it.",
    "If you have any questions, please do not hesitate to contact our support team.",
    "Turn left at the traffic lights, then go straight on for about two miles.",
)


class Mute(WrappedEngine):
    """An engine that does not say what it knows; its sound comes in pieces."""

    known: list[Piece]

    @property
    def facts(self) -> EngineFacts:
        """Nothing but sound."""
        return EngineFacts("mute", RATE, ("en-US", "en-GB"), "none")

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """The sound; the rest is kept aside."""
        self.known = [piece async for piece in self.inner.speak(utterance)]
        pcm = b"".join(piece.pcm for piece in self.known)
        for at in range(0, len(pcm), PIECE):
            yield Piece(pcm[at : at + PIECE])
            await asyncio.sleep(0.01)


def main() -> None:
    """Measure and print."""
    measured = [asyncio.run(measure()) for _ in range(rounds(1))]
    show("words and phones found in flite's sound, 4 voices, ms", measured)


async def measure() -> dict[str, float]:
    """All texts in all voices."""
    mute = Mute(FliteEngine(CONTEXT))
    engine = TimedEngine(mute, Reader(EspeakEngine(CONTEXT), owned=True))
    await engine.start(lambda _: None)
    words, phones, by_length, cpu_s, sound_s = list[float](), list[float](), list[float](), 0.0, 0.0
    try:
        for voice in mute.inner.voices():
            for text in TEXTS:
                started = time.process_time()
                told = [piece async for piece in engine.speak(Utterance(text, voice, voice.language))]
                cpu_s += time.process_time() - started
                sound_s += sum(len(piece.pcm) for piece in told) / 2 / RATE
                true = words_in(mute.known)
                words += errors(words_in(told), true)
                phones += phone_errors(phones_in(told), phones_in(mute.known))
                by_length += errors(shared_out(text, mute.known), true)
    finally:
        await engine.stop()
    found = {"words": words, "phones": phones, "by_length": by_length}
    figures = {f"{name}_{kind}": 1000 * of(each) for name, each in found.items() for kind, of in KINDS.items()}
    return figures | {"cpu": cpu_s / sound_s}


KINDS = {"mean": np.mean, "median": np.median, "p95": lambda each: np.percentile(each, 95)}


def words_in(pieces: list[Piece]) -> list[SpokenWord]:
    """All words."""
    return [word for piece in pieces for word in piece.words]


def phones_in(pieces: list[Piece]) -> list[Phone]:
    """All phones but silence."""
    return [phone for piece in pieces for phone in piece.phones if phone.ipa]


def errors(found: list[SpokenWord], true: list[SpokenWord]) -> list[float]:
    """Of beginnings and ends, seconds; words that only one of the two knows are left out."""
    there = {word.start: word for word in true}
    pairs = [(word, there[word.start]) for word in found if word.start in there]
    return [e for one, other in pairs for e in (abs(one.start_s - other.start_s), abs(one.end_s - other.end_s))]


def phone_errors(found: list[Phone], true: list[Phone]) -> list[float]:
    """Of beginnings, seconds, where both say the same phone."""
    names = [[phone.ipa[:1] for phone in phones] for phones in (found, true)]
    matcher = SequenceMatcher(None, *names, autojunk=False)
    pairs = [(at + i, other + i) for at, other, count in matcher.get_matching_blocks() for i in range(count)]
    return [abs(found[one].start_s - true[other].start_s) for one, other in pairs]


def shared_out(text: str, known: list[Piece]) -> list[SpokenWord]:
    """The words by their length."""
    placing = WordsByLength(text, RATE)
    for piece in known:
        placing.feed(piece)
    return list(placing.finish(sum(len(piece.pcm) for piece in known) / 2 / RATE).words)


if __name__ == "__main__":
    main()
