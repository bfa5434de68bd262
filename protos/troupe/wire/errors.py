"""The one error tree, and the one table that says what each leaf is called on every wire.

    TroupeError
    ├── RequestError                the caller can mend it
    │   ├── InvalidArgument         a value is not allowed
    │   ├── EmptyText               nothing to say
    │   ├── TextTooLong             more text than one request may hold
    │   ├── UnsupportedLanguage     no voice reads it
    │   ├── UnsupportedFormat       a codec, rate or container that is not made here
    │   ├── UnsupportedMedia        the bytes are not what they should be
    │   ├── MediaTooLarge           too many pixels or seconds
    │   ├── BodyTooLarge            too many bytes
    │   ├── NoFace                  a portrait without a face
    │   ├── NoSpeech                a voice sample in which nobody is heard to speak
    │   ├── PoorSample              a voice sample that is noisy, clipped or too quiet
    │   ├── WrongDuration           a voice sample that is too short or too long
    │   ├── AddressRefused          a web address that is not fetched from here
    │   ├── PageWithoutText         a page on which there is nothing to read
    │   ├── UnknownVoice            no voice of that id, or not yours
    │   ├── UnknownPortrait         no portrait of that id, or not yours
    │   ├── UnknownScene            no scene of that id, or not yours
    │   ├── UnknownEngine           this service has no such engine
    │   ├── UnknownProvider         no rung of that name
    │   ├── VoiceUnusable           the voice is stored and cannot speak yet
    │   ├── NoRungCanServe          every rung of the chain was skipped
    │   ├── NotSupported            nobody here does that
    │   └── Cancelled               the caller left or cancelled
    ├── AccessError                 the caller may not
    │   ├── Unauthenticated         no key, or a wrong one
    │   ├── PermissionDenied        the key lacks the scope
    │   ├── LicenceForbids          the weights forbid commercial use
    │   ├── ConsentMissing          a clone without consent
    │   ├── RateLimited             too many requests for now
    │   └── QuotaExceeded           the budget is spent
    └── ServingError                the mesh could not
        ├── Overloaded              the queue is full
        ├── Draining                going away; ask another replica
        ├── EngineMissing           it is not installed
        ├── CheckpointNotFound      its weights are not there
        ├── CheckpointBroken        its weights are there, and damaged or of the wrong kind
        ├── CannotConnect           a server that should be there is not
        ├── FetchFailed             a page of the web that did not come
        ├── PortTaken               another process listens where this one should
        ├── EngineFailed            it broke while working
        ├── AllRungsFailed          every rung of the chain was tried
        ├── StreamBroken            it broke after the answer had begun
        ├── DeadlineExceeded        the time was used up
        └── Internal                a defect of ours

An error crosses gRPC as a rich status (google.rpc.ErrorInfo, domain "troupe.v1", reason = the leaf's code) and comes
out on the other side as the same leaf with the same message and details.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import grpc

DOMAIN = "troupe.v1"
RETRY_AFTER = "retry_after_s"
"""The detail that says when to come back, in seconds."""


class TroupeError(Exception):
    """Root of the tree: a sentence for people, and details for programs."""

    code = "troupe_error"

    def __init_subclass__(cls) -> None:
        """Name the leaf on the wire: `NoFace` is `no_face`."""
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: str, **details: str | float) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, str] = {name: str(value) for name, value in details.items()}

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which a retry makes sense, where that is known."""
        value = self.details.get(RETRY_AFTER)
        return float(value) if value is not None else None


class RequestError(TroupeError):
    """The caller can mend it."""


class AccessError(TroupeError):
    """The caller may not."""


class ServingError(TroupeError):
    """The mesh could not."""


class InvalidArgument(RequestError):
    """A value is not allowed."""


class EmptyText(RequestError):
    """Nothing to say."""


class TextTooLong(RequestError):
    """More text than one request may hold."""


class UnsupportedLanguage(RequestError):
    """No voice reads it."""


class UnsupportedFormat(RequestError):
    """A codec, rate or container that is not made here."""


class UnsupportedMedia(RequestError):
    """The bytes are not what they should be."""


class MediaTooLarge(RequestError):
    """Too many pixels or seconds."""


class BodyTooLarge(RequestError):
    """Too many bytes."""


class NoFace(RequestError):
    """A portrait without a face."""


class NoSpeech(RequestError):
    """A voice sample in which nobody is heard to speak."""


class PoorSample(RequestError):
    """A voice sample that is noisy, clipped or too quiet to be learned from."""


class WrongDuration(RequestError):
    """A voice sample that is too short or too long."""


class AddressRefused(RequestError):
    """A web address that is not fetched from here: not public, or no plain http(s)."""


class PageWithoutText(RequestError):
    """A page on which there is nothing to read."""


class UnknownVoice(RequestError):
    """No voice of that id, or not yours."""


class UnknownPortrait(RequestError):
    """No portrait of that id, or not yours."""


class UnknownScene(RequestError):
    """No scene of that id, or not yours."""


class UnknownEngine(RequestError):
    """This service has no such engine."""


class UnknownProvider(RequestError):
    """No rung of that name."""


class VoiceUnusable(RequestError):
    """The voice is stored and cannot speak yet."""


class NoRungCanServe(RequestError):
    """Every rung of the chain was skipped; the message says why per rung."""


class NotSupported(RequestError):
    """Nobody here does that."""


class Cancelled(RequestError):
    """The caller left or cancelled."""


class Unauthenticated(AccessError):
    """No key, or a wrong one."""


class PermissionDenied(AccessError):
    """The key lacks the scope."""


class LicenceForbids(AccessError):
    """The weights forbid commercial use."""


class ConsentMissing(AccessError):
    """A clone without consent."""


class RateLimited(AccessError):
    """Too many requests for now."""


class QuotaExceeded(AccessError):
    """The budget is spent."""


class Overloaded(ServingError):
    """The queue is full."""


class Draining(ServingError):
    """Going away; ask another replica."""


class EngineMissing(ServingError):
    """It is not installed on this machine."""


class CheckpointNotFound(ServingError):
    """Its weights are not there."""


class CheckpointBroken(ServingError):
    """Its weights are there, and damaged or of the wrong kind."""


class CannotConnect(ServingError):
    """A server that should be there is not."""


class FetchFailed(ServingError):
    """A page of the web that did not come: its site is not there, is slow, or says no."""


class PortTaken(ServingError):
    """Another process listens where this one should."""


class EngineFailed(ServingError):
    """It broke while working."""


class AllRungsFailed(ServingError):
    """Every rung of the chain was tried."""


class StreamBroken(ServingError):
    """It broke after the answer had begun."""


class DeadlineExceeded(ServingError):
    """The time was used up."""


class Internal(ServingError):
    """A defect of ours."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one leaf is called on each wire."""

    grpc: grpc.StatusCode
    http: int
    openai: str
    anthropic: str
    minimax: int


def _bad_request(status: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT, http: int = 400) -> Row:
    return Row(status, http, "invalid_request_error", "invalid_request_error", 2013)


_CODE = grpc.StatusCode
TABLE: Mapping[type[TroupeError], Row] = {
    InvalidArgument: _bad_request(),
    EmptyText: _bad_request(),
    TextTooLong: _bad_request(http=413),
    UnsupportedLanguage: _bad_request(),
    UnsupportedFormat: _bad_request(),
    UnsupportedMedia: _bad_request(http=415),
    MediaTooLarge: _bad_request(http=413),
    BodyTooLarge: Row(_CODE.INVALID_ARGUMENT, 413, "invalid_request_error", "request_too_large", 2013),
    NoFace: _bad_request(http=422),
    NoSpeech: Row(_CODE.INVALID_ARGUMENT, 422, "invalid_request_error", "invalid_request_error", 20132),
    PoorSample: Row(_CODE.INVALID_ARGUMENT, 422, "invalid_request_error", "invalid_request_error", 20132),
    WrongDuration: Row(_CODE.INVALID_ARGUMENT, 422, "invalid_request_error", "invalid_request_error", 2037),
    AddressRefused: _bad_request(),
    PageWithoutText: _bad_request(http=422),
    UnknownVoice: Row(_CODE.NOT_FOUND, 404, "invalid_request_error", "not_found_error", 2054),
    UnknownPortrait: Row(_CODE.NOT_FOUND, 404, "invalid_request_error", "not_found_error", 2013),
    UnknownScene: Row(_CODE.NOT_FOUND, 404, "invalid_request_error", "not_found_error", 2013),
    UnknownEngine: Row(_CODE.NOT_FOUND, 404, "invalid_request_error", "not_found_error", 2013),
    UnknownProvider: Row(_CODE.NOT_FOUND, 404, "invalid_request_error", "not_found_error", 2013),
    VoiceUnusable: _bad_request(_CODE.FAILED_PRECONDITION, 409),
    NoRungCanServe: _bad_request(_CODE.FAILED_PRECONDITION, 422),
    NotSupported: _bad_request(_CODE.UNIMPLEMENTED, 501),
    Cancelled: Row(_CODE.CANCELLED, 499, "invalid_request_error", "invalid_request_error", 1000),
    Unauthenticated: Row(_CODE.UNAUTHENTICATED, 401, "authentication_error", "authentication_error", 1004),
    PermissionDenied: Row(_CODE.PERMISSION_DENIED, 403, "permission_error", "permission_error", 1004),
    LicenceForbids: Row(_CODE.PERMISSION_DENIED, 403, "permission_error", "permission_error", 2013),
    ConsentMissing: Row(_CODE.PERMISSION_DENIED, 403, "permission_error", "permission_error", 2013),
    RateLimited: Row(_CODE.RESOURCE_EXHAUSTED, 429, "rate_limit_error", "rate_limit_error", 1002),
    QuotaExceeded: Row(_CODE.RESOURCE_EXHAUSTED, 429, "insufficient_quota", "rate_limit_error", 1008),
    Overloaded: Row(_CODE.RESOURCE_EXHAUSTED, 503, "server_error", "overloaded_error", 1041),
    Draining: Row(_CODE.UNAVAILABLE, 503, "server_error", "overloaded_error", 1000),
    EngineMissing: Row(_CODE.FAILED_PRECONDITION, 503, "server_error", "api_error", 1000),
    CheckpointNotFound: Row(_CODE.FAILED_PRECONDITION, 503, "server_error", "api_error", 1000),
    CheckpointBroken: Row(_CODE.FAILED_PRECONDITION, 503, "server_error", "api_error", 1000),
    CannotConnect: Row(_CODE.UNAVAILABLE, 503, "server_error", "api_error", 1000),
    FetchFailed: Row(_CODE.UNAVAILABLE, 502, "server_error", "api_error", 1000),
    PortTaken: Row(_CODE.FAILED_PRECONDITION, 503, "server_error", "api_error", 1000),
    EngineFailed: Row(_CODE.INTERNAL, 502, "server_error", "api_error", 1013),
    AllRungsFailed: Row(_CODE.UNAVAILABLE, 503, "server_error", "api_error", 1000),
    StreamBroken: Row(_CODE.ABORTED, 502, "server_error", "api_error", 1013),
    DeadlineExceeded: Row(_CODE.DEADLINE_EXCEEDED, 504, "timeout_error", "timeout_error", 1001),
    Internal: Row(_CODE.INTERNAL, 500, "server_error", "api_error", 1013),
}

BY_CODE: Mapping[str, type[TroupeError]] = {leaf.code: leaf for leaf in TABLE}


# What a bare status means that no Troupe server wrote: gRPC itself made it.
def row(error: TroupeError) -> Row:
    """The table's row of an error."""
    return TABLE.get(type(error), TABLE[Internal])


def revive(code: str, message: str, details: Mapping[str, str]) -> TroupeError:
    """The leaf of that code; `Internal` when this version does not know it."""
    return BY_CODE.get(code, Internal)(message, **details)


def nearest(word: str, choices: Iterable[str]) -> str:
    """` Did you mean "x"?` for the nearest choice, or nothing."""
    by_folded = {choice.casefold(): choice for choice in choices}
    hits = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    return f' Did you mean "{by_folded[hits[0]]}"?' if hits else ""
