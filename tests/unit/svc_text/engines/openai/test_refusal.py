from __future__ import annotations

import json

import pytest

from svc_text.engines.openai.refusal import message_of, refusal
from troupe.wire.errors import EngineFailed, InvalidArgument, NotSupported, Overloaded, TextTooLong, TroupeError

VLLM = {"error": {"message": "This model's maximum context length is 10 tokens. However, you sent 20.", "code": 400}}
SGLANG = {"object": "error", "message": "The input (20 tokens) is longer than the model's context length (10 tokens)."}
LLAMA = {"error": {"code": 400, "message": "request exceeds the available context size", "type": "exceed"}}


@pytest.mark.parametrize(
    ("status", "body", "leaf", "why"),
    [
        (400, {"error": {"message": "bad value."}}, InvalidArgument, "S cannot take this chat: bad value[.]$"),
        (422, {"detail": [{"msg": "field required"}]}, InvalidArgument, "field required"),
        (400, VLLM, TextTooLong, "maximum context length"),
        (400, SGLANG, TextTooLong, "longer than the model's"),
        (400, LLAMA, TextTooLong, "context size"),
        (413, "too large", TextTooLong, "too large"),
        (401, {"error": "Unauthorized"}, EngineFailed, "PROVIDER_VLLM_API_KEY"),
        (403, {}, EngineFailed, "PROVIDER_VLLM_API_KEY"),
        (404, {"error": {"message": "The model `x` does not exist."}}, EngineFailed, "model `x` does not exist"),
        (301, "", EngineFailed, "sends callers elsewhere"),
        (429, {"error": "slow down"}, Overloaded, "slow down"),
        (503, {"error": {"message": "Loading model"}}, Overloaded, "Loading model"),
        (501, {"error": {"message": "no tools"}}, NotSupported, "no tools"),
        (500, {"error": {"message": "context length of the CUDA stream"}}, EngineFailed, "broke .500."),
        (502, "<html>bad gateway</html>", EngineFailed, "bad gateway"),
        (200 + 4, "", EngineFailed, "no reason given"),
    ],
)
def test_each_refusal_is_one_leaf(status: int, body: object, leaf: type[TroupeError], why: str) -> None:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    error = refusal("S", status, raw, {})
    assert type(error) is leaf
    with pytest.raises(leaf, match=why):
        raise error


@pytest.mark.parametrize(("header", "wait_s"), [("7", 7.0), ("", 1.0), ("Fri, 27 Nov 2026", 1.0), ("9999", 60.0)])
def test_when_to_come_back_is_passed_on(header: str, wait_s: float) -> None:
    assert refusal("S", 429, b"", {"Retry-After": header}).retry_after_s == wait_s


def test_the_key_is_never_repeated() -> None:
    error = refusal("S", 400, b'{"error": {"message": "wrong key sk-very-secret given"}}', {}, "sk-very-secret")
    assert "secret" not in error.message
    assert "wrong key *** given" in error.message


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b"null", b"{}", b'{"error": {"message": null}}', b'""'])
def test_every_body_has_words(body: bytes) -> None:
    assert 0 < len(message_of(body)) <= 500
