import asyncio
import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from gateway.providers.minimax.spend import Purse, Spend
from troupe.wire.errors import Overloaded

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Wall:
    def __init__(self, now=NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "spend.json"


async def test_it_survives_a_restart(path, wall):
    first = Spend(path, wall)
    await first.reserve("minimax", 1.25, 5.0)
    assert Spend(path, wall).spent("minimax") == 1.25  # reserved before it is settled: a crash forgets nothing
    assert json.loads(path.read_text()) == {"day": "2026-11-22", "usd": {"minimax": 1.25}}


async def test_settled_is_what_it_cost(path, wall):
    spend = Spend(path, wall)
    reservation = await spend.reserve("minimax", 1.0, 5.0)
    reservation.settle(0.25)
    reservation.settle(0.5)
    await spend.aclose()
    assert Spend(path, wall).spent("minimax") == 0.5


async def test_a_hundred_races_never_overshoot(path, wall):
    spend = Spend(path, wall)
    outcomes = await asyncio.gather(*(spend.reserve("minimax", 0.07, 1.0) for _ in range(100)), return_exceptions=True)
    taken = [outcome for outcome in outcomes if not isinstance(outcome, Overloaded)]
    assert len(taken) == 14
    assert Spend(path, wall).spent("minimax") == pytest.approx(0.98)


async def test_the_day_ends_at_midnight_utc(path, wall):
    spend = Spend(path, wall)
    old = await spend.reserve("minimax", 5.0, 5.0)
    assert spend.obstacle("minimax", 0.01, 5.0) == (
        "its cap of $5.00 for today is used up ($5.00); it is open again at 00:00 UTC"
    )
    assert spend.until_midnight_s() == 12 * 3600
    wall.now = NOON + timedelta(hours=12)
    assert spend.obstacle("minimax", 5.0, 5.0) is None
    await spend.reserve("minimax", 2.0, 5.0)
    old.settle(0.0)  # of yesterday: today's sum does not change
    assert spend.spent("minimax") == 2.0
    assert Spend(path, wall).spent("minimax") == 2.0


async def test_a_clock_set_back_begins_no_new_day(path, wall):
    spend = Spend(path, wall)
    await spend.reserve("minimax", 5.0, 5.0)
    wall.now = NOON - timedelta(days=1)
    assert spend.obstacle("minimax", 0.01, 5.0)
    assert Spend(path, wall).obstacle("minimax", 0.01, 5.0)


async def test_an_old_file_is_over(path, wall):
    path.parent.mkdir()
    path.write_text('{"day": "2026-11-21", "usd": {"minimax": 99}}')
    assert Spend(path, wall).spent("minimax") == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"day": "x", "usd": {}}', '{"usd": {"minimax": "lots"}}', "x" * 99_999]
)
async def test_a_damaged_file_closes_what_is_capped_for_today(path, text):
    path.parent.mkdir()
    path.write_text(text)
    wall = Wall(datetime.now(UTC))
    spend = Spend(path, wall)
    assert "Remove it" in spend.obstacle("minimax", 0.01, 5.0)
    with pytest.raises(Overloaded, match="cannot be kept"):
        await spend.reserve("minimax", 0.01, 5.0)
    assert spend.obstacle("minimax", 0.01, 0.0) is None  # no cap: nothing to guard
    path.unlink()  # the remedy
    assert spend.obstacle("minimax", 0.01, 5.0) is None


async def test_a_damaged_file_of_yesterday_is_over(path, wall):
    path.parent.mkdir()
    path.write_text("{")
    before = (NOON - timedelta(days=1)).timestamp()
    os.utime(path, (before, before))
    assert Spend(path, wall).obstacle("minimax", 0.01, 5.0) is None


async def test_a_file_that_cannot_be_written_spends_nothing(tmp_path, wall):
    (tmp_path / "var").write_text("a file where the folder should be")
    spend = Spend(tmp_path / "var" / "spend.json", wall)
    with pytest.raises(Overloaded, match="cannot be kept"):
        await spend.reserve("minimax", 0.01, 5.0)
    assert spend.spent("minimax") == 0
    assert (await spend.reserve("minimax", 0.01, 0.0)).usd == 0.01


async def test_nothing_half_written_is_left(path, wall):
    spend = Spend(path, wall)
    await asyncio.gather(*(spend.reserve("minimax", 0.001, 0.0) for _ in range(30)))
    await spend.aclose()
    assert [each.name for each in path.parent.iterdir()] == ["spend.json"]


async def test_a_request_that_may_cost_more_than_is_left(wall):
    spend = Spend(None, wall)
    await spend.reserve("minimax", 4.0, 5.0)
    assert spend.obstacle("minimax", 2.0, 5.0) == (
        "its cap of $5.00 for today has $1.00 left and this request may cost $2.00; it is open again at 00:00 UTC"
    )


async def test_rungs_of_other_names_have_sums_of_their_own(wall):
    spend = Spend(None, wall)
    await Purse(spend, "minimax", 5.0).reserve(5.0)
    assert Purse(spend, "other", 5.0).obstacle(5.0) is None


async def test_who_leaves_while_it_is_written_gives_the_money_back(path, wall):
    spend = Spend(path, wall)
    task = asyncio.create_task(spend.reserve("minimax", 1.0, 5.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await spend.aclose()
    assert Spend(path, wall).spent("minimax") == 0
