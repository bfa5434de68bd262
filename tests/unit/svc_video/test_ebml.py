from __future__ import annotations

import pytest

from svc_video import ebml


def test_an_element_is_given_only_when_it_is_whole() -> None:
    data = ebml.make_element(ebml.TAGS, b"abc")
    for length in range(len(data)):
        assert ebml.whole_element(data[:length]) is None
    element = ebml.whole_element(data + b"more")
    assert element is not None
    assert (element.kind, element.body, element.data) == (ebml.TAGS, b"abc", data)


def test_short_sizes_are_read_too() -> None:
    element = ebml.whole_element(b"\xe7\x82\x01\x02")
    assert element is not None
    assert (element.kind, element.body) == (ebml.TIMESTAMP, b"\x01\x02")


def test_of_a_segment_only_the_header_is_taken() -> None:
    head = ebml.SEGMENT.to_bytes(4, "big") + b"\x01" + b"\xff" * 7
    element = ebml.whole_element(head + b"children")
    assert element is not None
    assert (element.data, element.unknown) == (head, True)


def test_other_elements_must_tell_their_size() -> None:
    with pytest.raises(ValueError, match="unknown size"):
        ebml.whole_element(ebml.CLUSTER.to_bytes(4, "big") + b"\xff")


def test_a_block_tells_its_track_time_and_flags() -> None:
    cluster = ebml.make_element(ebml.CLUSTER, ebml.simple_block(2, -7, 0x80, b"sound"))
    outer = ebml.whole_element(cluster)
    assert outer is not None
    (block,) = ebml.children(outer)
    assert block.kind == ebml.SIMPLE_BLOCK
    assert block.body == b"\x82" + (-7).to_bytes(2, "big", signed=True) + b"\x80sound"
