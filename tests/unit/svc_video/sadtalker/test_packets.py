from __future__ import annotations

import io
import os
import struct
import threading

import numpy as np
import pytest

from svc_video.engines.sadtalker.packets import LARGEST, Packet, read, write


def test_a_packet_comes_out_as_it_went_in() -> None:
    stream = io.BytesIO()
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    write(stream, Packet({"frame": 3, "word": "ü"}, pixels.data))
    write(stream, Packet({"done": {}}))
    stream.seek(0)
    first = read(stream)
    assert first.message == {"frame": 3, "word": "ü"}
    assert bytes(first.data) == pixels.tobytes()
    assert read(stream) == Packet({"done": {}}, bytearray())
    assert read(stream) is None


@pytest.mark.parametrize("cut", [3, 8, 12, 30])
def test_one_that_is_cut_off_is_the_end(cut) -> None:
    stream = io.BytesIO()
    write(stream, Packet({"frame": 3}, bytes(20)))
    assert read(io.BytesIO(stream.getvalue()[:cut])) is None


def test_what_is_no_packet_is_refused() -> None:
    with pytest.raises(ValueError, match="none is larger"):
        read(io.BytesIO(struct.pack(">II", 20, LARGEST) + b"{}"))
    with pytest.raises(ValueError, match="Expecting"):
        read(io.BytesIO(struct.pack(">II", 5, 0) + b"hello"))


def test_many_megabytes_pass_through_a_pipe() -> None:
    reading, writing = os.pipe()
    data = np.random.default_rng(0).integers(0, 256, 8 << 20, np.uint8)
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as sink:
        sending = threading.Thread(target=write, args=(sink, Packet({"n": 1}, data.data)))
        sending.start()
        packet = read(source)
        sending.join()
    assert bytes(packet.data) == data.tobytes()
