import gzip
import os

import pytest

from gateway.guard.fetch.body import PAGE_BYTES, Body
from troupe.wire.errors import FetchFailed


def fed(data: bytes, encoding: str = "", piece: int = 1000, limit: int = PAGE_BYTES) -> bytes:
    body = Body(encoding, limit)
    for place in range(0, len(data), piece):
        body.feed(data[place : place + piece])
    return body.whole()


@pytest.mark.parametrize("piece", [1, 7, 4096])
@pytest.mark.parametrize("encoding", ["", "gzip", "X-GZIP", "identity"])
def test_a_body_is_unpacked_as_it_comes(encoding, piece) -> None:
    text = os.urandom(600) * 4
    packed = gzip.compress(text) if "gz" in encoding.casefold() else text
    assert fed(packed, encoding, piece) == text


def test_gzip_files_may_follow_one_another() -> None:
    assert fed(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", 3) == b"one two"


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "compress"])
def test_only_what_was_asked_for_is_unpacked(encoding) -> None:
    with pytest.raises(FetchFailed, match="not asked for"):
        Body(encoding)


def test_a_page_has_an_end() -> None:
    assert len(fed(b"a" * PAGE_BYTES, piece=70_000)) == PAGE_BYTES
    with pytest.raises(FetchFailed, match="more than 2,097,152 bytes"):
        fed(b"a" * (PAGE_BYTES + 1), piece=70_000)
    noise = gzip.compress(os.urandom(PAGE_BYTES + 1000), 1)
    with pytest.raises(FetchFailed, match="more than 2,097,152 bytes"):
        fed(noise, "gzip", 70_000)


def test_a_bomb_is_put_down_before_it_goes_off() -> None:
    body = Body("gzip")
    bomb = gzip.compress(bytes(500 * 1024 * 1024 // 64), 9)
    with pytest.raises(FetchFailed, match="20 times its size"):
        body.feed(bomb[:1000])
    assert len(body._data) <= PAGE_BYTES + 1


def test_empty_packages_without_end_end() -> None:
    nothing = gzip.compress(b"")
    with pytest.raises(FetchFailed, match="more than"):
        fed(nothing * (PAGE_BYTES // len(nothing) + 2), "gzip", 70_000)


def test_a_small_page_may_repeat_itself() -> None:
    assert len(fed(gzip.compress(b"a" * 60_000), "gzip")) == 60_000


@pytest.mark.parametrize("cut", [5, 30])
def test_half_a_package_is_no_page(cut) -> None:
    with pytest.raises(FetchFailed, match="middle of its packed body"):
        fed(gzip.compress(os.urandom(200))[:cut], "gzip")


def test_noise_is_no_package() -> None:
    with pytest.raises(FetchFailed, match="broken"):
        fed(b"<html>plain after all", "gzip")
