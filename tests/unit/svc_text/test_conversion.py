from __future__ import annotations

import pytest

from svc_text.conversion import from_delta, to_chat
from svc_text.engine import Delta, EngineFacts
from troupe.v1 import text_pb2
from troupe.wire.errors import EmptyText, InvalidArgument, NotSupported, TextTooLong, TroupeError

FACTS = EngineFacts("m", "1", "cpu", "Apache-2.0", commercial_use=True, features=("stop",), max_input_chars=100)


def asking(text: str = "hello", role: text_pb2.Role = text_pb2.ROLE_USER) -> text_pb2.ChatRequest:
    request = text_pb2.ChatRequest()
    request.messages.add(role=role).content.add(text=text)
    return request


def test_turns_sampling_and_settings_arrive() -> None:
    request = asking()
    request.sampling.temperature = 0.5
    request.sampling.max_tokens = 7
    request.sampling.stop.append("END")
    request.echo.count_to = 3
    chat = to_chat(request, FACTS)
    assert [(turn.role, turn.text) for turn in chat.turns] == [("user", "hello")]
    assert (chat.sampling.temperature, chat.sampling.max_tokens, chat.sampling.stop) == (0.5, 7, ("END",))
    assert chat.options == {"count_to": 3}


def test_what_is_not_set_stays_the_models_own() -> None:
    sampling = to_chat(asking(), FACTS).sampling
    assert (sampling.temperature, sampling.top_p, sampling.seed, sampling.max_tokens) == (None, None, None, None)


def with_tools() -> text_pb2.ChatRequest:
    request = asking()
    request.tools.add(name="f")
    return request


def with_n() -> text_pb2.ChatRequest:
    request = asking()
    request.sampling.n = 2
    return request


def with_zero_tokens() -> text_pb2.ChatRequest:
    request = asking()
    request.sampling.max_tokens = 0
    return request


@pytest.mark.parametrize(
    ("request_", "leaf"),
    [
        (text_pb2.ChatRequest(), EmptyText),
        (asking("x" * 101), TextTooLong),
        (asking(role=text_pb2.ROLE_UNSPECIFIED), InvalidArgument),
        (with_tools(), NotSupported),
        (with_n(), NotSupported),
        (with_zero_tokens(), InvalidArgument),
    ],
)
def test_what_cannot_be_taken_is_refused_before_the_engine(
    request_: text_pb2.ChatRequest, leaf: type[TroupeError]
) -> None:
    with pytest.raises(leaf):
        to_chat(request_, FACTS)


def test_the_last_delta_carries_the_counts() -> None:
    message = from_delta(Delta(finish="length", prompt_tokens=2, completion_tokens=3), "m")
    assert message.finish_reason == text_pb2.FINISH_REASON_LENGTH
    assert (message.usage.prompt_tokens, message.usage.completion_tokens, message.model) == (2, 3, "m")
