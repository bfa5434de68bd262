from __future__ import annotations

import struct

import pytest

from svc_video.boxes import Box, Span, Track, boxes, find, make_box, span, whole_box

PICTURE = Track(track_id=1, handler=b"vide", timescale=1000, default_duration=40)


def full(kind: bytes, flags: int, *values: int, version: int = 0) -> bytes:
    return make_box(kind, bytes([version]) + flags.to_bytes(3, "big") + b"".join(struct.pack(">I", v) for v in values))


def moof(*trafs: bytes) -> Box:
    box = whole_box(make_box(b"moof", full(b"mfhd", 0, 7) + b"".join(trafs)))
    assert box is not None
    return box


def traf(track: int, start: int, trun: bytes, tfhd_flags: int = 0, *tfhd: int) -> bytes:
    return make_box(b"traf", full(b"tfhd", tfhd_flags, track, *tfhd) + full(b"tfdt", 0, start) + trun)


def test_a_box_is_given_only_when_it_is_whole() -> None:
    data = make_box(b"free", b"12345")
    for length in range(len(data)):
        assert whole_box(data[:length]) is None
    assert whole_box(data + b"more") == Box(b"free", data, 8)


def test_a_large_box_has_its_size_in_eight_bytes() -> None:
    data = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234"
    box = whole_box(data)
    assert box is not None
    assert box.body == b"1234"
    assert whole_box(data[:12]) is None


def test_a_box_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        whole_box(struct.pack(">I4s", 3, b"junk"))


def test_boxes_are_found_at_every_path() -> None:
    data = make_box(b"moov", make_box(b"trak", make_box(b"tkhd", b"1")) + make_box(b"trak", make_box(b"tkhd", b"2")))
    assert [box.body for box in find(data, b"moov", b"trak", b"tkhd")] == [b"1", b"2"]
    assert [box.kind for box in boxes(data + data)] == [b"moov", b"moov"]


def test_a_span_counts_default_durations_of_the_track() -> None:
    other = traf(2, 9999, full(b"trun", 0, 100))
    assert span(moof(other, traf(1, 200, full(b"trun", 0, 5))), PICTURE) == Span(7, 0.2, 0.4)


def test_a_span_counts_the_fragments_own_default() -> None:
    # base data offset (8 bytes) and description index stand before the default duration
    trafs = traf(1, 0, full(b"trun", 0, 4), 0x01 | 0x02 | 0x08, 0, 0, 1, 25)
    assert span(moof(trafs), PICTURE) == Span(7, 0.0, 0.1)


def test_a_span_counts_each_samples_duration() -> None:
    # data offset, first sample's flags, then per sample: duration, size
    run = full(b"trun", 0x001 | 0x004 | 0x100 | 0x200, 2, 0, 0, 30, 1111, 50, 2222)
    assert span(moof(traf(1, 1000, run)), PICTURE) == Span(7, 1.0, 1.08)


def test_a_fragment_without_picture_has_no_span() -> None:
    assert span(moof(traf(2, 0, full(b"trun", 0, 1))), PICTURE) is None
