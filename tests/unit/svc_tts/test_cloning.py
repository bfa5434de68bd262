from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.cloning_engine import LATENTS, ParrotEngine
from tests.fakes.speaker import file, speech

from svc_tts.booth import Booth
from svc_tts.engine import EngineContext
from svc_tts.engines.tone import ToneEngine
from svc_tts.voices.catalogue import VoiceWish
from svc_tts.voices.cloned import ClonedVoice
from svc_tts.voices.consent import Consent, State
from svc_tts.voices.sample import Refinement
from svc_tts.voices.store import VoiceStore
from troupe.wire.errors import InvalidArgument, UnknownVoice

CONTEXT = EngineContext(1, 1.0)
SAMPLE = file(speech(12.0))
CONSENT = Consent("Alice", "I agree")
PLAIN = Refinement()


def files_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def parrot() -> ParrotEngine:
    return ParrotEngine(CONTEXT)


@pytest.fixture
async def booth(tmp_path: Path, parrot: ParrotEngine) -> AsyncIterator[Booth]:
    booth = Booth({"tone": ToneEngine(CONTEXT), "parrot": parrot}, VoiceStore(tmp_path))
    await booth.board.ready("tone")
    await booth.board.ready("parrot")
    yield booth
    await booth.cloning.stop()


async def clone(booth: Booth, consent: Consent | None = None) -> ClonedVoice:
    return await booth.cloning.clone("alice", ClonedVoice("my-voice", "A", "en", consent), SAMPLE, PLAIN)


async def prepared(booth: Booth, parrot: ParrotEngine) -> list[Path]:
    for _ in range(200):
        if parrot.prepared:
            break
        await asyncio.sleep(0.01)
    return [reference.folder / LATENTS for reference in parrot.prepared]


async def test_nothing_is_computed_of_a_voice_before_consent(booth: Booth, parrot: ParrotEngine) -> None:
    voice = await clone(booth)
    assert booth.cloning.state(voice) is State.AWAITING_CONSENT
    await asyncio.sleep(0.05)
    assert parrot.prepared == []
    voice = await booth.cloning.give_consent("alice", "my-voice", CONSENT)
    assert booth.cloning.state(voice) is State.READY
    (latents,) = await prepared(booth, parrot)
    assert latents.is_file()
    assert latents.parent.joinpath("reference.wav").is_file()


async def test_with_consent_it_is_computed_at_once_and_deleted_with_the_voice(
    booth: Booth, parrot: ParrotEngine, tmp_path: Path
) -> None:
    await clone(booth, CONSENT)
    assert len(await prepared(booth, parrot)) == 1
    await booth.cloning.delete("alice", "my-voice")
    assert files_in(tmp_path) == []
    assert parrot.forgotten == [parrot.prepared[0].key]
    with pytest.raises(UnknownVoice):
        await booth.cloning.delete("alice", "my-voice")


async def test_a_voice_deleted_while_it_is_computed_stays_deleted(
    booth: Booth, parrot: ParrotEngine, tmp_path: Path
) -> None:
    parrot.held.clear()
    await clone(booth, CONSENT)
    await booth.cloning.delete("alice", "my-voice")
    parrot.held.set()
    await asyncio.sleep(0.05)
    assert parrot.prepared == []
    assert files_in(tmp_path) == []


async def test_an_engine_that_fails_to_prepare_fails_no_caller(
    booth: Booth, parrot: ParrotEngine, caplog: pytest.LogCaptureFixture
) -> None:
    parrot.fails = True
    with caplog.at_level(logging.WARNING):
        voice = await clone(booth, CONSENT)
        await asyncio.sleep(0.05)
    assert booth.cloning.state(voice) is State.READY
    assert "moulting" in caplog.text


async def test_without_an_engine_it_waits_for_one(booth: Booth, parrot: ParrotEngine) -> None:
    await booth.board.broken("parrot", "gone")
    voice = await clone(booth, CONSENT)
    assert booth.cloning.state(voice) is State.AWAITING_ENGINE
    assert booth.cloning.speaker() == ""
    await booth.board.ready("parrot")
    assert booth.cloning.state(voice) is State.READY
    assert booth.cloning.speaker() == "parrot"


async def test_the_engine_that_clones_is_chosen_for_a_clone_alone(booth: Booth) -> None:
    await clone(booth)
    wish = VoiceWish("my-voice", owner="alice")
    assert booth.choose_for(wish, "") == "tone"  # it may not speak yet
    await booth.cloning.give_consent("alice", "my-voice", CONSENT)
    assert booth.choose_for(wish, "") == "parrot"
    assert booth.choose_for(wish, "tone") == "tone"
    assert booth.choose_for(VoiceWish("en-US-AriaNeural"), "") == "tone"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (ClonedVoice("en-us-arianeural", "A"), "is a voice of this service"),
        (ClonedVoice("short", "A"), "8 to 256"),
        (ClonedVoice("", "A", "no language"), "tag"),
        (ClonedVoice("", "x" * 101), "name"),
    ],
)
async def test_what_is_wrong_is_told_before_the_sample_is_read(booth: Booth, wanted: ClonedVoice, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        await booth.cloning.clone("alice", wanted, b"no sound", PLAIN)


async def test_the_preset_meanwhile(booth: Booth) -> None:
    assert booth.cloning.meanwhile(await clone(booth)) == "en-US-GuyNeural"


async def test_it_watches_the_folder_until_it_ends(booth: Booth) -> None:
    keeping = asyncio.create_task(booth.cloning.keep())
    await asyncio.sleep(0.05)
    assert not keeping.done()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
