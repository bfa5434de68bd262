"""What judges the portrait's films can tell good ones from bad ones."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from tests.bench.film import Fragment, Received, encoder_line, looked_at
from tests.bench.flat import FIRST_S, Flat
from tests.bench.live import BUFFER_S, Mouth, by_clock, by_sound, lateness_s
from tests.bench.speech import pieces, repeated, tones

ASKED = 100.0


def encoded(preset: str, pictures: list[int]) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": preset, "crf": "23"})
        video.width = video.height = 64
        audio = container.add_stream("aac", rate=24_000, layout="mono")
        for grey in pictures:
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey, np.uint8))
            container.mux(video.encode(frame))
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        sound.rate = 24_000
        container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return out.getvalue()


def film(*came_at: float) -> Received:
    """Fragments of 0.4 s."""
    fragments = [Fragment(ASKED + at, 0.4 * number, 0.4 * (number + 1)) for number, at in enumerate(came_at)]
    return Received(ASKED, fragments=fragments)


def test_a_clock_that_never_waits_judges_every_frame() -> None:
    good = film(0.1, 0.5, 0.9)
    assert max(lateness_s(good, by_clock(good)))[0] == pytest.approx(-BUFFER_S)
    bad = film(0.1, 0.5, 1.5)  # the third is wanted from 1.3 s on
    late = [each for each in lateness_s(bad, by_clock(bad)) if each[0] > 1e-6]
    assert len(late) == 5
    assert max(late) == (pytest.approx(0.2), pytest.approx(0.8))


def test_a_fragment_is_late_only_after_the_sound_it_needs() -> None:
    mouth = Mouth(0.0)
    mouth.sent_at = {number: ASKED + 0.25 * number for number in range(1, 4)}
    # 0.4 s and what the muxer wants beyond them lie in the third piece, sent at 0.75 s.
    assert lateness_s(film(0.75 + BUFFER_S), by_sound(mouth))[0][0] == pytest.approx(0)
    assert lateness_s(film(0.76 + BUFFER_S), by_sound(mouth))[0][0] == pytest.approx(0.01)


def test_decoding_counts_frames_that_stand_still_and_the_sound() -> None:
    look = looked_at(encoded("veryfast", [10, 60, 60, 120, 180]))
    assert look.frames == 5
    assert look.same == pytest.approx(1 / 4)
    assert look.sound_s == pytest.approx(4096 / 24_000, abs=0.1)


def test_the_encoder_is_known_by_its_own_words() -> None:
    assert encoder_line(encoded("veryfast", [10, 60])).endswith(": as veryfast crf 23")
    assert encoder_line(encoded("ultrafast", [10, 60])).endswith("NOT veryfast crf 23")
    assert "does not say" in encoder_line(b"no film")


def test_speech_that_is_repeated_keeps_its_cues_in_their_places() -> None:
    clip = repeated(tones(2.0), 5.0)
    assert clip.seconds == pytest.approx(5.0)
    sent = list(pieces(clip, 0.25))
    assert b"".join(piece.pcm for piece in sent) == clip.pcm
    assert [cue.start_ms for piece in sent for cue in piece.cues] == [100 * number for number in range(50)]
    assert all(cue.start_ms < piece.cues_complete_ms for piece in sent for cue in piece.cues)


def test_growth_is_told_apart_from_a_jump() -> None:
    steady = [(FIRST_S + at, 200.0 + 15 * (at % 7 == 0)) for at in range(100)]
    assert Flat(600, 100, 15_000, 0, steady).growth_mb == pytest.approx(0)
    growing = [(at, mb + at / 10) for at, mb in steady]
    assert Flat(600, 100, 15_000, 0, growing).growth_mb == pytest.approx(9, abs=1)
