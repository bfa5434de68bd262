"""Work that a scene's cancellation ends."""

import asyncio

import pytest

from gateway.scenes.interruption import interruptible
from gateway.scenes.registry import SceneRegistry
from troupe.wire.errors import Cancelled, Draining, EngineFailed


@pytest.fixture
def scene():
    return SceneRegistry().open("me")


async def result():
    return "done"


async def test_work_gives_what_it_gives(scene) -> None:
    assert await interruptible(result(), scene) == "done"


async def test_its_own_errors_are_raised(scene) -> None:
    async def broken():
        raise EngineFailed("broke")

    with pytest.raises(EngineFailed):
        await interruptible(broken(), scene)


@pytest.mark.parametrize("error", [None, Draining("going away")])
async def test_a_cancelled_scene_ends_it_with_its_error(scene, error) -> None:
    asyncio.get_running_loop().call_later(0.01, scene.cancel, error)
    with pytest.raises(type(error) if error else Cancelled):
        await interruptible(asyncio.sleep(60), scene)


async def test_a_caller_that_leaves_ends_it(scene) -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    waiting = asyncio.ensure_future(interruptible(work(), scene))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == [True]
