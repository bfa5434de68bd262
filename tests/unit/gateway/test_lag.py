import asyncio
import time

from gateway.lag import LoopLag


async def test_a_loop_that_is_held_up_is_late_and_recovers() -> None:
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(0.1)
    time.sleep(0.3)  # noqa: ASYNC251  # holds the loop up on purpose
    await asyncio.sleep(0.03)
    assert lag.seconds > 0.15
    assert 0 < lag.mean_s < lag.seconds
    async with asyncio.timeout(10):
        while lag.seconds > 0.05:
            await asyncio.sleep(0.05)
    lag.stop()
    assert not lag.started
