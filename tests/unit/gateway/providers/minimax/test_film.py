import io
import random
import struct

import av
import pytest

from gateway.providers.minimax.film import in_order
from troupe.wire.errors import EngineFailed


@pytest.fixture(scope="module")
def mp4(fake):
    from minimax.film import film
    from minimax.sound import Sounding, encode, speak

    return film(4.0, (128, 72), b"".join(encode(speak("one two three", Sounding(codec="wav")))))


def decoded(data) -> list[bytes]:
    with av.open(io.BytesIO(data)) as container:
        return [bytes(frame.planes[0]) for frame in container.decode()]


def test_the_index_and_the_mark_come_before_the_media(mp4):
    film = in_order(mp4, "scn_7")
    whole = film.init + film.media
    assert film.init.index(b"moov") < len(film.init)
    assert b"mdat" not in film.init
    assert b"scn_7" in film.init
    assert b"trainedAlgorithmicMedia" in film.init
    assert (film.width, film.height) == (128, 72)
    assert film.duration_ms == pytest.approx(4000, abs=60)
    assert decoded(whole) == decoded(mp4)


def test_what_is_in_order_stays_in_order(mp4):
    once = in_order(mp4)
    again = in_order(once.init + once.media)
    assert decoded(again.init + again.media) == decoded(mp4)


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 100, b"<html>", struct.pack(">I4s", 8, b"ftyp")])
def test_what_is_no_film(data):
    with pytest.raises(EngineFailed):
        in_order(data)


def test_damaged_films_are_films_or_refused(mp4):
    chance = random.Random(5)
    for _ in range(400):
        data = bytearray(mp4)
        for _ in range(chance.randint(1, 30)):
            data[chance.randrange(len(data))] = chance.choice([0, 1, 0xFF, chance.randrange(256)])
        try:
            film = in_order(bytes(data[: chance.randint(1, len(data))]))
        except EngineFailed:
            continue
        assert 0 <= film.duration_ms <= 2**31
