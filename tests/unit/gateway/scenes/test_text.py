"""Chats that break, on the real engine `echo`: whatever the message after which it breaks, the caller has the whole."""

import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.scenes.text import ChatOrder, Written, chat
from svc_text.conversion import from_delta, to_chat
from svc_text.engines.echo import EchoEngine
from troupe.v1.engine_pb2 import Tick
from troupe.v1.text_pb2 import (
    FINISH_REASON_STOP,
    ROLE_ASSISTANT,
    ROLE_SYSTEM,
    ROLE_USER,
    ChatDelta,
    ChatRequest,
    Usage,
)
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import StreamBroken
from troupe.wire.progress import Progress

WORDS = "one two  three four five six"
MESSAGES = 8  # a tick, six words, the end


def asked(text=WORDS, role=ROLE_USER, **sampling) -> ChatRequest:
    request = ChatRequest()
    request.messages.add(role=role).content.add(text=text)
    request.echo.fail_after_tokens = 1_000  # so that it gives word by word
    for name, value in sampling.items():
        setattr(request.sampling, name, value)
    return request


async def echo(inputs):
    request = await anext(inputs)
    engine, model = EchoEngine(), "echo"
    yield ChatDelta(tick=Tick(sequence=1))
    async for delta in engine.chat(to_chat(request, engine.facts), Progress()):
        yield from_delta(delta, model)
        model = ""


@pytest.fixture
def text_rung(breaking, ready_info):
    def make(name="a", *breaks, answer=echo, features=("continue", "tools", "n", "logprobs", "json_schema"), **more):
        info = ready_info(name, features=features)
        return breaking(name, answer, breaks=breaks, info=info, modality=Modality.TEXT, **more)

    return make


async def ask(request, *rungs) -> tuple[Written, list[ChatDelta]]:
    served = await chat(Chain(Modality.TEXT, rungs), ChatOrder(request), Deadline.after(10), "req_1")
    written, deltas = Written(), []
    async for delta in served:
        written.add(delta)
        deltas.append(delta)
    return written, deltas


@pytest.mark.parametrize("max_tokens", [None, 6, 4])
@pytest.mark.parametrize("after", range(MESSAGES))
async def test_a_chat_that_breaks_is_the_unbroken_one(text_rung, after, max_tokens) -> None:
    limit = {} if max_tokens is None else {"max_tokens": max_tokens}
    unbroken, deltas = await ask(asked(**limit), text_rung())
    broken, seen = await ask(asked(**limit), text_rung("a", after), text_rung("b"))
    assert broken.text == unbroken.text
    assert (broken.finish_reason, broken.model) == (unbroken.finish_reason, "echo")
    assert broken.usage == unbroken.usage
    assert [delta.model for delta in seen].count("echo") == 1
    assert [delta.finish_reason for delta in seen].count(deltas[-1].finish_reason) == 1


@pytest.mark.parametrize("first", range(2, MESSAGES))
@pytest.mark.parametrize("second", range(4))
async def test_a_chat_may_break_twice(text_rung, first, second) -> None:
    unbroken, _ = await ask(asked(), text_rung())
    broken, _ = await ask(asked(), text_rung("a", first), text_rung("b", second), text_rung("c"))
    assert (broken.text, broken.usage) == (unbroken.text, unbroken.usage)


async def test_the_rest_is_asked_for_as_an_assistants_turn(text_rung) -> None:
    requests = []

    async def noting(inputs):
        request = await anext(inputs)
        requests.append(request)

        async def again():
            yield request

        async for delta in echo(again()):
            yield delta

    await ask(asked(max_tokens=5), text_rung("a", 3, answer=noting), text_rung("b", answer=noting))
    first, second = requests
    assert (first.engine, first.sampling.max_tokens, first.continue_final_message) == ("a", 5, False)
    assert (second.engine, second.sampling.max_tokens, second.continue_final_message) == ("b", 3, True)
    assert second.messages[-1].role == ROLE_ASSISTANT
    assert second.messages[-1].content[0].text == "one two"


async def test_a_turn_that_was_to_be_continued_anyway_goes_on(text_rung) -> None:
    request = asked()
    request.messages.add(role=ROLE_ASSISTANT).content.add(text="one two")
    request.continue_final_message = True
    broken, _ = await ask(request, text_rung("a", 2), text_rung("b"))
    assert "".join(broken.text) == "  three four five six"


@pytest.mark.parametrize("after", range(2, MESSAGES))
@pytest.mark.parametrize("what", ["tools", "schema", "n", "logprobs"])
async def test_what_is_no_plain_text_ends_in_a_typed_error(text_rung, what, after) -> None:
    request = asked()
    if what == "tools":
        request.tools.add(name="look")
    elif what == "schema":
        request.response_format.type = "json_schema"
    elif what == "n":
        request.sampling.n = 2
    else:
        request.sampling.logprobs = True

    async def plain(inputs):
        request = await anext(inputs)
        for field in ("tools", "response_format"):
            request.ClearField(field)
        request.sampling.Clear()

        async def again():
            yield request

        async for delta in echo(again()):
            yield delta

    other = text_rung("b", answer=plain)
    with pytest.raises(StreamBroken, match="only plain text"):
        await ask(request, text_rung("a", after, answer=plain), other)
    assert not other.streams


async def test_a_rung_that_cannot_continue_is_not_asked_to(text_rung) -> None:
    unable = text_rung("b", features=())
    broken, _ = await ask(asked(), text_rung("a", 3), unable, text_rung("c"))
    assert "".join(broken.text) == WORDS
    assert not unable.streams


def thinking(*deltas):
    async def answer(inputs):
        request = await anext(inputs)
        thoughts, rest = deltas
        for thought in thoughts:
            yield ChatDelta(reasoning=thought, tokens=1)
        said = request.messages[-1].content[-1].text if request.continue_final_message else ""
        for number, word in enumerate(rest, start=1):
            if len("".join(rest[:number])) > len(said):
                yield ChatDelta(content=word, tokens=1)
        yield ChatDelta(finish_reason=FINISH_REASON_STOP, usage=Usage(prompt_tokens=3, completion_tokens=2))

    return answer


async def test_a_chat_that_broke_while_it_thought_is_asked_for_anew(text_rung) -> None:
    a = text_rung("a", 1, answer=thinking(["hm", " so"], ["x", " y"]))
    b = text_rung("b", answer=thinking(["well", " then"], ["x", " y"]))
    broken, _ = await ask(asked(), a, b)
    assert "".join(broken.reasoning) == "hm\n\nwell then"
    assert "".join(broken.text) == "x y"
    assert broken.usage.prompt_tokens == 3


async def test_one_that_broke_later_keeps_the_thoughts_it_has(text_rung) -> None:
    a = text_rung("a", 3, answer=thinking(["hm", " so"], ["x", " y"]))
    b = text_rung("b", answer=thinking(["again"], ["x", " y"]))
    broken, _ = await ask(asked(), a, b)
    assert "".join(broken.reasoning) == "hm so"
    assert "".join(broken.text) == "x y"


def test_the_key_tells_conversations_apart_by_how_they_begin() -> None:
    def key(*turns, model="") -> str:
        request = ChatRequest(model=model)
        for role, text in turns:
            request.messages.add(role=role).content.add(text=text)
        return ChatOrder(request).key()

    opening = (ROLE_SYSTEM, "be brief"), (ROLE_USER, "hello")
    later = (*opening, (ROLE_ASSISTANT, "hi"), (ROLE_USER, "and now?"))
    assert key(*opening) == key(*later)
    assert len({key(*opening), key(opening[1]), key((ROLE_USER, "bye")), key(*opening, model="m")}) == 4
    assert "hello" not in key(*opening)
