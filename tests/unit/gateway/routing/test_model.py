"""The real routing in a world of faults: more than a million random events, every invariant after each of them."""

import pytest
from tests.unit.gateway.routing.model import World
from tests.unit.gateway.routing.mutants import MUTANTS
from tests.unit.gateway.routing.oracle import Violation

EVENTS = 251_000  # a seed
WORLDS = (0, 2, 4, 6, 8)  # in one of these, within
WITHIN = 30_000  # events, each planted bug is noticed


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_every_invariant_holds_after_every_event(seed) -> None:
    world = World(seed, exact=seed % 2 == 0)
    world.run(EVENTS)
    world.drain()
    assert world.events >= EVENTS
    assert world.tally["served"] > 0.2 * world.ends
    assert {"AllRungsFailed", "Overloaded", "DeadlineExceeded", "StreamBroken", "UnknownProvider"} < world.tally.keys()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_planted_bug_is_noticed(mutant, monkeypatch) -> None:
    mutant(monkeypatch)
    with pytest.raises(Violation):
        run_worlds()


def run_worlds() -> None:
    for seed in WORLDS:
        World(seed).run(WITHIN)
