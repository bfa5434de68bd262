from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from svc_video.speech import KEPT_MS, MAX_WORDS, SAMPLES_PER_MS, Cue, Speech, Stopped, Word, frame_span
from troupe.wire.errors import DeadlineExceeded, EmptyText, InvalidArgument, MediaTooLarge

RATE = Fraction(25)


def pcm(ms: int, value: int = 1) -> bytes:
    return np.full(ms * 24, value, "<i2").tobytes()


def told(*pieces: bytes, **settings) -> Speech:
    speech = Speech(**settings)
    for piece in pieces:
        speech.feed(piece)
    speech.end()
    return speech


@pytest.mark.parametrize(("ms", "frames"), [(1, 1), (40, 1), (41, 2), (1000, 25)])
def test_there_is_a_frame_for_every_begun_part_of_the_sound(ms, frames) -> None:
    assert list(told(pcm(ms)).frames(RATE)) == list(range(frames))


def test_frames_meet_at_every_rate() -> None:
    for rate in (Fraction(24000, 1001), Fraction(30), Fraction(2997, 100), Fraction(60)):
        spans = [frame_span(index, rate) for index in range(200)]
        assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))


def test_pieces_may_be_cut_within_a_sample() -> None:
    whole = np.arange(960, dtype="<i2").tobytes()
    speech = told(whole[:333], whole[333:1000], whole[1000:])
    assert speech.pcm(0, 960).tolist() == list(range(960))


def test_what_is_not_there_is_silence() -> None:
    speech = told(pcm(1, value=5))
    assert speech.pcm(-2, 26).tolist() == [0, 0, *[5] * 24, 0, 0]
    assert speech.known_to(1000) == 24


def test_a_resumed_stream_counts_on() -> None:
    speech = told(pcm(80, value=3), start_ms=2000)
    assert list(speech.frames(RATE)) == [50, 51]
    assert speech.pcm(2000 * 24 - 1, 2000 * 24 + 1).tolist() == [0, 3]


def test_a_frame_waits_for_its_sound_and_not_for_all_of_it() -> None:
    speech = Speech()
    frames = speech.frames(RATE)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(next, frames)
        time.sleep(0.05)
        assert not first.done()
        speech.feed(pcm(40))
        assert first.result(5) == 0


def test_the_wait_for_what_follows_is_bounded() -> None:
    speech = Speech()
    speech.feed(pcm(40))
    started = time.monotonic()
    assert next(speech.frames(RATE, look_ahead_ms=1000)) == 0
    assert time.monotonic() - started < 1.0


def test_lagging_cues_hold_up_the_film_once_per_piece() -> None:
    speech = Speech(has_cues=True)
    frames = speech.frames(RATE, look_ahead_ms=100)
    started = time.monotonic()
    for _ in range(3):
        speech.feed(pcm(1000))
        for _ in range(20):
            next(frames)
    assert time.monotonic() - started < 2.5  # sixty frames, three waits of 0.15 s


def test_waiting_is_told() -> None:
    stages = []

    class Waiting:
        def __init__(self, stage: str) -> None:
            stages.append(stage)

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_) -> None:
            pass

    speech = Speech(waiting=Waiting, patience_s=0.05)
    with pytest.raises(DeadlineExceeded, match="No speech came"):
        next(speech.frames(RATE))
    assert stages == ["waiting for speech"]


def test_no_sound_at_all_is_an_error() -> None:
    with pytest.raises(EmptyText, match="24 kHz"):
        next(told().frames(RATE))


def test_a_resumed_stream_may_have_nothing_left() -> None:
    assert list(told(start_ms=1000).frames(RATE)) == []


def test_too_much_speech_is_refused() -> None:
    speech = Speech(max_ms=100)
    with pytest.raises(MediaTooLarge, match="0 s"):
        speech.feed(pcm(101))


def test_an_error_of_the_input_reaches_the_reader() -> None:
    speech = Speech()
    speech.fail(InvalidArgument("bad"))
    with pytest.raises(InvalidArgument, match="bad"):
        next(speech.frames(RATE))


def test_a_stop_wakes_the_reader_at_once() -> None:
    speech = Speech()
    threading.Timer(0.05, speech.stop).start()
    with pytest.raises(Stopped):
        next(speech.frames(RATE))
    speech.feed(pcm(1000))
    assert speech.held_ms == 0


def test_memory_stays_flat() -> None:
    speech = Speech()
    room = []
    speech.when_room(lambda: room.append(speech.held_ms))
    frames = speech.frames(RATE)
    most = 0
    for second in range(60):
        speech.feed(pcm(1000), [Cue("a", second * 1000, second * 1000 + 1000)])
        for _ in range(25):
            next(frames)
        most = max(most, speech.held_ms)
    assert most <= KEPT_MS + 1100
    assert len(speech.cues()[0]) <= 5
    assert len(room) > 1000


def test_cues_without_end_are_refused(monkeypatch) -> None:
    monkeypatch.setattr("svc_video.speech.MAX_CUES", 10)
    speech = Speech()
    speech.feed(b"", [Cue("a", 0, 4_000_000_000)] * 10)
    with pytest.raises(MediaTooLarge, match="10 mouth cues"):
        speech.feed(b"", [Cue("a", 0, 4_000_000_000)])


def test_cues_are_complete_as_far_as_told_and_to_the_end_when_ended() -> None:
    speech = Speech(has_cues=True)
    speech.feed(pcm(500), [Cue("b", 100, 200), Cue("a", 0, 100)], cues_complete_ms=200)
    cues, complete = speech.cues()
    assert [cue.ipa for cue in cues] == ["a", "b"]
    assert complete == 200
    speech.end()
    assert speech.cues()[1] == 500


def test_sound_without_cues_never_has_complete_ones() -> None:
    assert told(pcm(500)).cues() == ([], 0)


def word(number: int) -> Word:
    return Word(f"w{number}", number * 3, number * 3 + 2, number * 300, number * 300 + 250)


def test_words_are_kept_from_the_first_on_however_far_the_picture_is() -> None:
    speech = Speech()
    for number in range(40):
        speech.feed(pcm(300), words=[word(number)])
    speech.end()
    for _ in speech.frames(RATE):
        pass
    assert list(speech.words()) == [word(number) for number in range(40)]


def test_the_first_words_are_awaited_until_there_is_sound_enough() -> None:
    speech = Speech()
    speech.feed(pcm(100))
    started = time.monotonic()
    assert not speech.await_words(600, 0.05)
    assert time.monotonic() - started >= 0.05
    speech.feed(pcm(600))
    assert not speech.await_words(600, 5.0)  # at once: there is sound, and no words
    speech.feed(b"", words=[word(0)])
    assert speech.await_words(600, 5.0)
    assert time.monotonic() - started < 4.0


def test_a_word_is_awaited_only_for_a_moment() -> None:
    speech = Speech()
    speech.feed(pcm(100), words=[word(0)])
    assert speech.await_word(0)
    started = time.monotonic()
    assert not speech.await_word(1)
    assert time.monotonic() - started < 1.0
    speech.end()
    assert speech.await_word(1)


def test_there_is_an_end_to_words() -> None:
    with pytest.raises(MediaTooLarge, match="words"):
        Speech().feed(b"", words=[word(number) for number in range(MAX_WORDS + 1)])


def test_a_resumed_speech_may_hold_what_was_heard_before() -> None:
    speech = Speech(start_ms=1_000, lead_ms=400)
    assert speech.first_sample == 600 * SAMPLES_PER_MS
    speech.feed(np.arange(800 * SAMPLES_PER_MS, dtype="<i2").tobytes())
    speech.end()
    assert list(speech.frames(Fraction(25))) == list(range(25, 35))
    assert speech.pcm(999 * SAMPLES_PER_MS, 1_000 * SAMPLES_PER_MS)[0] == 399 * SAMPLES_PER_MS


def test_sound_ahead_is_waited_for_until_it_ends() -> None:
    speech = Speech(patience_s=0.1)
    speech.feed(bytes(2 * 960))
    speech.await_sound(960)
    with pytest.raises(DeadlineExceeded):
        speech.await_sound(961)
    speech.end()
    speech.await_sound(10_000)
