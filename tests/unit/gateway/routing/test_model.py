"""The real routing in a world of faults: more than a million random events, every invariant after each of them."""

import pytest
from tests.unit.gateway.routing.model import World
from tests.unit.gateway.routing.mutants import MUTANTS
from tests.unit.gateway.routing.oracle import Violation

EVENTS = 255_000  # a seed
WITHIN = 100_000  # events, in which each planted bug is noticed


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_every_invariant_holds_after_every_event(seed) -> None:
    world = World(seed, exact=seed % 2 == 0)
    world.run(EVENTS)
    world.drain()
    assert world.events >= EVENTS
    served, ends = world.tally["served"], world.ends
    assert served > 0.2 * ends
    assert {"AllRungsFailed", "Overloaded", "DeadlineExceeded", "StreamBroken", "UnknownProvider"} < world.tally.keys()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_planted_bug_is_noticed(mutant, monkeypatch) -> None:
    mutant(monkeypatch)
    world = World(0)
    with pytest.raises(Violation):
        world.run(WITHIN)
    assert world.events < WITHIN
