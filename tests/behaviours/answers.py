"""How an answer comes: its pieces, its end, its counts, where it stops, and how one goes on."""

from __future__ import annotations

import asyncio

import pytest
from tests.behaviours.subject import PROMPT, Subject, asking, told
from tests.behaviours.table import behaviour

from troupe.wire.chats import FEW_STOPS, MOST_FEW_STOPS
from troupe.wire.errors import InvalidArgument, NotSupported
from troupe.wire.progress import Progress


@behaviour()
async def an_answer_has_text(subject: Subject) -> None:
    assert (await subject.ask(asking())).text().strip()


@behaviour()
async def it_comes_in_pieces_and_the_last_one_says_why_it_ended(subject: Subject) -> None:
    answer = await subject.ask(asking())
    assert [bool(delta.finish_reason) for delta in answer.deltas].count(True) == 1
    assert answer.deltas[-1].finish_reason


@behaviour()
async def an_answer_ends_by_itself_or_at_its_limit(subject: Subject) -> None:
    answer = await subject.ask(asking(temperature=1.0, max_tokens=200))
    assert (answer.finish == "length") == (answer.usage.completion_tokens == 200)
    assert answer.finish in {"stop", "length"}


@behaviour("max_tokens")
async def one_token_is_one_token(subject: Subject) -> None:
    answer = await subject.ask(asking(max_tokens=1))
    assert (answer.finish, answer.usage.completion_tokens) == ("length", 1)


@behaviour("max_tokens")
async def an_answer_ends_at_its_limit(subject: Subject) -> None:
    answer = await subject.ask(asking(max_tokens=3))
    assert (answer.finish, answer.usage.completion_tokens) == ("length", 3)


@behaviour("max_tokens")
async def a_short_answer_begins_as_the_long_one(subject: Subject) -> None:
    short, long = await subject.ask(asking(max_tokens=3)), await subject.ask(asking(max_tokens=6))
    assert long.text().startswith(short.text())


@behaviour()
async def the_tokens_of_the_pieces_are_those_of_the_whole(subject: Subject) -> None:
    answer = await subject.ask(asking())
    assert sum(delta.tokens for delta in answer.deltas) == answer.usage.completion_tokens > 0


@behaviour()
async def the_prompt_is_counted(subject: Subject) -> None:
    short, long = await subject.ask(asking("Tell me.")), await subject.ask(asking("Tell me. " * 20))
    assert 0 < short.usage.prompt_tokens < long.usage.prompt_tokens


@behaviour("count_tokens")
async def the_prompt_is_counted_beforehand_as_afterwards(subject: Subject) -> None:
    request = asking()
    assert await subject.count(request) == (await subject.ask(request)).usage.prompt_tokens


@behaviour("count_tokens")
async def all_turns_are_counted(subject: Subject) -> None:
    more = asking(PROMPT, told("assistant", "I see."), told("user", "And then?"))
    assert await subject.count(more) > await subject.count(asking())


@behaviour()
async def cached_tokens_are_of_the_prompt(subject: Subject) -> None:
    await subject.ask(asking())
    usage = (await subject.ask(asking())).usage
    assert 0 <= usage.cached_tokens <= usage.prompt_tokens


@behaviour()
async def the_same_question_has_the_same_answer(subject: Subject) -> None:
    assert (await subject.ask(asking())).text() == (await subject.ask(asking())).text()


@behaviour("seed")
async def the_same_seed_rolls_the_same_dice(subject: Subject) -> None:
    request = asking(temperature=1.0, seed=11)
    assert (await subject.ask(request)).text() == (await subject.ask(request)).text()


@behaviour("seed")
async def the_largest_seed_is_one_too(subject: Subject) -> None:
    assert (await subject.ask(asking(temperature=1.0, seed=2**64 - 1))).finish


@behaviour()
async def the_first_piece_names_the_model(subject: Subject) -> None:
    assert (await subject.ask(asking())).deltas[0].model == subject.facts.model


@behaviour()
async def a_model_that_is_not_here_means_the_default_one(subject: Subject) -> None:
    request = asking()
    request.model = "gpt-that-never-was"
    answer = await subject.ask(request)
    assert answer.deltas[0].model == subject.facts.model


@behaviour()
async def a_model_is_asked_for_by_its_name(subject: Subject) -> None:
    request = asking()
    request.model = subject.facts.model
    assert (await subject.ask(request)).text() == (await subject.ask(asking())).text()


@behaviour()
async def work_shows(subject: Subject) -> None:
    progress = Progress()
    before = progress.read()[0]
    await subject.ask(asking(), progress)
    assert progress.read()[0] > before


@behaviour()
async def who_leaves_gives_the_place_back(subject: Subject) -> None:
    deltas = subject.stream(asking(max_tokens=200))
    await anext(deltas)
    assert subject.desk.running == 1
    await deltas.aclose()
    assert subject.desk.running == 0
    assert (await subject.ask(asking(max_tokens=1))).finish == "length"


@behaviour()
async def chats_at_once_do_not_mix(subject: Subject) -> None:
    # Not word for word: an engine that computes them together rounds otherwise, and a near tie may fall either way.
    requests = [asking(PROMPT + " And once more." * number) for number in range(4)]
    alone = [(await subject.ask(request)).usage.prompt_tokens for request in requests]
    together = await asyncio.gather(*(subject.ask(request) for request in requests))
    assert len(set(alone)) == len(alone)
    assert [answer.usage.prompt_tokens for answer in together] == alone
    for answer in together:
        assert answer.text().strip()
        assert sum(delta.tokens for delta in answer.deltas) == answer.usage.completion_tokens


@behaviour("max_tokens")
async def each_of_the_chats_at_once_has_its_own_limit(subject: Subject) -> None:
    limits = (1, 4, 2, 3)
    together = await asyncio.gather(*(subject.ask(asking(max_tokens=limit)) for limit in limits))
    assert [(answer.usage.completion_tokens, answer.finish) for answer in together] == [
        (limit, "length") for limit in limits
    ]


async def middle(subject: Subject) -> tuple[str, str]:
    """An answer, and some of its middle."""
    text = (await subject.ask(asking())).text()
    return text, text[len(text) // 2 : len(text) // 2 + 4]


@behaviour("stop")
async def an_answer_ends_before_its_stop_string(subject: Subject) -> None:
    text, stop = await middle(subject)
    answer = await subject.ask(asking(stop=[stop]))
    assert (answer.text(), answer.finish) == (text.partition(stop)[0], "stop")


@behaviour("stop")
async def a_stop_string_may_lie_across_tokens(subject: Subject) -> None:
    pieces = [delta.content for delta in (await subject.ask(asking())).deltas if delta.content]
    text = "".join(pieces)
    border = len(pieces[0]) if len(pieces) > 1 else text.index(" ", 3)
    stop = text[max(0, border - 2) : border + 2]
    answer = await subject.ask(asking(stop=[stop]))
    assert (answer.text(), answer.finish) == (text.partition(stop)[0], "stop")


@behaviour("stop")
async def half_a_stop_string_is_said(subject: Subject) -> None:
    text, half = await middle(subject)
    assert (await subject.ask(asking(stop=[half + "\x7f never"]))).text() == text


@behaviour("stop")
async def a_stop_string_that_never_comes_changes_nothing(subject: Subject) -> None:
    text, _ = await middle(subject)
    assert (await subject.ask(asking(stop=["@@@never@@@", "灯火"]))).text() == text


@behaviour("stop")
async def the_first_of_several_stop_strings_ends_it(subject: Subject) -> None:
    text, stop = await middle(subject)
    early = text[3:6]
    assert (await subject.ask(asking(stop=[stop, "never", early]))).text() == text.partition(early)[0]


@behaviour("stop")
async def an_empty_stop_string_is_none(subject: Subject) -> None:
    text, _ = await middle(subject)
    assert (await subject.ask(asking(stop=[""]))).text() == text


@behaviour("stop")
async def sixty_four_stop_strings_are_taken_or_refused_by_its_name(subject: Subject) -> None:
    text, _ = await middle(subject)
    request = asking(stop=[f"@{number}@" for number in range(64)])
    if FEW_STOPS in subject.features:
        with pytest.raises(NotSupported, match=f"takes {MOST_FEW_STOPS} stop strings"):
            await subject.ask(request)
        request = asking(stop=["@1@", "@2@", "@3@", "@4@"])
    assert (await subject.ask(request)).text() == text


@behaviour("stop")
async def an_answer_may_be_empty(subject: Subject) -> None:
    text, _ = await middle(subject)
    answer = await subject.ask(asking(stop=[text.strip()[:1]]))
    assert (answer.text().strip(), answer.finish) == ("", "stop")


@behaviour("stop", "n")
async def each_completion_stops_by_itself(subject: Subject) -> None:
    text, stop = await middle(subject)
    answer = await subject.ask(asking(n=2, stop=[stop]))
    assert [answer.text(index) for index in (0, 1)] == [text.partition(stop)[0]] * 2
    assert answer.finishes == {0: "stop", 1: "stop"}


@behaviour("continue")
async def a_begun_answer_goes_on_where_it_ended(subject: Subject) -> None:
    whole = (await subject.ask(asking())).text()
    begun = whole[: whole.index(" ", len(whole) // 3)]
    request = asking(PROMPT, told("assistant", begun))
    request.continue_final_message = True
    rest = (await subject.ask(request)).text()
    assert rest
    assert (begun + rest).startswith(whole[: len(begun) + 2])


@behaviour("continue")
async def what_goes_on_does_not_begin_anew(subject: Subject) -> None:
    whole = (await subject.ask(asking())).text()
    begun = whole[: whole.index(" ", len(whole) // 3)]
    request = asking(PROMPT, told("assistant", begun))
    request.continue_final_message = True
    assert not (await subject.ask(request)).text().strip().startswith(begun.strip())


@behaviour("continue")
async def only_an_answer_can_go_on(subject: Subject) -> None:
    request = asking()
    request.continue_final_message = True
    with pytest.raises(InvalidArgument, match="no answer to continue"):
        await subject.ask(request)
