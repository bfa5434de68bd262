from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from svc_video.captions import HOLD_MS, LEAD_MS, MIN_SIDE, NO_WORDS, Captions
from svc_video.film import to_i420, to_rgb
from svc_video.fonts import FontBook
from svc_video.lettering import Lettering
from svc_video.speech import Speech, Word

SECOND = 48_000  # bytes
TEXT = "Hello, I am new here, and I would like to show how captions look. They follow the voice, word for word!"
WORD_MS = 300
GOAL_MS = 0.3  # per frame of 512 x 512, on an idle core


def spoken(text: str = TEXT, start_ms: int = 200) -> list[Word]:
    words, at, place = [], start_ms, 0
    for part in text.split():
        place = text.index(part, place)
        words.append(Word(part, place, place + len(part), at, at + WORD_MS - 20))
        place, at = place + len(part), at + WORD_MS
    return words


def speech(words: list[Word], *, ended: bool = True) -> Speech:
    told = Speech()
    told.feed(bytes(SECOND), words=words)
    if ended:
        told.end()
    return told


def captions(words: list[Word], size: tuple[int, int] = (256, 256), *, ended: bool = True) -> Captions:
    return Captions(speech(words, ended=ended), *size, FontBook(folders=()))


def grey(width: int = 256, height: int = 256) -> np.ndarray:
    return to_i420(np.full((height, width, 3), 128, np.uint8))


def changed(frame: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Rows and columns of the brightness that are not what they were: (top, bottom, left, right)."""
    height = len(frame) * 2 // 3
    rows, columns = np.nonzero(np.abs(frame[:height].astype(int) - made[:height]) > 2)
    return np.array([rows.min(), rows.max(), columns.min(), columns.max()])


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (912, 512), (512, 912), (1080, 1920), (162, 130)])
def test_words_stand_in_the_lower_part_inside_safe_margins(size) -> None:
    width, height = size
    frame = grey(*size)
    made = captions(spoken(), size).drawn(frame, 1500)
    top, bottom, left, right = changed(frame, made)
    assert top > 0.5 * height
    assert bottom < 0.96 * height
    assert left > 0.005 * width
    assert right < 0.995 * width
    assert abs((left + right) / 2 - width / 2) < 0.03 * width


def test_the_frame_of_the_engine_is_left_as_it_was() -> None:
    frame = grey()
    before = frame.copy()
    captions(spoken()).drawn(frame, 500)
    np.testing.assert_array_equal(frame, before)


def test_rgb_frames_get_them_too() -> None:
    rgb = np.full((256, 256, 3), 128, np.uint8)
    np.testing.assert_array_equal(captions(spoken()).drawn(rgb, 500), captions(spoken()).drawn(grey(), 500))


def yellow(planes: np.ndarray) -> np.ndarray:
    """Columns in which the highlight's colour is seen."""
    rgb = to_rgb(planes).astype(int)
    return np.flatnonzero(((rgb[..., 0] > 150) & (rgb[..., 2] < rgb[..., 0] - 60)).any(axis=0))


def test_the_word_that_is_spoken_is_highlighted_and_moves_on() -> None:
    words, drawn = spoken("one two three"), captions(spoken("one two three"))
    places = [yellow(drawn.drawn(grey(), word.start_ms + 50)).mean() for word in words]
    assert places == sorted(places)
    assert places[2] - places[0] > 20
    assert yellow(drawn.drawn(grey(), words[0].start_ms - 50)).size == 0  # on screen, not yet spoken


def test_they_come_a_little_early_and_go_a_little_late() -> None:
    words = spoken("one two")
    drawn, frame = captions(words), grey()
    first, last = words[0].start_ms - LEAD_MS, words[-1].end_ms + HOLD_MS
    assert drawn.drawn(frame, first - 1) is frame
    assert drawn.drawn(frame, first) is not frame
    assert drawn.drawn(frame, last - 1) is not frame
    assert drawn.drawn(frame, last) is frame


def pages(drawn: Captions, words: list[Word]) -> list[tuple[int, int]]:
    for word in words:
        drawn.drawn(grey(), word.start_ms)
    return [drawn._span(index) for index in range(len(drawn._starts))]


def test_a_sentence_ends_its_plate_and_a_plate_has_two_lines() -> None:
    words = spoken()
    lettering = Lettering(160, 160, FontBook(folders=()))
    told = pages(captions(words, (160, 160)), words)
    assert [last for _, last in told][-1] == len(words)
    assert 14 in {last for _, last in told}  # "look."
    assert all(lettering.fits(words[first:last]) for first, last in told)
    assert len(told) > 2


def test_a_pause_ends_a_plate() -> None:
    words = [*spoken("one two"), *spoken("three", start_ms=5_000)]
    assert pages(captions(words), words) == [(0, 2), (2, 3)]


def test_a_film_that_goes_on_elsewhere_shows_the_same() -> None:
    """Both are told all words from the first on; the second draws from the middle."""
    words = spoken()
    whole, rest = captions(words), captions(words)
    for at_ms in range(0, 3_000, 40):
        whole.drawn(grey(), at_ms)
    for at_ms in range(3_000, 5_000, 40):
        np.testing.assert_array_equal(whole.drawn(grey(), at_ms), rest.drawn(grey(), at_ms))


def test_words_told_twice_stand_there_once() -> None:
    words = spoken("one two three")
    told = Speech()
    told.feed(bytes(SECOND), words=words)
    told.feed(b"", words=words[1:])
    assert [word.text for word in told.words()] == ["one", "two", "three"]


def test_words_that_come_late_are_waited_for_once_per_plate_only() -> None:
    told = speech(spoken("one two"), ended=False)
    drawn = Captions(told, 256, 256, FontBook(folders=()))
    drawn.drawn(grey(), 300)
    started = time.monotonic()
    for at_ms in range(340, 500, 10):
        drawn.drawn(grey(), at_ms)
    assert time.monotonic() - started < 0.15


def test_without_words_it_says_what_they_need() -> None:
    assert captions([]).notes() == [NO_WORDS]


def test_without_a_font_for_the_script_it_says_so_and_draws_nothing() -> None:
    drawn, frame = captions(spoken("你好 世界")), grey()
    (note,) = drawn.notes()
    assert '"你好 世界"' in note
    assert drawn.drawn(frame, 300) is frame


def test_in_a_tiny_frame_it_says_so_and_draws_nothing() -> None:
    drawn, frame = captions(spoken(), (64, MIN_SIDE)), grey(64, MIN_SIDE)
    assert "128 pixels" in drawn.notes()[0]
    assert drawn.drawn(frame, 300) is frame


def test_with_words_and_a_font_nothing_is_noted() -> None:
    assert captions(spoken()).notes() == []


def test_a_word_longer_than_the_frame_breaks_nothing() -> None:
    drawn = captions(spoken("a " + "Donaudampfschifffahrt" * 9 + " b"), (130, 130))
    assert drawn.drawn(grey(130, 130), 600).shape == grey(130, 130).shape


def test_chinese_words_stand_close_and_english_ones_apart() -> None:
    lettering = Lettering(256, 256, FontBook(folders=()))
    apart = lettering._width([Word("ab", 0, 2, 0, 1), Word("cd", 3, 5, 1, 2)])
    close = lettering._width([Word("ab", 0, 2, 0, 1), Word("cd", 2, 4, 1, 2)])
    assert apart > close + 3


def test_arabic_runs_from_right_to_left() -> None:
    lettering = Lettering(256, 256, FontBook(folders=()))
    words = [Word("\u05d0", 0, 1, 0, 1), Word("\u05d1", 2, 3, 1, 2)]
    first, second = lettering._placed(words, 10.0, 5.0, 0)
    assert first.x >= second.x


def test_the_colours_are_right_on_every_plane() -> None:
    made = to_rgb(captions(spoken("WWWWWWWW"), (512, 512)).drawn(grey(512, 512), 300)).astype(int)
    bright = made[(made[..., 0] > 235) & (made[..., 1] > 190)]
    assert len(bright) > 20
    np.testing.assert_allclose(np.median(bright, axis=0), (255, 214, 64), atol=25)
    plate = made[cv2.cvtColor(made.astype(np.uint8), cv2.COLOR_RGB2GRAY) < 60]
    assert len(plate) > 500


def test_it_is_cheap() -> None:
    drawn, frame = captions(spoken(), (512, 512)), grey(512, 512)
    drawn.drawn(frame, 1000)
    started = time.perf_counter()
    for _ in range(100):
        drawn.drawn(frame, 1000)
    assert (time.perf_counter() - started) * 10 < 5 * GOAL_MS
