from __future__ import annotations

from dataclasses import asdict, fields
from fractions import Fraction

import numpy as np
import pytest
from tests.unit.svc_video.portrait.sounds import AH, EE, as_pcm, hiss, said, silence, vowel

from svc_video.engine import Job, Prepared
from svc_video.engines.portrait.engine import LOOK_AHEAD_MS
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.track import FaceTrack
from svc_video.speech import Cue, Speech

RATE = Fraction(25)
PORTRAIT = Prepared(256, 256, None)
CUES = [Cue(ipa, 200 + 100 * number, 300 + 100 * number, stressed=ipa == "a") for number, ipa in enumerate("amaufibo")]
# The most that may change in one frame of 40 ms; lids, gaze and lips are quick by nature.
STEPS = {
    "jaw": 0.66, "wide": 0.45, "pucker": 0.4, "press": 0.3, "upper": 0.3, "lower": 0.25, "close": 1.0, "fv": 1.0,
    "tongue": 0.75, "relax": 0.3, "smile": 0.09, "blink_left": 0.85, "blink_right": 0.85, "lid": 0.05, "squint": 0.14,
    "brow": 0.2, "brow_inner": 0.06, "brow_outer": 0.06, "gaze_x": 0.4, "gaze_y": 0.4, "yaw": 0.4, "pitch": 0.5,
    "roll": 0.25, "dx": 0.003, "dy": 0.003, "breath": 0.25,
}  # fmt: skip


def hum(seconds: float) -> np.ndarray:
    at = np.arange(round(seconds * 24_000)) / 24_000
    return 0.19 * np.sign(np.sin(2 * np.pi * 130 * at))


def sentence(number: int = 0) -> list[np.ndarray]:
    """2.4 s of sound like speech, and a pause of 0.8 s."""
    high = 120.0 + 10 * (number % 4)
    return [
        vowel(250, *AH, pitch=high), hiss(90), vowel(180, *EE), silence(60), vowel(300, *AH, level=0.28),
        hiss(120), vowel(260, *EE, pitch=(110.0, high)), silence(50), vowel(420, *AH), hiss(80),
        vowel(590, *EE, level=0.12), silence(800),
    ]  # fmt: skip


def phones(start_ms: int) -> list[Cue]:
    """What is said in such a sentence."""
    lengths = (("a", 250), ("s", 90), ("i", 180), ("p", 60), ("a", 300), ("ʃ", 120), ("i", 260), ("b", 50))
    cues = []
    for ipa, length in (*lengths, ("uː", 420), ("f", 80), ("i", 590)):
        cues.append(Cue(ipa, start_ms, start_ms + length, stressed=ipa in {"a", "uː"}))
        start_ms += length
    return cues


def faces(speech: Speech, **told) -> dict[int, FaceParams]:
    track = FaceTrack(Job(PORTRAIT, RATE, **told), speech)
    return {index: track.at(index) for index in speech.frames(RATE)}


def spoken(cues: list[Cue], seconds: float = 2.0, start_ms: int = 0) -> Speech:
    return said(hum(seconds), cues=cues, start_ms=start_ms)


def ways(film: dict[int, FaceParams]) -> dict[str, np.ndarray]:
    return {field.name: np.array([getattr(face, field.name) for face in film.values()]) for field in fields(FaceParams)}


def test_cues_drive_the_mouth() -> None:
    film = faces(spoken(CUES))
    assert film[8].close == 1.0  # the m, 300..400 ms
    assert film[6].jaw > 0.4  # the a before it
    assert film[12].pucker > 0.3  # the u
    assert film[40].jaw < 0.05  # silence after the last cue, whatever the sound


def test_without_cues_the_sound_drives_it() -> None:
    assert faces(spoken([]))[25].jaw > 0.2


def test_where_cues_end_the_sound_takes_over() -> None:
    speech = Speech(has_cues=True)
    speech.feed(as_pcm(hum(3.0)), CUES, cues_complete_ms=1000)
    track = FaceTrack(Job(PORTRAIT, RATE), speech)
    jaws = [track.at(index).jaw for index in range(20, 40)]
    assert jaws[-1] > 0.2  # 1.5 s: no cue, but sound
    assert np.abs(np.diff(jaws)).max() < 0.35  # and no jump between


@pytest.mark.parametrize("expression", ["", "joyful", "angry", "surprised", "sad", "disgusted"])
@pytest.mark.parametrize("kind", ["cues", "sound", "late", "ending"])
def test_nothing_jumps_whatever_comes_when(kind, expression) -> None:
    sounds = [silence(1200)] + [part for number in range(4) for part in sentence(number)] + [silence(1500)]
    cues = [cue for number in range(4) for cue in phones(1200 + 3200 * number)]
    pcm, speech = as_pcm(*sounds), Speech(has_cues=kind != "sound")
    track = FaceTrack(Job(PORTRAIT, RATE, seed=4, expression=expression), speech)
    told, film = 0, {}
    for index in range(len(pcm) // 1920):
        ahead = index * 40 + 440
        # Late cues come 300 ms after their sound was seen, two seconds of them at once; ending ones stop at 5 s.
        known = {"cues": ahead, "sound": 0, "late": (index * 40 - 300) // 2000 * 2000, "ending": min(ahead, 5000)}[kind]
        fresh = [cue for cue in cues if told <= cue.start_ms < known]
        told = max(told, known)
        speech.feed(pcm[speech.known_to(10**9) * 2 : ahead * 48], fresh, max(0, told))
        film[index] = track.at(index)
    for name, way in ways(film).items():
        assert np.abs(way).max() <= 4 + 1e-9
        assert np.abs(np.diff(way)).max() <= STEPS[name], name


def test_a_film_begins_as_the_picture_shows_it() -> None:
    first = faces(said(silence(400)), seed=3, expression="angry")[0]
    assert all(value == pytest.approx(0, abs=1e-3) for value in asdict(first).values())


def test_a_face_at_rest_is_alive_and_does_not_repeat() -> None:
    way = ways(faces(said(silence(60_000)), seed=5))
    assert not way["jaw"].any()
    assert 8 <= ((way["blink_left"][:-1] < 0.5) & (way["blink_left"][1:] >= 0.5)).sum() <= 22
    for name, least in (("yaw", 0.3), ("pitch", 0.15), ("roll", 0.15), ("gaze_x", 0.02), ("breath", 0.1)):
        assert np.std(way[name]) > least
    moving = np.abs(np.diff(way["yaw"])) + np.abs(np.diff(way["pitch"])) > 1e-4
    assert moving[40:].mean() > 0.97


@pytest.mark.parametrize("with_cues", [True, False])
def test_a_resumed_film_goes_on_with_the_same_faces(with_cues) -> None:
    sounds = [part for number in range(3) for part in sentence(number)]
    cues = [cue for number in range(3) for cue in phones(3200 * number)] if with_cues else []
    whole = faces(said(*sounds, cues=cues), seed=5, expression="happy")
    at_ms = 4200
    rest = faces(said(*sounds, cues=cues, start_ms=at_ms), seed=5, expression="happy")
    settled = 10 if with_cues else 60  # frames; by ear it must hear a little first
    assert min(rest) == at_ms // 40
    for index in range(min(rest) + settled, max(rest)):
        for name, value in asdict(rest[index]).items():
            near = 0.3 if name in {"yaw", "pitch", "roll"} else 0.05
            assert value == pytest.approx(getattr(whole[index], name), abs=near), (index, name)
    for name in ("yaw", "pitch", "roll"):
        assert getattr(rest[min(rest)], name) == pytest.approx(getattr(whole[min(rest)], name), abs=1.2)


def test_with_cues_a_resumed_film_is_the_same_to_the_last_digit_but_for_loudness() -> None:
    cues = [cue for number in range(3) for cue in phones(3200 * number)]
    whole, rest = (faces(said(silence(9600), cues=cues, start_ms=start), seed=5) for start in (0, 4200))
    for index in range(min(rest), max(rest)):
        assert asdict(rest[index]) == pytest.approx(asdict(whole[index]), abs=1e-9)


def test_the_same_film_twice_is_the_same_and_another_seed_is_not() -> None:
    one, other, third = (faces(spoken(CUES), seed=seed) for seed in (9, 9, 10))
    assert one == other != third


def test_a_smile_gives_way_to_speech_and_comes_back() -> None:
    speech = said(silence(1500), *sentence(), silence(1500), cues=phones(1500))
    film = faces(speech, expression="happy")
    before, spoken_, after = film[30].smile, film[75].smile, film[130].smile
    assert before == pytest.approx(after) == pytest.approx(0.45)
    assert 0.1 < spoken_ < 0.75 * before
    assert film[0].smile == 0 < film[8].smile < before


def test_brows_follow_stress_and_an_unknown_expression_is_none() -> None:
    loud = [Cue("a", 1000, 1200, stressed=True)]
    sounds = [vowel(1000, *AH, level=0.05), vowel(200, *AH, level=0.3, pitch=180.0), vowel(2000, *AH, level=0.05)]
    plain = faces(said(*sounds, cues=loud), expression="unheard of")
    assert plain[28].brow > plain[20].brow + 0.15
    assert plain[28].brow > plain[60].brow + 0.15
    assert {face.smile for face in plain.values()} == {0.0}


def test_a_still_head_is_still() -> None:
    film = faces(spoken(CUES), options={"head_motion": 0.0, "blink_rate": 0.0})
    assert {(face.yaw, face.pitch, face.roll, face.dx, face.blink_left) for face in film.values()} == {(0, 0, 0, 0, 0)}
    assert {(face.gaze_x, face.gaze_y) for face in film.values()} == {(0, 0)}


def test_blinks_prefer_the_ends_of_phrases() -> None:
    count = 24
    sounds = [part for number in range(count) for part in sentence(number)]
    cues = [cue for number in range(count) for cue in phones(3200 * number)]
    lids = ways(faces(said(*sounds, cues=cues), seed=2))["blink_left"]
    begins = np.flatnonzero((lids[:-1] == 0) & (lids[1:] > 0)) * 0.04
    since_end = (begins + 0.04 - 2.4) % 3.2  # a pause begins 2.4 s after its sentence
    assert (since_end < 0.2).mean() > 0.2  # a sixteenth of the time
    assert 10 <= len(begins) / (count * 3.2 / 60) <= 20


def test_it_looks_ahead_no_further_than_the_engine_waits() -> None:
    sounds = [part for number in range(2) for part in sentence(number)]
    cues = [cue for number in range(2) for cue in phones(3200 * number)]
    whole = faces(said(*sounds, cues=cues), seed=5)
    pcm, speech = as_pcm(*sounds), Speech(has_cues=True)
    track, told = FaceTrack(Job(PORTRAIT, RATE, seed=5), speech), 0
    for index in range(120):
        ahead = (index + 1) * 40 + LOOK_AHEAD_MS
        speech.feed(
            pcm[speech.known_to(10**9) * 2 : ahead * 48], [c for c in cues if told <= c.start_ms < ahead], ahead
        )
        told = ahead
        assert asdict(track.at(index)) == pytest.approx(asdict(whole[index]), abs=1e-6)
