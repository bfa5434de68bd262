"""The three ways MiniMax says yes and no: native (`base_resp`, always HTTP 200), OpenAI's and Anthropic's."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

SUCCESS = {"status_code": 0, "status_msg": "success"}

MESSAGES = {
    1000: "unknown error",
    1001: "request timeout",
    1002: "rate limit exceeded(RPM)",
    1004: "login fail: Please carry the API secret key in the 'Authorization' field of the request header",
    1008: "insufficient balance",
    1013: "internal service error",
    1024: "internal error",
    1026: "input new_sensitive",
    1027: "output new_sensitive",
    1033: "mysql failed",
    1039: "token limit exceeded(TPM)",
    1041: "conn limit exceeded",
    1042: "invisible character ratio limit",
    1043: "asr similarity check failed",
    1044: "clone prompt similarity check failed",
    2013: "invalid params",
    2037: "voice clone audio duration too short or too long",
    2038: "voice clone forbidden, please complete verification",
    2039: "voice clone voice id duplicate",
    2042: "you don't have access to this voice_id",
    2045: "rate growth limit exceeded",
    2048: "prompt audio too long",
    2049: "invalid api key",
    2056: "usage limit exceeded",
    2061: "your current token plan not support model",
    20132: "invalid samples or voice_id",
}

HTTP_STATUS = {
    1001: 504,
    1002: 429,
    1004: 401,
    1008: 402,
    1026: 422,
    1027: 422,
    1039: 429,
    1041: 429,
    2013: 400,
    2045: 429,
    2049: 401,
    2056: 429,
    2061: 403,
}
ERROR_TYPES = {
    400: "bad_request_error",
    401: "authorized_error",
    402: "insufficient_balance_error",
    403: "forbidden_error",
    404: "not_found_error",
    422: "unprocessable_entity_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Dialect(Enum):
    """Which of the three a path speaks."""

    NATIVE = "native"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Refused(Exception):
    """An endpoint says no: a code of MiniMax's table, and what is wrong."""

    def __init__(self, code: int, detail: str = "", http_status: int | None = None) -> None:
        self.code = code
        self.message = f"{MESSAGES.get(code, 'unknown error')}{', ' if detail else ''}{detail}"
        self.http_status = http_status
        super().__init__(self.message)


def dialect_of(path: str) -> Dialect:
    """What callers of this path understand."""
    if path.startswith("/anthropic/"):
        return Dialect.ANTHROPIC
    if path.startswith(("/v1/chat/", "/v1/models", "/v2/")):
        return Dialect.OPENAI
    return Dialect.NATIVE


def native(body: dict[str, Any]) -> JSONResponse:
    """A good native reply."""
    return JSONResponse(body | {"base_resp": SUCCESS})


def base_resp(code: int, message: str) -> dict[str, Any]:
    """The verdict in a native reply."""
    return {"status_code": code, "status_msg": message}


def error_body(path: str, code: int, message: str, status: int, trace_id: str) -> dict[str, Any]:
    """What an error looks like to callers of this path."""
    dialect = dialect_of(path)
    if dialect is Dialect.NATIVE:
        body: dict[str, Any] = {"base_resp": base_resp(code, message)}
        return body | ({"data": None, "trace_id": trace_id} if "t2a_v2" in path else {})
    if dialect is Dialect.ANTHROPIC:
        error = {"type": ANTHROPIC_TYPES.get(status, "api_error"), "message": f"{message} ({code})"}
        return {"type": "error", "error": error, "request_id": trace_id}
    kind = ERROR_TYPES.get(status, "server_error")
    error = {"type": kind, "message": f"{message} ({code})", "http_code": str(status)}
    return {"type": "error", "error": error, "request_id": trace_id}


def error_reply(path: str, code: int, message: str, trace_id: str, http_status: int | None = None) -> Response:
    """The reply that says no: HTTP 200 on native paths, the real status on the others, unless one is asked for."""
    status = HTTP_STATUS.get(code, 500)
    body = error_body(path, code, message, http_status or status, trace_id)
    if dialect_of(path) is Dialect.NATIVE:
        return JSONResponse(body, http_status or 200)
    if http_status == 200:
        # Seen of the cloud: HTTP 200 on the OpenAI route, no choices, and the verdict in base_resp.
        body = {"id": trace_id, "object": "", "created": 0, "model": "", "choices": None, "usage": None}
        body["base_resp"] = base_resp(code, message)
    return JSONResponse(body, http_status or status)


def error_event(path: str, code: int, message: str, trace_id: str) -> bytes:
    """The same as an event of a stream that has begun."""
    body = error_body(path, code, message, HTTP_STATUS.get(code, 500), trace_id)
    return event(body, "error" if dialect_of(path) is Dialect.ANTHROPIC else "")


def event(body: Any, name: str = "") -> bytes:
    """One server-sent event: JSON on one line."""
    line = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"{f'event: {name}{chr(10)}' if name else ''}data: {line}\n\n".encode()


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; refuses anything else."""
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused(2013, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refused(2013, "the body is not a JSON object")
    return body


def number(body: dict[str, Any], name: str, low: float, high: float, default: float) -> float:
    """A number within its limits; refuses others."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Refused(2013, f"{name} must be in [{low:g}, {high:g}]")
    return value


def choice(body: dict[str, Any], name: str, allowed: tuple[Any, ...], default: Any) -> Any:
    """One of the allowed values; refuses others."""
    value = body.get(name)
    if value is None:
        return default
    if value not in allowed:
        raise Refused(2013, f"{name} must be one of {list(allowed)}")
    return value


def trace_of(request: Request) -> str:
    """The id of this request, as in its `Trace-Id` header."""
    return str(request.scope["trace_id"])
