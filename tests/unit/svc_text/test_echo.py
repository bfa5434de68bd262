from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_text.engine import Chat, Delta, Sampling, Turn
from svc_text.engines.echo import EchoEngine
from troupe.wire.errors import EngineFailed, NotSupported
from troupe.wire.progress import Progress


async def answer(chat: Chat) -> list[Delta]:
    return [delta async for delta in EchoEngine().chat(chat, Progress())]


def joined(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


def asking(text: str, **sampling: object) -> Chat:
    return Chat(turns=(Turn("user", text),), sampling=Sampling(**sampling))  # type: ignore[arg-type]


async def test_it_says_back_the_last_message_with_counts() -> None:
    deltas = await answer(asking("one two  three"))
    assert joined(deltas) == "one two  three"
    assert (deltas[-1].finish, deltas[-1].prompt_tokens, deltas[-1].completion_tokens) == ("stop", 3, 3)


async def test_max_tokens_ends_it_with_length() -> None:
    deltas = await answer(asking("one two three", max_tokens=2))
    assert (joined(deltas), deltas[-1].finish) == ("one two", "length")


async def test_a_stop_string_is_not_said() -> None:
    assert joined(await answer(asking("one STOP three", stop=("STOP",)))) == "one"


async def test_counting_needs_no_words() -> None:
    chat = Chat(turns=(Turn("user", "x"),), options={"count_to": 5})
    assert joined(await answer(chat)) == "1 2 3 4 5"


@given(st.integers(0, 40))
async def test_a_broken_answer_is_continued_exactly(cut: int) -> None:
    whole = " ".join(str(number) for number in range(1, 21))
    prefix = whole[: min(cut, len(whole))]
    turns = (Turn("user", "x"), Turn("assistant", prefix))
    deltas = await answer(Chat(turns=turns, continue_final=True, options={"count_to": 20}))
    assert prefix + joined(deltas) == whole.rstrip()


async def test_it_breaks_when_told_to() -> None:
    with pytest.raises(EngineFailed, match="after 3 tokens"):
        await answer(Chat(turns=(Turn("user", "a b c d e"),), options={"fail_after_tokens": 3}))


async def test_a_picture_is_refused_clearly() -> None:
    with pytest.raises(NotSupported, match="reads text only"):
        await answer(Chat(turns=(Turn("user", "a", has_image=True),)))
