"""Lists of cloned voices: whose they are, how long they are believed, and who is asked."""

from __future__ import annotations

import asyncio

import pytest

from gateway.routing.capability import KEEPS_REFERENCES, obstacle
from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.scenes.clones import KEPT_S, LOOK_AGAIN_S, MOST_OWNERS, CloneBook, takers
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_MISSING,
    ENGINE_STATE_READY,
    TASK_CLONE,
    TASK_SPEECH,
    VOICE_STATE_AWAITING_CONSENT,
    VOICE_STATE_READY,
    EngineInfo,
    Licence,
    Voice,
)
from troupe.v1.speech_pb2 import ListVoicesResponse
from troupe.wire.errors import CannotConnect, Overloaded

PRESET = Voice(voice_id="slt", language="en-US", usable=True)


def info(name: str, *, cloning: bool = False, state: int = ENGINE_STATE_READY, **fields) -> EngineInfo:
    tasks = [TASK_SPEECH, *([TASK_CLONE] if cloning else [])]
    return EngineInfo(name=name, state=state, tasks=tasks, features=[KEEPS_REFERENCES], **fields)


def clone(voice_id: str = "my-voice-1", *, usable: bool = True, state: int = VOICE_STATE_READY) -> Voice:
    return Voice(voice_id=voice_id, name="Mine", cloned=True, usable=usable, state=state)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(rung):
    """`service(answer, …)`: two rungs, `flite` and `xtts`, of one speech service, with what ListVoices answers."""

    def make(*answers, xtts_state: int = ENGINE_STATE_READY):
        scripts = [[each if isinstance(each, Exception) else ListVoicesResponse(voices=each)] for each in answers]
        flite = rung("flite", *scripts, info=info("flite"), reads_inputs=True)
        xtts = rung("xtts", *scripts, info=info("xtts", cloning=True, state=xtts_state, reason="no checkpoint"))
        xtts.pool = flite.pool
        return flite, xtts

    return make


def asked_for(*rungs) -> list[str]:
    """Whose voices were asked for, in their order."""
    return [message.principal.key_id for rung in rungs for stream in rung.streams for message in stream.taken]


async def test_a_service_is_asked_once_however_many_rungs_it_has_and_only_clones_are_kept(service, clock) -> None:
    flite, xtts = service([PRESET, clone()])
    book, chain = CloneBook(clock), Chain(Modality.TTS, [flite, xtts])
    page = await book.of("ada", chain)
    assert [each.voice.voice_id for each in page.voices] == ["my-voice-1"]
    assert page.voices[0].rungs == {"flite", "xtts"}
    assert asked_for(flite, xtts) == ["ada"]
    voice = page.voices[0].as_voice(chain)
    assert (voice.cloned, voice.speakers) == (True, {"xtts"})
    assert voice.engines == {"flite": "my-voice-1", "xtts": "my-voice-1"}


async def test_a_list_is_believed_for_half_a_minute_and_read_anew_after_a_change(service, clock) -> None:
    flite, xtts = service([clone()])
    book, chain = CloneBook(clock), Chain(Modality.TTS, [flite, xtts])
    await asyncio.gather(*(book.of("ada", chain) for _ in range(5)))
    clock.now += KEPT_S
    await book.of("ada", chain)
    assert asked_for(flite) == ["ada"]
    await book.of("bob", chain)
    clock.now += 0.1
    await book.of("ada", chain)
    assert asked_for(flite) == ["ada", "bob", "ada"]
    book.forget("ada")
    await book.of("ada", chain)
    await book.of("bob", chain)
    assert asked_for(flite) == ["ada", "bob", "ada", "ada"]


async def test_a_list_that_was_being_read_when_something_changed_is_not_kept(service, clock) -> None:
    flite, xtts = service([clone()])
    going = asyncio.Event()

    async def slow():
        await going.wait()
        return ListVoicesResponse(voices=[clone("deleted-voice")])

    flite.scripts = [[slow], [ListVoicesResponse(voices=[])]]
    book, chain = CloneBook(clock), Chain(Modality.TTS, [flite, xtts])
    reading = asyncio.create_task(book.of("ada", chain))
    await asyncio.sleep(0.01)
    book.forget("ada")
    going.set()
    await reading
    assert (await book.of("ada", chain)).voices == []


async def test_what_is_not_in_the_list_or_could_not_speak_is_looked_for_again(service, clock) -> None:
    waiting = clone(usable=False, state=VOICE_STATE_AWAITING_CONSENT)
    flite, xtts = service([waiting], [clone()], [clone(), clone("made-elsewhere")])
    book, chain = CloneBook(clock), Chain(Modality.TTS, [flite, xtts])
    _, found = await book.find("ada", "MY-voice-1", chain)
    assert found.voice.state == VOICE_STATE_AWAITING_CONSENT
    clock.now += LOOK_AGAIN_S + 0.1
    _, found = await book.find("ada", "my-voice-1", chain)
    assert found.voice.state == VOICE_STATE_READY
    _, found = await book.find("ada", "made-elsewhere", chain)
    assert found is None  # asked a moment ago
    clock.now += LOOK_AGAIN_S + 0.1
    _, found = await book.find("ada", "made-elsewhere", chain)
    assert found is not None
    assert len(asked_for(flite)) == 3


async def test_a_service_that_cannot_be_asked_stands_in_the_list_and_the_others_are_heard(rung, service, clock) -> None:
    flite, xtts = service(CannotConnect("nobody there"))
    cloud_info = EngineInfo(name="minimax", state=ENGINE_STATE_READY, tasks=[TASK_CLONE], cloud=True)
    cloud = rung("minimax", [ListVoicesResponse(voices=[clone("cloud-voice")])], info=cloud_info, cloud=True)
    chain = Chain(Modality.TTS, [flite, xtts, cloud])
    page = await CloneBook(clock).of("ada", chain)
    assert [each.voice.voice_id for each in page.voices] == ["cloud-voice"]
    assert [(each.rung, each.keeps) for each in page.failures] == [("flite", True)]
    assert "nobody there" in page.failures[0].error.message
    at_home = await CloneBook(clock).of("ada", chain, local_only=True)
    assert at_home.voices == []
    assert len(cloud.streams) == 1


async def test_a_service_that_was_away_or_not_known_yet_is_asked_as_soon_as_it_is_there(service, clock) -> None:
    flite, xtts = service(Overloaded("it is full"), [clone()])
    known, flite.info, xtts.info = (flite.info, xtts.info), None, None
    book, chain = CloneBook(clock), Chain(Modality.TTS, [flite, xtts])
    assert (await book.of("ada", chain)).voices == []
    flite.info, xtts.info = known
    page = await book.of("ada", chain)  # it is known now, and does not answer
    assert page.failures
    clock.now += LOOK_AGAIN_S + 0.1
    page = await book.of("ada", chain)
    assert ([each.voice.voice_id for each in page.voices], page.failures) == (["my-voice-1"], [])


async def test_no_more_lists_are_kept_than_may_be(service, clock) -> None:
    book, chain = CloneBook(clock), Chain(Modality.TTS, [*service([clone()])])
    for number in range(MOST_OWNERS + 5):
        await book.of(f"owner-{number}", chain)
    assert len(book._pages) == MOST_OWNERS


async def test_an_engine_whose_weights_are_missing_speaks_with_nothing_and_says_why(service, clock) -> None:
    chain = Chain(Modality.TTS, [*service([clone()], xtts_state=ENGINE_STATE_MISSING)])
    listed = (await CloneBook(clock).of("ada", chain)).voices[0]
    assert listed.as_voice(chain).speakers == frozenset()
    assert listed.speaker_trouble(chain) == "xtts: no checkpoint"


def test_the_house_is_asked_to_clone_and_the_cloud_only_where_it_is_named_or_alone(rung, service) -> None:
    flite, xtts = service([])
    minimax = rung("minimax", [], info=EngineInfo(name="minimax", tasks=[TASK_CLONE], cloud=True), cloud=True)
    chain = Chain(Modality.TTS, [minimax, flite, xtts])
    assert takers(chain, ()) == Need(Modality.TTS, rungs=("flite", "xtts"), service_only=True)
    assert takers(chain, ("minimax",)) == Need(Modality.TTS, rungs=("minimax",), task=TASK_CLONE)
    assert takers(chain, ("xtts",)).service_only
    assert takers(Chain(Modality.TTS, [minimax]), ()).rungs == ("minimax",)
    assert takers(Chain(Modality.TTS, []), ()) == Need(Modality.TTS, task=TASK_CLONE)


def test_a_service_keeps_a_voice_whatever_its_engine_is() -> None:
    missing = info("xtts", cloning=True, state=ENGINE_STATE_MISSING, licence=Licence(name="CPML"))
    edge = info("edge", cloud=True)
    kept = Need(Modality.TTS, service_only=True, local_only=True, commercial_only=True)
    assert obstacle(missing, kept) is None
    assert obstacle(edge, kept) is None
    assert "cannot run" in obstacle(missing, Need(Modality.TTS))
    assert "out of the house" in obstacle(edge, Need(Modality.TTS, local_only=True))
    cloud = EngineInfo(name="minimax", tasks=[TASK_CLONE], cloud=True)
    assert "out of the house" in obstacle(cloud, kept)
