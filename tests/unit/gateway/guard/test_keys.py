import json
import stat

import pytest

from gateway.guard.keys import NOBODY, Caller, Keyring, create_key, hashed, presented_key, read_keys
from troupe.wire.errors import InvalidArgument, PermissionDenied, Unauthenticated


def test_a_key_is_shown_once_and_kept_as_its_hash(tmp_path) -> None:
    path = tmp_path / "deep" / "keys.json"
    key = create_key(path, "alice", ["voice"])
    assert key.startswith("tp_")
    assert len(key) >= 43
    assert key not in path.read_text()
    (stored,) = read_keys(path)
    assert (stored.name, stored.scopes, stored.sha256) == ("alice", ("voice",), hashed(key)) or list(stored.scopes) == [
        "voice"
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_are_added_not_replaced(tmp_path) -> None:
    path = tmp_path / "keys.json"
    first, second = create_key(path, "a"), create_key(path, "b")
    ring = Keyring(path)
    ids = {ring.caller({"authorization": f"Bearer {key}"}).key_id for key in (first, second)}
    assert len(ids) == 2
    assert not [each for each in tmp_path.iterdir() if each.name != "keys.json"]


def test_an_unknown_scope_is_named(tmp_path) -> None:
    with pytest.raises(InvalidArgument, match="sing"):
        create_key(tmp_path / "k.json", "x", ["sing"])


def test_without_a_file_everybody_is_one_caller() -> None:
    ring = Keyring(None)
    assert not ring.asks
    assert ring.caller({}) == Caller(NOBODY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "Basic x"},
        {"x-api-key": "tp_no"},
        {"authorization": "Bearer tp_no"},
    ],
)
def test_no_key_or_a_wrong_one_is_refused(tmp_path, headers) -> None:
    create_key(tmp_path / "keys.json", "a")
    with pytest.raises(Unauthenticated):
        Keyring(tmp_path / "keys.json").caller(headers)


def test_a_key_may_come_in_two_headers() -> None:
    assert presented_key({"authorization": "bearer abc"}) == "abc"
    assert presented_key({"x-api-key": " abc "}) == "abc"
    assert presented_key({"authorization": "Bearer one", "x-api-key": "two"}) == "one"


def test_odd_bytes_in_a_key_are_no_defect(tmp_path) -> None:
    create_key(tmp_path / "keys.json", "a")
    with pytest.raises(Unauthenticated):
        Keyring(tmp_path / "keys.json").caller({"x-api-key": "\udcff\xff"})


def test_a_scope_that_is_missing_is_named() -> None:
    Caller("k").require("voice", "video")
    Caller("k", frozenset({"voice"})).require("voice")
    with pytest.raises(PermissionDenied, match="needs video"):
        Caller("k", frozenset({"voice"})).require("voice", "video")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [{"id": "x"}]}', '{"keys": 3}'])
def test_a_file_that_holds_something_else_is_told(tmp_path, text) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(InvalidArgument, match="it should hold"):
        Keyring(path)


def test_a_bad_reload_keeps_the_keys_that_were_known(tmp_path) -> None:
    path = tmp_path / "keys.json"
    key = create_key(path, "a")
    ring = Keyring(path)
    path.write_text("{")
    with pytest.raises(InvalidArgument):
        ring.reload()
    assert ring.caller({"x-api-key": key})


def test_the_file_is_plain_json(tmp_path) -> None:
    create_key(tmp_path / "keys.json", "a")
    (entry,) = json.loads((tmp_path / "keys.json").read_text())["keys"]
    assert set(entry) == {"id", "sha256", "name", "scopes", "created"}
