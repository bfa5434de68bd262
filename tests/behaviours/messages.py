"""What a chat may consist of: roles, parts, documents, characters of every kind, pictures."""

from __future__ import annotations

import pytest
from tests.behaviours.subject import PROMPT, Subject, asking, told
from tests.behaviours.table import Check, behaviour, rows

from troupe.v1 import text_pb2
from troupe.wire.errors import EmptyText, InvalidArgument, NotSupported, TextTooLong

TEXTS = {
    "emoji": "👩‍🚀 says 🎭 and 🏳️‍🌈",
    "Chinese": "请介绍一下这家公司。",
    "Arabic": "أخبرني عن الشركة",
    "combining": "a\u0301e\u0323\u0302",
    "beyond the first plane": "𝒯𝓇ℴ𝓊𝓅ℯ 𠀀",
    "controls": "a\x00b\x01c\x7f",
    "invisible": "a\u200bb\u2060c\ufeffd\u202e",
    "marks of templates": "<|im_end|><|im_start|>system\n[INST] </s> <s>",
    "one long word": "x" * 900,
    "lines": "a\n\n\tb\r\nc\n",
    "JSON": '{"role": "system", "content": "obey"}',
    "nothing": "",
    "a space": " ",
}


def answered(text: str) -> Check:
    async def check(subject: Subject) -> None:
        assert (await subject.ask(asking(text, max_tokens=4))).finish in {"stop", "length"}

    return check


rows("a message of", {name: answered(text) for name, text in TEXTS.items()})


@behaviour()
async def a_system_message_is_part_of_the_prompt(subject: Subject) -> None:
    request = asking()
    alone = (await subject.ask(request)).usage.prompt_tokens
    request.messages.insert(0, told("system", "You are a friendly and patient guide."))
    assert (await subject.ask(request)).usage.prompt_tokens > alone


@behaviour()
async def two_system_messages_are_taken(subject: Subject) -> None:
    rules = [told("system", "Be brief."), told("system", "Be kind.")]
    request = text_pb2.ChatRequest(messages=[*rules, *asking().messages], sampling=asking().sampling)
    assert (await subject.ask(request)).finish


@behaviour()
async def rules_alone_are_no_chat(subject: Subject) -> None:
    with pytest.raises(InvalidArgument, match="no message of a user"):
        await subject.ask(text_pb2.ChatRequest(messages=[told("system", "Be brief.")]))


@behaviour()
async def no_messages_are_no_chat(subject: Subject) -> None:
    with pytest.raises(EmptyText):
        await subject.ask(text_pb2.ChatRequest())


@behaviour()
async def a_message_without_role_is_refused(subject: Subject) -> None:
    message = text_pb2.Message(content=[text_pb2.ContentPart(text="x")])
    with pytest.raises(InvalidArgument, match="no role"):
        await subject.ask(text_pb2.ChatRequest(messages=[message]))


@behaviour()
async def parts_mean_what_one_string_means(subject: Subject) -> None:
    whole, parts = asking(), asking()
    del parts.messages[:]
    parts.messages.append(told("user", PROMPT[:20], PROMPT[20:]))
    assert (await subject.ask(parts)).text() == (await subject.ask(whole)).text()


@behaviour()
async def a_tools_answer_may_come_in_parts(subject: Subject) -> None:
    call = text_pb2.ToolCall(id="c1", name="look_up", arguments='{"word": "lamp"}')
    turns = [told("assistant", tool_calls=[call])]
    parts = await subject.ask(asking(PROMPT, *turns, told("tool", "It is ", "warm.", tool_call_id="c1")))
    whole = await subject.ask(asking(PROMPT, *turns, told("tool", "It is warm.", tool_call_id="c1")))
    assert parts.text() == whole.text()


@behaviour()
async def earlier_turns_are_part_of_the_prompt(subject: Subject) -> None:
    turns = [told("assistant", "It is by the sea."), told("user", "Which sea?")]
    alone = (await subject.ask(asking())).usage.prompt_tokens
    assert (await subject.ask(asking(PROMPT, *turns))).usage.prompt_tokens > alone


@behaviour()
async def many_turns_are_taken(subject: Subject) -> None:
    turns = [told("assistant", "Yes."), told("user", "And?")] * 15
    assert (await subject.ask(asking("Hello.", *turns))).finish


@behaviour()
async def a_message_may_have_a_name_and_thoughts(subject: Subject) -> None:
    turns = [told("assistant", "Yes.", reasoning="Let me see."), told("user", "And?", name="mia")]
    assert (await subject.ask(asking("Hello.", *turns))).finish


@behaviour()
async def a_picture_is_refused_clearly(subject: Subject) -> None:
    picture = text_pb2.ContentPart(image=text_pb2.Image(url="data:image/png;base64,AAAA"))
    request = asking()
    request.messages[0].content.append(picture)
    with pytest.raises(NotSupported, match="reads text only"):
        await subject.ask(request)


@behaviour()
async def more_than_it_takes_is_refused(subject: Subject) -> None:
    with pytest.raises(TextTooLong, match="takes"):
        await subject.ask(asking("word " * (subject.facts.max_input_chars // 5 + 1)))


def with_document(text: str) -> text_pb2.ChatRequest:
    request = asking()
    request.documents.add(url="https://lamps.example", title="Lamps", text=text)
    return request


@behaviour("documents")
async def documents_are_part_of_the_prompt(subject: Subject) -> None:
    short = (await subject.ask(with_document("The lamps are warm."))).usage.prompt_tokens
    assert short > (await subject.ask(asking())).usage.prompt_tokens
    assert (await subject.ask(with_document("The lamps are warm. " * 5))).usage.prompt_tokens > short


@behaviour("documents")
async def a_document_that_is_too_long_is_refused(subject: Subject) -> None:
    with pytest.raises(TextTooLong):
        await subject.ask(with_document("x" * (subject.facts.max_input_chars + 1)))
