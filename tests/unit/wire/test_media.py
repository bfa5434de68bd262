from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from troupe.wire.media import PCM_BYTES_PER_MS, PIECE_BYTES, pieces


@given(st.binary(max_size=2000), st.integers(1, 500))
def test_pieces_join_to_the_whole_and_none_is_too_large(data: bytes, size: int) -> None:
    cut = pieces(data, size)
    assert b"".join(cut) == data
    assert all(0 < len(piece) <= size for piece in cut)


def test_a_piece_fits_the_message_limit_many_times() -> None:
    from troupe.wire.channels import MESSAGE_BYTES

    assert PIECE_BYTES * 4 <= MESSAGE_BYTES
    assert PCM_BYTES_PER_MS == 48
