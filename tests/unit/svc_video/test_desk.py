from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from svc_video.desk import Desk
from svc_video.engine import NO_OPTIONS, SLOW, USUAL_CONTEXT, EngineContext, EngineFacts, Job, Options, Prepared
from svc_video.film import Frame
from svc_video.framing import USUAL_FRAMING, Framing
from svc_video.portraits.gallery import Gallery
from svc_video.portraits.store import PortraitStore
from svc_video.speech import Speech
from troupe.v1.engine_pb2 import ENGINE_STATE_BROKEN, ENGINE_STATE_LOADING, ENGINE_STATE_MISSING, ENGINE_STATE_READY
from troupe.wire.errors import EngineFailed, EngineMissing, Overloaded, UnknownEngine


class Moody:
    """An engine with a switch."""

    installed = True
    works = True

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:
        self.facts = EngineFacts(model="moody", version="1", device="cpu", licence="MIT", commercial_use=True)

    def start(self, report: Callable[[float], None]) -> None:
        if not Moody.installed:
            raise EngineMissing("It is not there.", remedy="apt install moody")

    def check(self) -> None:
        if not Moody.works:
            raise EngineFailed("out of gear")

    def stop(self) -> None:
        pass

    def prepare(
        self,
        picture: np.ndarray,
        width: int,
        height: int,
        kept: Path | None = None,
        framing: Framing = USUAL_FRAMING,
        *,
        options: Options = NO_OPTIONS,
    ) -> Prepared:
        return Prepared(width, height, None)

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        for _ in speech.frames(job.rate):
            if not Moody.works:
                raise ZeroDivisionError("gears")
            yield np.zeros((job.portrait.height, job.portrait.width, 3), np.uint8)


@pytest.fixture(autouse=True)
def in_order(monkeypatch) -> None:
    monkeypatch.setattr(Moody, "installed", True)
    monkeypatch.setattr(Moody, "works", True)


@pytest.fixture
async def desk(tmp_path, monkeypatch):
    monkeypatch.setattr("svc_video.engine.ENGINES", {"moody": "moody:Moody"})
    monkeypatch.setattr("svc_video.desk.make", lambda _, context: Moody(context))
    desk = Desk(["moody"], Gallery(PortraitStore(tmp_path)), max_streams=2)
    yield desk
    await desk.stop()


async def until(desk: Desk, state: int, engine: str = "moody") -> None:
    async with asyncio.timeout(5):  # the promise is one second
        while desk.board.status(engine).state != state:
            await asyncio.sleep(0.01)


async def test_ready_means_that_a_frame_was_drawn(desk) -> None:
    await desk.load()
    assert desk.board.status("moody").state == ENGINE_STATE_READY
    assert desk.engine("")[0] == "moody"


async def test_an_engine_that_draws_nothing_is_broken_and_recovers(desk) -> None:
    Moody.works = False
    await desk.load()
    await until(desk, ENGINE_STATE_BROKEN)
    assert "gear" in desk.board.status("moody").reason
    with pytest.raises(EngineFailed, match="gear"):
        desk.engine("moody")
    Moody.works = True
    await until(desk, ENGINE_STATE_READY)


async def test_what_is_not_installed_says_what_mends_it(desk) -> None:
    Moody.installed = False
    await desk.load()
    status = desk.board.status("moody")
    assert (status.state, status.remedy) == (ENGINE_STATE_MISSING, "apt install moody")


async def test_one_that_breaks_while_working_is_taken_off_until_it_works(desk) -> None:
    await desk.load()
    Moody.works = False
    desk.broke("moody", EngineFailed("it fell over"))
    desk.broke("moody", EngineFailed("again"))
    await until(desk, ENGINE_STATE_BROKEN)
    Moody.works = True
    await until(desk, ENGINE_STATE_READY)


async def test_one_that_breaks_unseen_is_found_out(desk) -> None:
    await desk.load()
    watch = asyncio.create_task(desk.watch())
    Moody.works = False
    await until(desk, ENGINE_STATE_BROKEN)
    assert "out of gear" in desk.board.status("moody").reason
    Moody.works = True
    await until(desk, ENGINE_STATE_READY)
    watch.cancel()


async def test_films_at_once_are_bounded(desk) -> None:
    await desk.load()
    with desk.serving("moody"), desk.serving("moody"):
        assert desk.outstanding == {"moody": 2}
        with pytest.raises(Overloaded, match="2 films"), desk.serving("moody"):
            pass
    assert desk.outstanding == {"moody": 0}


def test_an_engine_nobody_knows_is_refused(tmp_path) -> None:
    with pytest.raises(UnknownEngine, match='"portrait"'):
        Desk(["portrat"], Gallery(PortraitStore(tmp_path)), max_streams=1)


class Heavy(Moody):
    """One that takes its time to load, in a process of its own."""

    error: EngineFailed | None = None
    go_on = None

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:
        super().__init__(context)
        self.facts = replace(self.facts, probed=False, features=(SLOW,), apart=True)

    def start(self, report: Callable[[float], None]) -> None:
        report(0.4)
        assert Heavy.go_on is not None
        Heavy.go_on.wait(5)

    def check(self) -> None:
        if Heavy.error is not None:
            raise Heavy.error

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        raise AssertionError("it is not asked for a frame to see that it works")


@pytest.fixture
async def pair(tmp_path, monkeypatch):
    monkeypatch.setattr(Heavy, "go_on", threading.Event())
    monkeypatch.setattr(Heavy, "error", None)
    monkeypatch.setattr("svc_video.desk.make", lambda name, context: {"heavy": Heavy, "moody": Moody}[name](context))
    desk = Desk(["heavy", "moody"], Gallery(PortraitStore(tmp_path)), max_streams=2)
    loading = asyncio.create_task(desk.load())
    yield desk
    Heavy.go_on.set()
    await loading
    await desk.stop()


async def test_a_quick_engine_does_not_wait_for_a_heavy_one(pair) -> None:
    await until(pair, ENGINE_STATE_READY)
    status = pair.board.status("heavy")
    assert (status.state, round(status.progress, 1)) == (ENGINE_STATE_LOADING, 0.4)
    assert pair.engine("")[0] == "moody"
    with pytest.raises(EngineMissing, match=r"still loading \(40%\)"):
        pair.engine("heavy")


async def test_a_slow_engine_serves_those_who_name_it_or_have_no_other(pair) -> None:
    Heavy.go_on.set()
    await until(pair, ENGINE_STATE_READY)
    await until(pair, ENGINE_STATE_READY, "heavy")
    assert pair.engine("")[0] == "moody"
    assert pair.engine("heavy")[0] == "heavy"
    await pair.board.broken("moody", "gears")
    assert pair.engine("")[0] == "heavy"


async def test_one_that_is_loaded_again_says_how_far_it_is(pair) -> None:
    Heavy.go_on.set()
    await until(pair, ENGINE_STATE_READY, "heavy")
    watch = asyncio.create_task(pair.watch())
    Heavy.error = EngineFailed("it is started again", loading=0.7)
    await until(pair, ENGINE_STATE_LOADING, "heavy")
    assert round(pair.board.status("heavy").progress, 1) == 0.7
    Heavy.error = None
    await until(pair, ENGINE_STATE_READY, "heavy")
    watch.cancel()


async def test_one_whose_files_come_while_the_service_runs_is_loaded(pair, monkeypatch) -> None:
    monkeypatch.setattr("svc_video.desk.MISSING_S", 0.1)
    Heavy.go_on.set()
    await until(pair, ENGINE_STATE_READY, "heavy")
    Heavy.error = EngineMissing("2 files are not there.", remedy="make heavy")
    await pair.board.missing("heavy", "3 files are not there", "make heavy")
    watch = asyncio.create_task(pair.watch())
    async with asyncio.timeout(5):
        while pair.board.status("heavy").reason != "2 files are not there":
            await asyncio.sleep(0.01)
    assert pair.board.status("heavy").state == ENGINE_STATE_MISSING
    Heavy.error = EngineFailed("it is loaded", loading=0.2)
    await until(pair, ENGINE_STATE_LOADING, "heavy")
    Heavy.error = None
    await until(pair, ENGINE_STATE_READY, "heavy")
    watch.cancel()
