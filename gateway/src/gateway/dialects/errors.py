"""Exceptions -> the JSON of /api; also those of FastAPI itself, so that every error has one shape."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.dialects.replies import ErrorReply, error_reply
from troupe.wire.errors import BodyTooLarge, InvalidArgument, NotSupported, TroupeError, nearest

DOCUMENTED = {
    status: {"model": ErrorReply, "description": description}
    for status, description in {
        400: "A value is not allowed; the message says which and what is",
        401: "No API key, or a wrong one",
        403: "The key, the licence or a missing consent forbids it",
        404: "No such voice, portrait or scene, or not yours",
        413: "Too much text, too many bytes, pixels or seconds",
        415: "The bytes are not the kind of media they should be",
        422: "No provider of the chain can serve this request, or no face was found",
        429: "Too many requests for now",
        502: "The engine broke",
        503: "No provider answers, or too much is asked of them; Retry-After says when to come back",
        504: "The time was used up",
    }.items()
}
"""The errors of every route of /api, for /docs."""


def install(app: FastAPI, known_fields: Collection[str]) -> None:
    """Let every exception end as the JSON of an error; a slip in a field's name names the nearest."""
    app.state.known_fields = known_fields
    app.add_exception_handler(TroupeError, _on_troupe_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


def request_id_of(request: Request) -> str:
    """The id that the guard gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


async def _on_troupe_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, TroupeError):
        raise error
    return error_reply(error, request_id_of(request))


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    known = request.app.state.known_fields
    return error_reply(invalid([dict(problem) for problem in error.errors()], known), request_id_of(request))


def invalid(problems: list[dict[str, Any]], known_fields: Collection[str]) -> InvalidArgument:
    """Pydantic's problems as one sentence each; the values themselves are not repeated (they may be private)."""
    said = [_sentence(problem, known_fields) for problem in problems[:5]]
    return InvalidArgument("; ".join(said) + ". See /docs for the fields.", field=_place(problems[0]))


def _sentence(problem: dict[str, Any], known_fields: Collection[str]) -> str:
    place = _place(problem)
    if problem["type"] == "extra_forbidden":
        return f"{place[:64]}: there is no such field.{nearest(place[:64], known_fields)}"
    return f"{place}: {problem['msg']}"


def _place(problem: dict[str, Any]) -> str:
    location = problem.get("loc")
    parts = [str(part) for part in location if part != "body"] if isinstance(location, tuple | list) else []
    return ".".join(parts) or "body"


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    reply = error_reply(_leaf(error, request), request_id_of(request))
    reply.status_code = error.status_code
    reply.headers.update(error.headers or {})
    return reply


def _leaf(error: HTTPException, request: Request) -> TroupeError:
    """What FastAPI and Starlette say by status alone: unknown paths and methods, forms that cannot be read."""
    if error.status_code == 413:
        return BodyTooLarge(str(error.detail))
    if error.status_code in {404, 405}:
        path = request.url.path[:200]
        return NotSupported(f"{request.method} {path}: {error.detail}. docs/HTTP.md lists what there is.")
    return InvalidArgument(f"The body cannot be read: {error.detail}.")
