from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from tests.unit.svc_text.engines.llamacpp.asking import answer, asking, said

from svc_text.engines.llamacpp.shelf import cores
from troupe.wire.errors import Overloaded
from troupe.wire.progress import Progress


def loaded(engine) -> set[str]:
    return {model.reach.name for model in engine._shelf.loaded}


async def test_a_chat_names_its_model_and_unknown_names_mean_the_default(started) -> None:
    engine = await started("tiny", llamacpp_held=2)
    assert (await answer(engine, asking(model="bytes", max_tokens=3)))[0].model == "bytes"
    assert (await answer(engine, asking(model="bytes.gguf", max_tokens=3)))[0].model == "bytes"
    assert (await answer(engine, asking(model="MiniMax-M2", max_tokens=3)))[0].model == "tiny"
    assert (await answer(engine, asking(model="/etc/passwd", max_tokens=3)))[0].model == "tiny"
    assert loaded(engine) == {"tiny", "bytes"}


async def test_the_one_not_used_for_longest_makes_room(started) -> None:
    engine = await started("tiny", llamacpp_held=2)
    for model in ("bytes", "tiny", "short"):
        await answer(engine, asking(model=model, max_tokens=2))
    assert loaded(engine) == {"tiny", "short"}


async def test_a_model_in_use_stays(started) -> None:
    engine = await started("tiny", llamacpp_held=1)
    async with aclosing(engine.chat(asking(max_tokens=4000, logit_bias={"4": -100.0}), Progress())) as deltas:
        await anext(deltas)
        with pytest.raises(Overloaded, match="tiny is in use") as caught:
            await answer(engine, asking(model="bytes"))
        assert caught.value.retry_after_s == 1
    assert said(await answer(engine, asking(model="bytes", max_tokens=6)))
    assert loaded(engine) == {"bytes"}


async def test_an_idle_model_is_unloaded_and_comes_back(started) -> None:
    engine = await started("tiny", llamacpp_idle_s=0.2)
    (child,) = (model.child for model in engine._shelf.loaded)
    async with asyncio.timeout(10):
        while loaded(engine) or child.alive:
            await asyncio.sleep(0.05)
    assert said(await answer(engine, asking(max_tokens=5)))
    assert await engine.count(asking()) > 0


async def test_many_who_come_at_once_load_it_once(started) -> None:
    engine = await started("tiny", llamacpp_held=2)
    answers = await asyncio.gather(*(answer(engine, asking(model="bytes", max_tokens=3)) for _ in range(5)))
    assert {deltas[0].model for deltas in answers} == {"bytes"}
    assert len(engine._shelf.loaded) == 2


async def test_who_waits_while_another_loads_is_not_stuck(started, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so at once: a large model takes longer to load than a silent stream is waited for."""
    engine = await started("tiny", llamacpp_held=2)
    may_load, load = asyncio.Event(), engine._shelf._load

    async def slow(*order):
        await may_load.wait()
        return await load(*order)

    monkeypatch.setattr(engine._shelf, "_load", slow)
    seen = [Progress(), Progress()]
    asked = [engine.chat(asking(model="bytes", max_tokens=3), progress) for progress in seen]
    first = [asyncio.ensure_future(anext(deltas)) for deltas in asked]
    await asyncio.sleep(0.05)
    assert seen[1].read()[1:3] == (True, "queue")
    may_load.set()
    assert {delta.model for delta in await asyncio.gather(*first)} == {"bytes"}
    assert not any(progress.read()[1] for progress in seen)
    for deltas in asked:
        await deltas.aclose()


async def test_who_leaves_while_another_loads_holds_up_nobody(started, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = await started("tiny", llamacpp_held=2)
    async with engine._shelf._loading:
        leaving = asyncio.create_task(answer(engine, asking(model="bytes", max_tokens=3)))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    assert said(await answer(engine, asking(model="bytes", max_tokens=6)))


def test_there_is_a_core() -> None:
    assert cores() >= 1
