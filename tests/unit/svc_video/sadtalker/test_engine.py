from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice

import numpy as np
import psutil
import pytest
from tests.unit.svc_video.sadtalker.films import command, picture, spoken

from svc_video.engine import SLOW, EngineContext, Job, SadTalkerPlace
from svc_video.engines.sadtalker.engine import SadTalkerEngine
from svc_video.engines.sadtalker.enhancer import Enhancers
from svc_video.engines.sadtalker.source import FPS
from svc_video.framing import Framing
from svc_video.speech import Speech, Stopped
from troupe.wire.errors import (
    CheckpointNotFound,
    EngineFailed,
    EngineMissing,
    InvalidArgument,
    NoFace,
    Overloaded,
    UnsupportedMedia,
)
from troupe.wire.media import SAMPLE_RATE

SIZE = (64, 64)
RATE = Fraction(25)
WAIT_S = 20.0
SETTLED, LONG = 600, 3_000  # frames


@pytest.fixture
def engine_of(monkeypatch) -> Iterator[Callable[[str], SadTalkerEngine]]:
    """Engines whose process is the stand-in, started."""
    monkeypatch.setattr("svc_video.engines.sadtalker.terms.require", lambda _: None)
    made: list[SadTalkerEngine] = []

    def make(what: str = "works", *, start: bool = True) -> SadTalkerEngine:
        engine = SadTalkerEngine(EngineContext(SadTalkerPlace()))
        engine.command = command(what)
        made.append(engine)
        if start:
            engine.start(lambda _: None)
        return engine

    yield make
    for engine in made:
        engine.stop()


def job_of(engine, colour=(120, 60, 30), rate=RATE, **options) -> Job:
    return Job(engine.prepare(picture(colour), *SIZE, options=options), rate, seed=7, options=options)


def numbers(frames) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in frames]


def until(there) -> None:
    limit = time.monotonic() + WAIT_S
    while not there():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_a_film_has_a_frame_for_each_of_its_sound(engine_of) -> None:
    engine = engine_of()
    frames = list(engine.animate(job_of(engine), spoken(3.0)))
    assert numbers(frames) == list(range(75))
    assert frames[0].shape == (64, 64, 3)
    assert {int(frame[0, 0, 1]) for frame in frames} == {round(255 * 0.5)}
    assert {int(frame[0, 0, 2]) for frame in frames} == {7}


def test_a_last_part_of_a_frame_is_shown_too(engine_of) -> None:
    engine = engine_of()
    assert numbers(engine.animate(job_of(engine), spoken(0.05))) == [0, 1]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(Fraction(50), [0, 0, 1, 1, 2, 2]), (Fraction(10), [1, 3, 6, 8]), (Fraction(30), [0, 1, 2, 2, 3, 4])],
)
def test_at_other_rates_the_nearest_frame_is_shown(engine_of, rate, expected) -> None:
    engine = engine_of()
    shown = numbers(engine.animate(job_of(engine, rate=rate), spoken(1.0)))
    assert shown[: len(expected)] == expected
    assert len(shown) == rate


def test_a_film_goes_on_where_another_ended(engine_of) -> None:
    engine = engine_of()
    speech = Speech(start_ms=2_000, lead_ms=1_500)
    speech.feed(np.full(24_000 * 2, 4_000, "<i2").tobytes())
    speech.end()
    frames = list(engine.animate(job_of(engine), speech))
    assert numbers(frames) == list(range(50, 63))
    assert {int(frame[0, 0, 1]) for frame in frames[:-1]} == {round(255 * 0.5)}
    assert {"resume", "look_back"} <= set(engine.facts.features)


def test_frames_come_while_the_speech_is_still_coming(engine_of) -> None:
    engine, speech = engine_of(), spoken(3.0, ended=False)
    frames = engine.animate(job_of(engine), speech)
    known = 1 + 32 * 2 - 19 - 1  # two chunks of poses lie in 75 frames of sound; what is smoothed needs 19 ahead
    assert numbers(islice(frames, known)) == list(range(known))
    heard: list[int] = []
    rest = threading.Thread(target=lambda: heard.extend(numbers(frames)))
    rest.start()
    time.sleep(0.3)
    assert len(heard) == 0
    speech.end()
    rest.join(WAIT_S)
    assert heard == list(range(known, 75))


def test_who_reads_slowly_holds_back_its_own_film_only(engine_of) -> None:
    engine = engine_of()
    slow = engine.animate(job_of(engine), spoken(30.0))
    next(slow)
    time.sleep(0.3)
    assert len(list(engine.animate(job_of(engine), spoken(2.0)))) == 50
    assert numbers(islice(slow, 30)) == list(range(1, 31))
    slow.close()


def test_leaving_frees_the_networks(engine_of) -> None:
    engine = engine_of()
    frames = engine.animate(job_of(engine), spoken(30.0))
    next(frames)
    frames.close()
    until(lambda: engine._process.asked <= 1)  # the watch's own question may be open


def test_one_that_leaves_while_it_waits_for_speech(engine_of) -> None:
    engine, speech = engine_of(), spoken(0.5, ended=False)
    frames = engine.animate(job_of(engine), speech)
    threading.Timer(0.2, speech.stop).start()
    with pytest.raises(Stopped):
        next(frames)


def test_slow_work_is_told(engine_of, monkeypatch) -> None:
    monkeypatch.setenv("STANDIN_FRAME_S", "0.2")
    engine = engine_of()
    beats: list[float] = []
    job = job_of(engine)
    told = Job(job.portrait, RATE, beat=lambda: beats.append(time.monotonic()))
    next(engine.animate(told, spoken(1.0)))
    assert beats


def test_a_killed_process_is_a_typed_error_and_starts_again(engine_of, monkeypatch) -> None:
    engine = engine_of()
    monkeypatch.setenv("STANDIN_LOAD_S", "0.2")
    frames = engine.animate(job_of(engine), spoken(30.0))
    next(frames)
    first = engine._process.pid
    os.kill(first, signal.SIGKILL)
    with pytest.raises(EngineFailed, match="ended by signal 9"):
        list(frames)
    with pytest.raises(EngineFailed, match="started again") as told:
        engine.check()
    assert told.value.details["loading"] == "0.0"
    seen: set[str] = set()

    def healed() -> bool:
        try:
            engine.check()
        except EngineFailed as error:
            seen.add(error.details["loading"])
            return False
        return True

    until(healed)
    assert {"0.2", "0.6"} <= seen
    assert engine._process.pid != first
    assert len(list(engine.animate(job_of(engine), spoken(1.0)))) == 25
    assert engine.counts()["restarted"] == 1
    assert engine.counts()["frames"] >= 25


def test_one_whose_files_come_later_is_loaded_then(engine_of, monkeypatch) -> None:
    engine = engine_of("missing", start=False)

    def lacking(_) -> None:
        raise CheckpointNotFound("no files")

    monkeypatch.setattr("svc_video.engines.sadtalker.terms.require", lacking)
    for look in (lambda: engine.start(lambda _: None), engine.check, engine.check):
        with pytest.raises(CheckpointNotFound, match="no files"):
            look()
    assert engine._starting is None  # nothing was started to find that out
    monkeypatch.setattr("svc_video.engines.sadtalker.terms.require", lambda _: None)
    engine.command = command("works")
    with pytest.raises(EngineFailed, match="is loaded") as told:
        engine.check()
    assert told.value.details["loading"] == "0.0"
    until(lambda: engine._process is not None)
    engine.check()
    assert len(list(engine.animate(job_of(engine), spoken(1.0)))) == 25


def test_a_machine_too_small_for_it_is_not_tried_again_and_again(engine_of) -> None:
    engine = engine_of("missing", start=False)
    with pytest.raises(EngineMissing, match="needs about"):
        engine.start(lambda _: None)
    with pytest.raises(EngineMissing, match="needs about"):
        engine.check()
    assert engine._starting is None


def test_a_crash_ends_the_film_with_its_reason(engine_of) -> None:
    engine = engine_of()
    with pytest.raises(EngineFailed, match="illegal memory access"):
        list(engine.animate(job_of(engine, (201, 0, 0)), spoken(1.0)))


def test_one_that_hangs_is_ended(engine_of, monkeypatch) -> None:
    monkeypatch.setattr("svc_video.engines.sadtalker.process.STILL_S", 0.5)
    engine = engine_of()
    with pytest.raises(EngineFailed, match="gave nothing"):
        list(engine.animate(job_of(engine, (202, 0, 0)), spoken(1.0)))


def test_memory_that_does_not_suffice_makes_batches_smaller(engine_of) -> None:
    engine = engine_of()
    assert numbers(engine.animate(job_of(engine, (203, 0, 0)), spoken(1.0))) == list(range(25))


def test_memory_that_never_suffices_is_told_and_the_next_film_goes_on(engine_of) -> None:
    engine = engine_of()
    with pytest.raises(Overloaded, match="not memory enough for a single frame"):
        list(engine.animate(job_of(engine, (204, 0, 0)), spoken(1.0)))
    assert len(list(engine.animate(job_of(engine), spoken(1.0)))) == 25


def test_what_is_wrong_with_one_portrait_is_its_own_error(engine_of) -> None:
    engine = engine_of()
    with pytest.raises(NoFace, match="engine portrait"):
        engine.prepare(picture((0, 0, 0)), *SIZE)
    with pytest.raises(EngineFailed, match="ZeroDivisionError: eyes"):
        engine.prepare(picture((205, 0, 0)), *SIZE)
    with pytest.raises(UnsupportedMedia, match="reference film"):
        list(engine.animate(job_of(engine, reference=b"no film"), spoken(1.0)))
    assert len(list(engine.animate(job_of(engine), spoken(1.0)))) == 25


def test_the_frame_is_as_asked_or_as_the_cut(engine_of) -> None:
    engine = engine_of()
    asked = engine.prepare(picture(), 128, 64)
    assert (asked.width, asked.height, asked.notes) == (128, 64, ("2 faces found, the largest is used",))
    natural = engine.prepare(picture(), 128, 64, None, Framing("original"))
    assert (natural.width, natural.height) == (256, 384)
    whole = engine.prepare(picture(), 128, 192, None, Framing("original"), options={"preprocess": "full", "size": 512})
    assert (whole.width, whole.height) == (128, 192)
    assert whole.face.source.size == 512
    assert whole.face.picture.shape == (96, 64, 3)


def test_an_enhancer_gets_whole_frames_where_they_are_drawn(engine_of) -> None:
    engine = engine_of()
    with pytest.raises(InvalidArgument, match="this service has none"):
        list(engine.animate(job_of(engine, enhancer="sharp"), spoken(1.0)))
    engine._enhancers = Enhancers({"sharp": "nowhere:Sharp"})
    frames = list(engine.animate(job_of(engine, enhancer="sharp"), spoken(1.0)))
    assert len(frames) == 25
    assert (frames[0] == (120, 60, 30)).all()
    assert frames[0].shape == (64, 64, 3)


def test_many_films_at_once_are_each_whole(engine_of) -> None:
    engine = engine_of()
    films: dict[int, list[int]] = {}

    def film(name: int) -> None:
        films[name] = numbers(engine.animate(job_of(engine), spoken(2.0)))

    threads = [threading.Thread(target=film, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert films == {name: list(range(50)) for name in range(6)}


def test_what_it_says_of_its_speed(engine_of) -> None:
    assert SLOW not in engine_of().facts.features
    slow = engine_of("slow").facts
    assert SLOW in slow.features
    assert slow.notes == (
        "about 0.2 frames per second on this device (cpu), 25 are real time; the engine portrait is real time anywhere",
    )


def test_it_does_not_start_where_something_is_missing(engine_of) -> None:
    with pytest.raises(EngineMissing, match=r"8\.0 GiB") as told:
        engine_of("missing")
    assert told.value.details["remedy"] == "more memory"
    with pytest.raises(EngineFailed, match="no driver"):
        engine_of("dies")


def test_without_a_checkpoint_the_folder_and_the_remedy_are_named(tmp_path) -> None:
    engine = SadTalkerEngine(EngineContext(SadTalkerPlace(tmp_path)))
    with pytest.raises(CheckpointNotFound, match="SadTalker checkpoint not found") as told:
        engine.start(lambda _: None)
    assert str(tmp_path) in told.value.message
    assert "SadTalker_V0.0.2_256.safetensors" in told.value.message
    assert told.value.details["remedy"] == "make sadtalker"


def test_stopping_leaves_no_process(engine_of) -> None:
    engine = engine_of()
    pid = engine._process.pid
    engine.stop()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    with pytest.raises(EngineFailed):
        engine.prepare(np.ones((8, 8, 3), np.uint8), *SIZE)
    with pytest.raises(EngineFailed):
        next(engine.animate(Job(None, RATE), Speech()))  # type: ignore[arg-type]


def test_a_long_film_takes_no_more_memory_than_a_short_one(engine_of, monkeypatch) -> None:
    """Sound, motion and frames pass through: 3,000 frames are 590 MB of squares in the pipe and some in memory."""
    monkeypatch.setenv("STANDIN_FRAME_S", "0")
    engine, speech = engine_of(), spoken(5.0, ended=False)
    processes = psutil.Process(), psutil.Process(engine._process.pid)
    second, held = spoken(1.0).pcm(0, SAMPLE_RATE).tobytes(), []
    for number, _ in enumerate(engine.animate(job_of(engine), speech)):
        if number % FPS == 0:
            speech.feed(second)
        if number in {SETTLED, LONG}:
            held.append(sum(process.memory_info().rss for process in processes))
        if number == LONG:
            break
    short, long = held
    assert long - short < 24 << 20


def test_a_folder_may_have_any_name(engine_of, monkeypatch, tmp_path) -> None:
    """Nothing goes through a shell: what a name says is not done."""
    folder = tmp_path / "a b; $(touch done) `touch done` 'x\" %s"
    monkeypatch.chdir(tmp_path)
    engine = SadTalkerEngine(EngineContext(SadTalkerPlace(folder)))
    engine.command = command("works")
    engine.start(lambda _: None)
    engine.stop()
    assert not (tmp_path / "done").exists()
