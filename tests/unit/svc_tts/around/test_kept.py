from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.formants import VOICE, FormantEngine

from svc_tts.around.kept import KeptEngine
from svc_tts.around.sentences import SentenceStore
from svc_tts.engine import Piece, Utterance, VoiceReference, XttsOptions
from troupe.wire.errors import EngineFailed

UTTERANCE = Utterance("one two three, four five", VOICE, "en-US")
CLONE = VoiceReference("owner/voice/1", Path("a.wav"), Path())
KEPT_S = 0.025  # the goal is 5 ms


class Around:
    """An engine whose sentences are kept, and what became of them."""

    def __init__(self, tmp_path: Path, inner: FormantEngine | None = None, *, keep_varied: bool = True) -> None:
        self.inner = inner or FormantEngine()
        self.looks: list[bool] = []
        self.store = SentenceStore(tmp_path, 1 << 20)
        self.engine = KeptEngine(
            self.inner, self.store, keep_varied=keep_varied, on_look=lambda _, found: self.looks.append(found)
        )

    async def says(self, utterance: Utterance = UTTERANCE) -> list[Piece]:
        pieces = [piece async for piece in self.engine.speak(utterance)]
        await self.engine.stop()  # all is written
        return pieces


def whole(pieces: list[Piece]) -> tuple[bytes, list[object], list[object]]:
    sound = b"".join(piece.pcm for piece in pieces)
    return sound, [w for piece in pieces for w in piece.words], [p for piece in pieces for p in piece.phones]


async def test_the_second_time_the_engine_is_not_asked(tmp_path: Path) -> None:
    around = Around(tmp_path)
    first, second = await around.says(), await around.says()
    assert whole(first) == whole(second)
    assert len(around.inner.heard) == 1
    assert around.looks == [False, True]


async def test_another_process_finds_it_too(tmp_path: Path) -> None:
    first = await Around(tmp_path).says()
    other = Around(tmp_path)
    assert whole(await other.says()) == whole(first)
    assert other.inner.heard == []


async def test_words_come_with_the_sound_they_are_heard_in(tmp_path: Path) -> None:
    around = Around(tmp_path)
    await around.says()
    at_s = 0.0
    for piece in await around.says():
        length_s = len(piece.pcm) / 2 / 22_050
        assert all(at_s - 0.01 <= word.start_s < at_s + length_s for word in piece.words)
        at_s += length_s
    assert at_s > 2.0


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "one two three, four six"},
        {"language": "en-GB"},
        {"speed": 1.1},
        {"pitch": 1.0},
        {"options": XttsOptions(temperature=0.5)},
        {"reference": CLONE},
        {"voice": replace(VOICE, version="2")},
        {"mp3_wanted": True},
    ],
)
async def test_what_sounds_otherwise_is_another_sentence(tmp_path: Path, changed: dict[str, object]) -> None:
    around = Around(tmp_path)
    await around.says()
    await around.says(replace(UTTERANCE, **changed))
    assert around.looks == [False, False]


async def test_what_does_not_change_the_sound_does_not_matter(tmp_path: Path) -> None:
    around = Around(tmp_path)
    await around.says()
    await around.says(replace(UTTERANCE, words_before=7))
    assert around.looks == [False, True]


async def test_a_clones_sentences_go_with_it(tmp_path: Path) -> None:
    around, cloned = Around(tmp_path), replace(UTTERANCE, reference=CLONE)
    await around.says(cloned)
    around.store.purge(CLONE.key)
    await around.says(cloned)
    assert around.looks == [False, False]


async def test_a_probe_is_spoken_by_the_engine_itself(tmp_path: Path) -> None:
    around = Around(tmp_path)
    await around.says()
    await around.says(replace(UTTERANCE, fresh=True))
    assert len(around.inner.heard) == 2


@pytest.mark.parametrize(
    ("keep_varied", "seed", "asked"), [(True, None, 1), (False, None, 2), (False, 7, 1), (True, 7, 1)]
)
async def test_engines_that_vary(tmp_path: Path, keep_varied: bool, seed: int | None, asked: int) -> None:
    inner = FormantEngine()
    inner.facts = replace(inner.facts, varies=True)
    around = Around(tmp_path, inner, keep_varied=keep_varied)
    for _ in range(2):
        await around.says(replace(UTTERANCE, options=XttsOptions(seed=seed)))
    assert len(inner.heard) == asked


class Breaking(FormantEngine):
    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        yield Piece(bytes(1_000))
        raise EngineFailed("it broke")


async def test_half_a_sentence_is_not_kept(tmp_path: Path) -> None:
    broken = Around(tmp_path, Breaking())
    with pytest.raises(EngineFailed):
        await broken.says()
    left = Around(tmp_path)
    async with aclosing(left.engine.speak(UTTERANCE)) as pieces:
        await anext(pieces)
    await left.engine.stop()
    await left.says()
    assert left.looks == [False, False]


async def test_a_sentence_without_the_cues_it_should_have_is_not_kept(tmp_path: Path) -> None:
    around = Around(tmp_path, Mute())
    for _ in range(2):
        assert await around.says()
    assert around.looks == [False, False]


class Mute(FormantEngine):
    """Says that it tells cues, and tells none."""

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        async for piece in super().speak(utterance):
            yield Piece(piece.pcm)


async def test_a_kept_sentence_is_there_at_once(tmp_path: Path) -> None:
    around = Around(tmp_path)
    await around.says()
    waited = []
    for _ in range(5):
        started = time.perf_counter()
        async with aclosing(around.engine.speak(UTTERANCE)) as pieces:
            await anext(pieces)
            waited.append(time.perf_counter() - started)
    assert sorted(waited)[2] < KEPT_S
