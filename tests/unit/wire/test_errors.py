from __future__ import annotations

import grpc
import grpc.aio
import pytest

from troupe.wire import errors
from troupe.wire.errors import (
    TABLE,
    AccessError,
    Internal,
    NoFace,
    RequestError,
    ServingError,
    TroupeError,
    nearest,
    revive,
    row,
)

BRANCHES = (RequestError, AccessError, ServingError)


def leaves() -> list[type[TroupeError]]:
    return [leaf for branch in BRANCHES for leaf in branch.__subclasses__()]


def test_every_leaf_has_exactly_one_row_and_every_row_a_leaf() -> None:
    assert set(TABLE) == set(leaves())


def test_the_docstring_draws_every_leaf() -> None:
    drawn = errors.__doc__ or ""
    assert [leaf.__name__ for leaf in leaves() if leaf.__name__ not in drawn] == []


def test_codes_are_the_snake_case_of_the_names() -> None:
    assert NoFace.code == "no_face"
    assert errors.UnsupportedLanguage.code == "unsupported_language"


def test_a_code_of_a_newer_version_is_internal() -> None:
    assert type(revive("not_known_yet", "m", {})) is Internal


def test_http_statuses_are_errors_and_grpc_is_never_ok() -> None:
    for leaf in TABLE:
        assert 400 <= row(leaf("x")).http < 600
        assert row(leaf("x")).grpc is not grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("word", "hint"),
    [("en-US-AriaNeutral", ' Did you mean "en-US-AriaNeural"?'), ("ARIA", ""), ("EN-us-arianeural", "?")],
)
def test_nearest_names_the_nearest_or_nothing(word: str, hint: str) -> None:
    said = nearest(word, ["en-US-AriaNeural", "en-GB-RyanNeural"])
    assert said == hint or (hint == "?" and "en-US-AriaNeural" in said)
