from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from tests.fakes.onnx_graph import FLOAT, Graph, block, integer, value
from tests.fakes.piper_voice import HOP, tones

from svc_tts.engines.piper.graph import NotProtobuf, with_durations


def run(model: bytes) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model)
    ids = np.array([[1, 0, 20, 0, 2]])
    scales = np.array([0, 1.3, 0], np.float32)
    return session.run(None, {"input": ids, "input_lengths": np.array([5]), "scales": scales})


def test_the_lengths_of_phonemes_come_out_and_add_up_to_the_sound() -> None:
    hidden = tones()
    assert len(run(hidden)) == 1
    sound, frames = run(with_durations(hidden))
    assert frames.size == 5
    assert sound.size == frames.sum() * HOP


def test_a_voice_that_cannot_tell_or_tells_already_is_left_as_it_is() -> None:
    silent = tones(hidden_durations=False)
    assert with_durations(silent) is silent
    told = with_durations(tones())
    assert with_durations(told) is told


def test_two_candidates_are_none() -> None:
    graph = Graph()
    graph.add("Ceil", ["x"], "one")
    graph.add("Ceil", ["one"], "two")
    model = graph.model([value("x", FLOAT, [1])], [value("two", FLOAT, [1])])
    assert with_durations(model) is model


@pytest.mark.parametrize("cut", [3, 400, -20])
def test_a_file_cut_short_is_no_model(cut: int) -> None:
    with pytest.raises(NotProtobuf, match="cut short"):
        with_durations(tones()[:cut])


@pytest.mark.parametrize("junk", [b"\x0b", b"\xff" * 40, b"<html>not found</html>"])
def test_other_files_are_no_model(junk: bytes) -> None:
    with pytest.raises(NotProtobuf):
        with_durations(junk)


def test_fields_of_every_wire_type_are_passed_over() -> None:
    fixed = bytes([13 << 3 | 1]) + b"12345678" + bytes([14 << 3 | 5]) + b"1234"
    node = block(2, "lengths") + block(4, "Ceil")
    named = block(7, block(1, node))
    assert with_durations(integer(1, 8) + fixed + named).endswith(block(7, block(12, block(1, "lengths"))))
