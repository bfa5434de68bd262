"""A film from the Studio, by keyboard alone: soon on the screen, whole, its words lit with its sound, and taken home.

CI has two loaded cores: times are held to five times the goal here, and the figures are printed for docs/BENCHMARKS.md.
That nothing stalls at all is judged by `make bench-playback`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import av
import httpx
import numpy as np
import pytest
from tests.browser.cinema import FPS, missed, script
from tests.browser.studio import Studio

pytestmark = pytest.mark.timeout(150)
FILM_S = 10.0
FIRST_FRAME_MS = 1_000.0  # the goal, from the first byte of the film to its first frame on the screen
SLACK = 5
CAPTION_MS = 80.0  # the goal: how far a word may light up from the moment it is spoken
FRAME_MS = 1000 / FPS  # and a frame, which is how finely a film knows its time
LIT = 0.8  # of the words at least: a short one falls between two frames that a loaded machine shows
WELL = 0.9  # of the words: two loaded cores keep a page waiting now and then
HICCUPS = 1  # times that the film may be late for two loaded cores, most likely its second piece
DROPPED = 0.05  # of the frames; five times the goal
SAME_S = 0.25  # two files are as long as one another within this
CUE = re.compile(r"(\d\d:\d\d:\d\d\.\d{3}) --> (\d\d:\d\d:\d\d\.\d{3})\n(.+)\n")


@dataclass(frozen=True, slots=True)
class Film:
    """One film, watched to its end. `words`: as the scene tells them."""

    studio: Studio
    script: str
    told: dict[str, Any]
    words: list[dict[str, Any]]
    scene: list[tuple[str, dict[str, Any]]]

    @property
    def first_frame_ms(self) -> dict[str, float]:
        """From the press, and from the first byte."""
        first = self.told["first_frame_ms"]
        return {since: first - self.told[f"{since}_ms"] for since in ("pressed", "first_byte")}

    @property
    def lit(self) -> dict[int, dict[str, Any]]:
        """When each word was lit first, by when it begins to be spoken."""
        return {each["start_ms"]: each for each in reversed(self.told["lit"])}

    @property
    def caption_ms(self) -> list[float]:
        """How late each word was lit, by the film's clock."""
        return [each["film_ms"] - start for start, each in self.lit.items()]


@pytest.fixture(scope="module")
def film(mesh, browser) -> Film:
    """Written, cast and played without a mouse."""
    page = Studio(browser, mesh.url).open()
    text = script(FILM_S)
    page.fill("script", text)
    choose_by_keyboard(page)
    page.fill("script", text)
    page.press("Control+Enter")
    page.wait("seen.ended", 3 * FILM_S + 30)
    scene = events(mesh.url, page.scene())
    words = [word for kind, data in scene if kind == "words" for word in data["words"]]
    return Film(page, text, page.told(), words, scene)


def choose_by_keyboard(page: Studio) -> None:
    """The second face, and the voice after the first."""
    page.evaluate("document.querySelector('[name=face]:checked').focus()")
    page.press("ArrowRight")
    page.evaluate("document.getElementById('voice-open').focus()")
    page.press("Enter")
    page.wait("document.getElementById('voices').open", 5)
    page.press("ArrowDown", times=2)
    page.press("Enter")
    page.wait("!document.getElementById('voices').open", 5)


def events(url: str, scene_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Everything that a scene told, asked for afterwards."""
    reply = httpx.get(f"{url}/api/scenes/{scene_id}/events", timeout=30)
    kinds = re.findall(r"^event: (.*)$", reply.text, re.MULTILINE)
    data = re.findall(r"^data: (.*)$", reply.text, re.MULTILINE)
    return [(kind, json.loads(each)) for kind, each in zip(kinds, data, strict=True)]


def test_the_first_frame_is_there_soon(film: Film, figures) -> None:
    figures(
        studio="film", film_s=round(film.told["film_s"], 2),
        first_frame_after_press_ms=round(film.first_frame_ms["pressed"]),
        first_frame_after_first_byte_ms=round(film.first_frame_ms["first_byte"]),
    )  # fmt: skip
    assert film.told["lit"], "it was not watched"
    assert 0 <= film.first_frame_ms["first_byte"] < SLACK * FIRST_FRAME_MS


def test_it_plays_to_its_end_and_is_there_in_time(film: Film) -> None:
    assert film.told["ended"]
    assert len(missed(film.told["stalls"])) <= HICCUPS
    assert film.told["now_s"] == pytest.approx(film.told["film_s"], abs=FRAME_MS / 1000)
    assert film.told["film_s"] == pytest.approx(FILM_S, rel=0.4)
    assert film.told["decoded"] == pytest.approx(film.told["film_s"] * FPS, rel=0.02)
    assert film.told["dropped"] <= DROPPED * film.told["decoded"]


def test_each_word_is_lit_when_it_is_spoken(film: Film, figures) -> None:
    off = np.abs(film.caption_ms)
    figures(
        studio="captions", words=len(film.words), lit=len(off), median_ms=round(float(np.median(off))),
        p95_ms=round(float(np.percentile(off, 95))), worst_ms=round(float(off.max())),
    )  # fmt: skip
    assert len(film.words) == len(film.script.split())
    assert set(film.lit) <= {word["start_ms"] for word in film.words}
    assert len(off) >= LIT * len(film.words), "words were never lit"
    assert np.median(off) <= CAPTION_MS + FRAME_MS
    assert np.mean(off <= SLACK * CAPTION_MS) >= WELL


def test_a_word_is_lit_with_the_first_frame_that_the_page_sees_of_it(film: Film) -> None:
    """However busy the machine: between two frames a page cannot do anything."""
    frames = film.told["frames_ms"]
    late = [
        each
        for start, each in film.lit.items()
        if any(frame >= start for frame in frames[: max(0, each["frames"] - 1)])
    ]
    assert late == []
    assert min(film.caption_ms) >= -FRAME_MS


def test_words_are_lit_as_they_were_written(film: Film) -> None:
    for word in film.words:
        if each := film.lit.get(word["start_ms"]):
            assert film.script[word["text_start"] : word["text_end"]] in each["word"]
            assert each["word"] in film.script.split()


def test_nothing_moves_when_the_film_begins(film: Film) -> None:
    assert film.told["shifts"] < 0.02


def test_the_times_and_those_who_served_are_told(film: Film) -> None:
    served = {data["modality"]: data["provider"] for kind, data in film.scene if kind == "provider"}
    for part in ("tts", "video"):
        line = film.studio.text(f"[data-testid=stage-{part}]")
        assert served[part] in line
        assert re.search(r"\d\.\d+ s", line), line
    assert film.studio.evaluate("[...document.querySelectorAll('[data-state=waiting].step')].length") == 0


def test_the_choices_of_the_keyboard_are_those_of_the_film(film: Film) -> None:
    assert film.studio.evaluate("document.querySelector('[name=face]:checked').value") != "ada"
    assert film.studio.text("#voice-name") != "Aria"
    asked = film.studio.evaluate("JSON.parse(localStorage['troupe.draft']).voice")
    told = next(data for kind, data in film.scene if kind == "voice")
    assert told["voice_id"] == asked["voice_id"] or told["substituted"]
    if told["substituted"]:
        assert asked["name"] in film.studio.text("#timeline"), "who asked for one voice and hears another is told so"


def test_the_film_is_taken_home(film: Film, tmp_path) -> None:
    path = film.studio.download("#save-mp4", tmp_path)
    assert path.suffix == ".mp4"
    assert path.stat().st_size == film.told["bytes"]
    with av.open(str(path)) as held:
        frames = sum(1 for _ in held.decode(video=0))
    assert frames / FPS == pytest.approx(film.told["film_s"], abs=SAME_S)
    with av.open(str(path)) as held:
        assert sum(frame.samples / frame.sample_rate for frame in held.decode(audio=0)) > film.told["film_s"] - SAME_S


def test_the_sound_is_taken_home(film: Film, tmp_path) -> None:
    path = film.studio.download("#save-mp3", tmp_path)
    assert path.suffix == ".mp3"
    with av.open(str(path)) as held:
        assert held.format.name == "mp3"
        length = sum(frame.samples / frame.sample_rate for frame in held.decode(audio=0))
    assert length == pytest.approx(film.told["film_s"], abs=1.5)  # the film has a breath before and after


def test_the_captions_are_taken_home(film: Film, tmp_path) -> None:
    text = film.studio.download("#save-vtt", tmp_path).read_text("utf-8")
    assert text.startswith("WEBVTT\n\n")
    cues = CUE.findall(text)
    assert text.count("-->") == len(cues)
    spans = [(seconds(start), seconds(end)) for start, end, _ in cues]
    assert all(start < end <= film.told["film_s"] + FRAME_MS / 1000 for start, end in spans)
    assert all(one[1] <= next_[0] for one, next_ in pairwise(spans))
    assert " ".join(line for _, _, line in cues).split() == film.script.split()
    begun = 0
    for (start, _), (_, _, line) in zip(spans, cues, strict=True):
        assert start * 1000 == pytest.approx(film.words[begun]["start_ms"], abs=1)
        begun += len(line.split())


def seconds(stamp: str) -> float:
    """Of a time such as 00:01:02.345."""
    hours, minutes, rest = stamp.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def test_the_page_did_nothing_that_its_policy_forbids(film: Film) -> None:
    film.studio.judge()
