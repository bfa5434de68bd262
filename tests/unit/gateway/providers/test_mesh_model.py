from __future__ import annotations

import pytest

from gateway.providers.mesh import _with_model
from troupe.v1.speech_pb2 import SpeechInput
from troupe.v1.text_pb2 import ChatRequest


@pytest.mark.parametrize(("asked", "sent"), [("", "8b"), ("70b", "70b")])
async def test_a_rungs_model_is_asked_for_where_the_caller_named_none(asked: str, sent: str) -> None:
    request = ChatRequest(model=asked, engine="openai")

    async def inputs():
        yield request
        yield SpeechInput(text="what has no model passes as it is")

    messages = [message async for message in _with_model(inputs(), "8b")]
    assert (messages[0].model, messages[0].engine, messages[1].text[:4]) == (sent, "openai", "what")
    assert request.model == asked  # another rung may have another one
