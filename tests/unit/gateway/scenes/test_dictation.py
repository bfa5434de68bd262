"""A script that is spoken while it is written: what is given, what is told, and how far the model may run ahead."""

import asyncio

import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.scenes.dictation import AHEAD_CHARS, Dictation, Draft, Listener
from gateway.scenes.registry import SceneRegistry
from gateway.scenes.text import ChatOrder, chat
from troupe.v1.text_pb2 import FINISH_REASON_LENGTH, FINISH_REASON_STOP, ROLE_USER, ChatDelta, ChatRequest
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EngineFailed, StreamBroken

STOP = ChatDelta(finish_reason=FINISH_REASON_STOP)


@pytest.fixture
def scene():
    return SceneRegistry().open("me")


@pytest.fixture
def dictation(rung, scene):
    async def begin(*deltas, max_chars=1_000_000, **draft) -> Dictation:
        writer = rung("echo", [said(each) if isinstance(each, str) else each for each in deltas])
        writer.modality = Modality.TEXT
        request = ChatRequest()
        request.messages.add(role=ROLE_USER).content.add(text="x")
        served = await chat(Chain(Modality.TEXT, [writer]), ChatOrder(request), Deadline.after(10), "req_1")
        return Dictation(Draft(served, max_chars, **draft), scene)

    return begin


def said(text: str) -> ChatDelta:
    return ChatDelta(content=text)


async def messages_of(dictation: Dictation) -> list[str]:
    return [message.text or "<flush>" for message in [each async for each in dictation.replay.reader()]]


def told(scene, kind: str) -> list[dict]:
    return [event.data for event in scene.events if event.kind == kind]


async def test_sentences_are_given_as_they_are_whole(dictation, scene) -> None:
    script = await dictation("**Hel", "lo** there. I", " am", " new.", STOP)
    assert await script.opening() == "Hello there. "
    assert await messages_of(script) == ["Hello there. ", "I am new."]
    assert script.text == "Hello there. I am new."
    assert told(scene, "text") == [{"text": "Hello there. ", "start": 0}, {"text": "I am new.", "start": 13}]
    assert [data["stage"] for data in told(scene, "stage")] == ["first_token", "text_done"]


async def test_thoughts_are_never_spoken(dictation) -> None:
    script = await dictation(ChatDelta(reasoning="Shall I? "), "<think>Hm.</think>Yes.", STOP)
    assert await messages_of(script) == ["Yes."]


async def test_the_sentence_that_a_limit_cut_is_left_out(dictation) -> None:
    script = await dictation("One. Two and", ChatDelta(finish_reason=FINISH_REASON_LENGTH))
    assert await messages_of(script) == ["One. "]


async def test_phrases_of_strangers_are_judged(dictation) -> None:
    script = await dictation("Good. Visit evil now. Bye.", STOP, judged=lambda words: words.replace("evil", ""))
    assert await messages_of(script) == ["Good. Visit  now. ", "Bye."]
    silent = await dictation("Bad. ", "Good.", STOP, judged=lambda words: words.replace("Bad.", ""))
    assert await messages_of(silent) == ["Good."]
    assert silent.text == "Good."


async def test_a_script_that_is_too_long_ends(dictation, scene) -> None:
    script = await dictation(*["Word word. "] * 100, STOP, max_chars=50)
    assert len("".join(await messages_of(script))) < 80
    assert script.served.rung.streams[0].closed
    assert told(scene, "note") == [{"text": "the script was ended after 50 characters"}]


@pytest.mark.parametrize("deltas", [(STOP,), ("🎉 ", STOP), (ChatDelta(reasoning="Hm."), STOP)])
async def test_a_model_that_says_nothing_is_an_error(dictation, deltas) -> None:
    script = await dictation(*deltas)
    with pytest.raises(EngineFailed, match="echo wrote nothing that can be spoken"):
        await script.opening()


async def test_what_breaks_and_cannot_go_on_is_raised_once_the_whole_sentences_are_given(dictation) -> None:
    script = await dictation("One. Two. Thr", StreamBroken("cut"))
    with pytest.raises(StreamBroken, match="cut"):
        await messages_of(script)
    assert script.text == "One. Two. "
    assert isinstance(script.replay.error, StreamBroken)


async def test_the_model_waits_while_too_much_is_unspoken(dictation) -> None:
    sentence = "Words are written here. "
    script = await dictation(*[sentence] * 500, STOP)
    given = []

    async def read() -> None:
        async for message in script.replay.reader():
            given.append(message.text)

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    written = len(script.text)
    assert AHEAD_CHARS < written < AHEAD_CHARS * 2
    script.spoken(written // 2, 1_000)
    await asyncio.sleep(0.05)
    assert written < len(script.text) < written * 2
    while not reading.done():
        script.spoken(len(script.text), 1_000)
        await asyncio.sleep(0)
    assert "".join(given) == sentence * 500
    assert script.text == "".join(given)


async def test_closing_stops_the_model(dictation) -> None:
    script = await dictation("One. ", asyncio.Event().wait)
    await script.opening()
    reading = asyncio.create_task(messages_of(script))
    await asyncio.sleep(0.01)
    await script.aclose()
    assert script.served.rung.streams[0].closed
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


def test_a_listener_is_hungry_when_all_is_spoken_and_nearly_heard() -> None:
    now = [100.0]
    listener = Listener(lambda: now[0])
    assert not listener.hungry(0)  # nothing is heard yet: that is the first phrase's own matter
    listener.has(10, 2_000)
    assert not listener.hungry(10)
    now[0] = 101.5
    assert listener.hungry(10)
    assert not listener.hungry(20)  # something is still being spoken
    listener.has(20, 6_000)
    assert not listener.hungry(20)
