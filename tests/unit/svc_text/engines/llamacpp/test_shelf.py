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


def test_there_is_a_core() -> None:
    assert cores() >= 1
