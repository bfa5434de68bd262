from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from svc_video.engine import Job, Prepared
from svc_video.engines.portrait.engine import PortraitEngine
from svc_video.film import to_rgb
from svc_video.portraits.avatars import shipped
from svc_video.speech import Cue, Speech
from troupe.wire.errors import EngineMissing, NoFace

RATE = Fraction(25)
SIDE = 256


@pytest.fixture(scope="module")
def engine() -> PortraitEngine:
    engine = PortraitEngine()
    engine.start()
    return engine


@pytest.fixture(scope="module")
def portrait(engine) -> Prepared:
    return engine.prepare(next(iter(shipped().values())).picture(), SIDE, SIDE)


def hum(seconds: float) -> bytes:
    at = np.arange(round(seconds * 24_000)) / 24_000
    return (6000 * np.sign(np.sin(2 * np.pi * 130 * at))).astype("<i2").tobytes()


def spoken(cues: list[Cue], seconds: float = 2.0, start_ms: int = 0) -> Speech:
    speech = Speech(has_cues=bool(cues), start_ms=start_ms)
    speech.feed(hum(seconds)[start_ms * 48 :], cues)
    speech.end()
    return speech


CUES = [Cue(ipa, 200 + 100 * number, 300 + 100 * number, stressed=ipa == "a") for number, ipa in enumerate("amaufibo")]


def test_frames_show_what_is_said(engine, portrait) -> None:
    job = Job(portrait, RATE, options={"head_motion": 0.0, "blink_rate": 0.0})
    frames = [to_rgb(frame).astype(int) for frame in engine.animate(job, spoken(CUES))]
    assert len(frames) == 50
    assert frames[0].shape == (SIDE, SIDE, 3)
    moved = [np.abs(frame - frames[0]).mean(axis=2) for frame in frames]
    where = np.argwhere(moved[6] > 40)
    assert len(where) > 50
    assert SIDE * 0.45 < where[:, 0].mean() < SIDE * 0.85  # the mouth, not the eyes
    assert (moved[8] > 40).sum() < (moved[6] > 40).sum() / 2  # shut again


def test_the_same_film_twice_is_the_same(engine, portrait) -> None:
    one, other = ([*engine.animate(Job(portrait, RATE, seed=9), spoken(CUES, 0.4))] for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_a_kept_face_is_used_and_a_broken_one_made_anew(engine, tmp_path) -> None:
    picture = next(iter(shipped().values())).picture()
    kept = tmp_path / "face.kept"
    first = engine.prepare(picture, SIDE, SIDE, kept)
    grey = np.full((256, 256, 3), 128, np.uint8)  # has no face: only the kept one can be meant
    again = engine.prepare(grey, SIDE, SIDE, kept)
    said = Job(first, RATE), Job(again, RATE)
    frames = [next(iter(engine.animate(job, spoken(CUES)))) for job in said]
    assert (frames[0] == frames[1]).all()
    kept.write_bytes(b"PK\x03\x04 cut off")
    assert engine.prepare(picture, SIDE, SIDE, kept).width == SIDE
    with pytest.raises(NoFace):
        engine.prepare(grey, SIDE, SIDE, tmp_path / "other.kept")


def test_a_picture_without_a_face_is_refused(engine) -> None:
    with pytest.raises(NoFace, match="face"):
        engine.prepare(np.full((256, 256, 3), 128, np.uint8), SIDE, SIDE)


def test_it_must_be_started_first() -> None:
    with pytest.raises(EngineMissing):
        PortraitEngine().prepare(np.zeros((64, 64, 3), np.uint8), SIDE, SIDE)
