from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.fakes.onnx_graph import FLOAT, INT64, Graph, value
from tests.fakes.piper_voice import HOP, IDS, hz_of, random_vits, tones

from svc_tts.engines.piper.session import Defect, Session

RATE = 22_050
SCALES = (0.0, 1.0, 0.8)
A_AND_B = [each for symbol in "^_a_b_$" for each in IDS[symbol]]


def session(folder: Path, graph: bytes) -> Session:
    path = folder / "en_US-toy-medium.onnx"
    path.write_bytes(graph)
    return Session(path, 1)


def loudest_hz(wave: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 16)).argmax() * RATE / (1 << 16))


def test_each_phoneme_is_heard_where_its_frames_are(tmp_path: Path) -> None:
    spoken = session(tmp_path, tones()).speak(A_AND_B, SCALES, 0, RATE)
    assert spoken.frames == (1, 1, 6, 1, 6, 1, 1)
    assert len(spoken.wave) == sum(spoken.frames) * HOP
    for symbol, start in (("a", 2), ("b", 9)):
        heard = spoken.wave[start * HOP : (start + 6) * HOP]
        assert loudest_hz(heard) == pytest.approx(hz_of(symbol), abs=10)


def test_lengths_told_by_the_voice_itself(tmp_path: Path) -> None:
    assert session(tmp_path, tones(told=True)).speak(A_AND_B, SCALES, 0, RATE).frames == (1, 1, 6, 1, 6, 1, 1)


def test_a_voice_that_tells_none(tmp_path: Path) -> None:
    spoken = session(tmp_path, tones(hidden_durations=False)).speak(A_AND_B, SCALES, 0, RATE)
    assert spoken.frames == ()
    assert len(spoken.wave) == 17 * HOP


def test_speakers(tmp_path: Path) -> None:
    several = session(tmp_path, tones(speakers=2))
    low, high = (several.speak(A_AND_B, SCALES, number, RATE).wave[2 * HOP : 8 * HOP] for number in (0, 1))
    assert loudest_hz(high) == pytest.approx(2 * loudest_hz(low), rel=0.02)


def test_length_and_noise_are_heard(tmp_path: Path) -> None:
    loaded = session(tmp_path, tones())
    usual = loaded.speak(A_AND_B, SCALES, 0, RATE)
    assert len(loaded.speak(A_AND_B, (0.0, 2.0, 0.8), 0, RATE).wave) == 2 * len(usual.wave)
    assert (loaded.speak(A_AND_B, SCALES, 0, RATE).wave == usual.wave).all()
    assert (loaded.speak(A_AND_B, (1.0, 1.0, 0.8), 0, RATE).wave != usual.wave).any()


def test_loudness_is_held_and_never_clips(tmp_path: Path) -> None:
    loaded = session(tmp_path, tones())
    waves = [loaded.speak(A_AND_B, (noise, 1.0, 0.8), 0, RATE).wave for noise in (0.0, 0.0, 60.0, 0.0)]
    peaks = [float(np.abs(wave).max()) for wave in waves]
    assert peaks[0] == peaks[1] == pytest.approx(0.7, abs=0.01)
    assert peaks[2] <= 0.981
    assert peaks[3] < peaks[0]  # what would have clipped lowered the voice for good


def test_a_vits_with_random_weights(tmp_path: Path) -> None:
    spoken = session(tmp_path, random_vits()).speak(A_AND_B, SCALES, 0, RATE)
    assert len(spoken.wave) == sum(spoken.frames) * HOP
    assert np.abs(spoken.wave).max() <= 0.981


def _other(operator: str) -> bytes:
    """A graph with Piper's inputs that makes something else of them."""
    graph = Graph()
    graph.constant("zero", np.float32(0))
    graph.add("Cast", ["input"], "real", to=FLOAT)
    if operator == "nan":
        graph.add("Mul", ["real", "zero"], "zeros")
        graph.add("Div", ["zeros", "zeros"], "output")
    else:
        graph.constant("far", [1 << 24])
        graph.constant("first", [0])
        graph.add("Slice", ["real", "first", "first"], "nothing")
        graph.add("Reshape", ["nothing", "first"], "output", allowzero=1)
    inputs = [value("input", INT64, [1, "n"]), value("input_lengths", INT64, [1]), value("scales", FLOAT, [3])]
    return graph.model(inputs, [value("output", FLOAT, ["m"])])


@pytest.mark.parametrize(("kind", "told"), [("nan", "no sound"), ("nothing", "gave 0.0 s for 7 phonemes")])
def test_what_is_no_sound_is_a_defect(tmp_path: Path, kind: str, told: str) -> None:
    with pytest.raises(Defect, match=f"en_US-toy-medium.onnx .*{told}"):
        session(tmp_path, _other(kind)).speak(A_AND_B, SCALES, 0, RATE)


def _stranger() -> bytes:
    graph = Graph()
    graph.add("Identity", ["x"], "y")
    return graph.model([value("x", FLOAT, [1])], [value("y", FLOAT, [1])])


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        (b"", "cannot be loaded"),
        (b"<html>not found</html>", "cannot be loaded: it is no ONNX file|cannot be loaded: it is cut short"),
        (tones()[:2_000], "cannot be loaded: it is cut short. Download it again."),
        (tones().replace(b"GreaterOrEqual", b"GreaterOrEquaX"), "cannot be loaded: .*GreaterOrEquaX"),
        (_stranger(), "is no voice of Piper: its inputs are x; a voice has input, input_lengths, scales"),
    ],
)
def test_a_defective_file_is_told_by_name(tmp_path: Path, graph: bytes, told: str) -> None:
    with pytest.raises(Defect, match=f"en_US-toy-medium.onnx ({told})"):
        session(tmp_path, graph)


def test_a_giant_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "en_US-toy-medium.onnx"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(Defect, match="has more than 1 GiB"):
        Session(path, 1)
