from types import SimpleNamespace

import pytest

from gateway.routing.budget import FLOOR, RetryBudget
from gateway.routing.gate import Gate, GateRules
from gateway.routing.journey import Journey, Over, Try, Wait
from gateway.routing.limit import LimitRules
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool
from gateway.routing.priority import Priority
from gateway.routing.rung import Policy
from gateway.routing.verdict import Verdict
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import (
    AllRungsFailed,
    Cancelled,
    CannotConnect,
    DeadlineExceeded,
    Draining,
    EngineFailed,
    InvalidArgument,
    NoRungCanServe,
    Overloaded,
    QuotaExceeded,
    RateLimited,
    StreamBroken,
    UnknownProvider,
    UnsupportedFormat,
)

GONE = CannotConnect("refused")
BROKE = EngineFailed("it broke")
CUT = StreamBroken("the connection broke", lost="connection")
NOTHING = frozenset()


class PlainRung:
    """A rung of real parts, with replicas that only exist as addresses."""

    cloud, modality = False, Modality.TEXT

    def __init__(self, clock, name, replicas=1, *, skip=None, timeout_s=30.0, attempts=3, features=(), limit=64):
        self.name = self.engine = name
        self.policy = Policy(timeout_s=timeout_s, attempts=attempts)
        self.pool, self.budget = Pool(clock), RetryBudget(clock)
        self.gate = Gate(clock, GateRules(limit=LimitRules(initial=limit, floor=1)))
        self.pool.set_addresses([f"{name}{number}" for number in range(replicas)])
        self.skip, self.features = skip, features

    def describe(self):
        return SimpleNamespace(features=self.features)

    def trouble(self):
        return self.pool.trouble(self.engine)

    def can_serve(self, _need):
        return self.skip


@pytest.fixture
def rung(clock):
    def make(name, replicas=1, **more):
        return PlainRung(clock, name, replicas, **more)

    return make


@pytest.fixture
def journey(clock):
    def start(*rungs, within_s=60.0, named=(), **more):
        need = Need(Modality.TEXT, rungs=named)
        return Journey(rungs, need, deadline=Deadline.after(within_s, clock), clock=clock, **more)

    return start


def asked(way, error=BROKE):
    """The replicas asked when every attempt fails so, and the error it ends in."""
    addresses = []
    while isinstance(step := way.step(), Try):
        addresses.append(step.lease.address)
        way.failed(error)
    assert isinstance(step, Over)
    return addresses, step.error


def outstanding(*rungs):
    return sum(view.outstanding for rung in rungs for view in rung.pool.view(rung.engine))


def test_the_first_rung_is_tried_for_no_longer_than_there_is(rung, journey, clock) -> None:
    way = journey(rung("a", timeout_s=30), within_s=60)
    step = way.step()
    assert (step.rung.name, step.timeout_s, way.address) == ("a", 30, "a0")
    assert way.step() is step  # nothing has happened
    assert journey(rung("a", timeout_s=30), within_s=5).step().timeout_s == 5


def test_each_replica_once_and_no_more_than_the_policy_allows(rung, journey) -> None:
    a, b = rung("a", 5, attempts=3), rung("b", 1)
    addresses, error = asked(journey(a, b))
    assert len(set(addresses)) == len(addresses) == 4
    assert [address[0] for address in addresses] == list("aaab")
    assert isinstance(error, AllRungsFailed)
    assert error.details["a"] == error.details["b"] == "it broke"
    assert outstanding(a, b) == a.gate.running == b.gate.running == 0


def test_retries_come_out_of_the_budget(rung, journey) -> None:
    a = rung("a", 3)
    a.pool = Pool(lambda: 0.0)  # no ejection here: a new pool for each journey below
    retries = 0
    for _ in range(20):
        a.pool = Pool(lambda: 0.0)
        a.pool.set_addresses(["a0", "a1", "a2"])
        retries += len(asked(journey(a))[0]) - 1
    assert retries == FLOOR


@pytest.mark.parametrize("error", [GONE, CUT, Draining("going"), Overloaded("full")])
def test_what_has_cost_the_rung_nothing_is_free(rung, journey, error) -> None:
    a = rung("a", 3)
    for _ in range(20):
        a.pool = Pool(lambda: 0.0)
        a.pool.set_addresses(["a0", "a1", "a2"])
        assert len(asked(journey(a), error)[0]) == 3
    assert a.budget.retries == 0


@pytest.mark.parametrize("error", [RateLimited("slow down"), QuotaExceeded("no money"), UnsupportedFormat("no flac")])
def test_another_replica_would_say_the_same(rung, journey, error) -> None:
    assert asked(journey(rung("a", 3), rung("b")), error)[0] == ["a1", "b0"]


def test_the_callers_own_fault_ends_it_at_once(rung, journey) -> None:
    a, b = rung("a", 3), rung("b")
    addresses, error = asked(journey(a, b), InvalidArgument("no such thing"))
    assert len(addresses) == 1
    assert isinstance(error, InvalidArgument)
    assert outstanding(a) == a.gate.running == 0


def test_what_cannot_serve_is_skipped_with_its_reason(rung, journey) -> None:
    way = journey(rung("a", skip="no French"), rung("b"))
    assert way.step().rung.name == "b"
    assert [(each.rung, each.verdict, each.why) for each in way.attempts] == [("a", Verdict.SKIPPED, "no French")]


def test_nobody_can_serve(rung, journey) -> None:
    error = journey(rung("a", skip="no mp3"), rung("b", skip="no French")).step().error
    assert isinstance(error, NoRungCanServe)
    assert error.details == {"a": "no mp3", "b": "no French"}
    assert "PROVIDER_TEXT" in journey().step().error.message


def test_trouble_is_passed_over_and_stays_a_last_resort(rung, journey) -> None:
    a, b = rung("a"), rung("b")
    a.pool.engine_state("a0", "a", "it is still loading (40%)")
    way = journey(a, b)
    assert way.step().rung is b
    assert way.attempts[0].why == "it is still loading (40%)"
    way.failed(GONE)
    assert way.step().rung is a
    way.began()
    assert [attempt.rung for attempt in way.attempts] == ["b"]  # a serves after all


def test_who_stands_after_the_one_that_serves_was_not_passed_over(rung, journey) -> None:
    a, b, c, d = rung("a", skip="no French"), rung("b"), rung("c", skip="no mp3"), rung("d")
    d.pool.engine_state("d0", "d", "it is still loading (40%)")
    way = journey(a, b, c, d)
    assert start(way) == "b0"
    assert [attempt.rung for attempt in way.attempts] == ["a"]


def test_in_the_callers_order_too(rung, journey) -> None:
    a, b = rung("a", skip="no French"), rung("b")
    way = journey(a, b, named=("b", "a"))
    assert start(way) == "b0"
    assert way.attempts == ()


def test_nobody_asks_what_is_ejected_not_even_at_last(rung, journey) -> None:
    a = rung("a")
    asked(journey(a), GONE)
    addresses, error = asked(journey(a))
    assert addresses == []
    assert isinstance(error, AllRungsFailed)
    assert "ejected, asked again in 1.0 s: refused" in error.message
    assert error.retry_after_s == 1.0


def test_a_rung_that_gets_into_trouble_on_the_way_is_passed_over(rung, journey) -> None:
    a, b, c = rung("a"), rung("b"), rung("c")
    way = journey(a, b, c)
    way.step()
    b.pool.unreachable("b0", "gone")
    way.failed(GONE)
    assert way.step().rung is c


def test_named_rungs_in_the_callers_order(rung, journey) -> None:
    a, b, c = rung("a"), rung("b"), rung("c")
    assert asked(journey(a, b, c, named=("c", "a")))[0] == ["c0", "a0"]
    error = asked(journey(a, b, c, named=("c", "a")))[1]
    assert "(only c, a was asked for)" in error.message


def test_a_name_that_is_not_there(rung, journey) -> None:
    error = journey(rung("vllm"), rung("minimax"), named=("vllm", "minmax")).step().error
    assert isinstance(error, UnknownProvider)
    assert error.message == 'No text provider "minmax"; the chain has: vllm, minimax. Did you mean "minimax"?'


def test_no_attempt_past_the_deadline(rung, journey, clock) -> None:
    way = journey(rung("a"), rung("b"), within_s=5)
    way.step()
    clock.after(5)
    way.failed(BROKE)
    assert isinstance(way.step().error, DeadlineExceeded)
    assert isinstance(journey(rung("a"), within_s=0).step().error, DeadlineExceeded)


def full(rung_):
    """Take all its places and fill its queue."""
    for _ in range(rung_.gate.limit + 1):
        rung_.gate.enter(Priority.LIVE)
    with pytest.raises(Overloaded):
        rung_.gate.enter(Priority.LIVE)


def test_a_full_rung_gives_way_to_the_next(rung, journey) -> None:
    a, b = rung("a", limit=2), rung("b")
    full(a)
    assert journey(a, b).step().rung is b


def test_when_all_are_full_it_says_when_to_come_back(rung, journey) -> None:
    a, b = rung("a", limit=2), rung("b", limit=2, skip=None)
    full(a)
    full(b)
    error = journey(a, b, rung("c", skip="no French")).step().error
    assert isinstance(error, Overloaded)
    assert error.retry_after_s > 0
    assert "Every text provider is full" in error.message


def test_waiting_for_a_turn(rung, journey, clock) -> None:
    a = rung("a", limit=1)
    before = a.gate.enter(Priority.LIVE)
    way = journey(a, within_s=5)
    step = way.step()
    assert isinstance(step, Wait)
    assert way.step().turn is step.turn
    before.leave()
    assert isinstance(way.step(), Try)


def test_the_time_runs_out_while_it_waits(rung, journey, clock) -> None:
    a = rung("a", limit=1)
    a.gate.enter(Priority.LIVE)
    way = journey(a, within_s=5)
    way.step()
    clock.after(5)
    assert isinstance(way.step().error, DeadlineExceeded)
    assert a.gate.waiting == 0


def test_leaving_while_it_waits_or_works(rung, journey) -> None:
    a = rung("a", limit=1)
    working, waiting = journey(a), journey(a)
    working.step()
    assert isinstance(waiting.step(), Wait)
    waiting.given_up()
    working.given_up()
    working.given_up()
    assert a.gate.running == a.gate.waiting == outstanding(a) == 0
    assert isinstance(working.step().error, Cancelled)
    assert a.trouble() is None


def test_a_good_end_is_the_only_one(rung, journey) -> None:
    a = rung("a")
    way = journey(a)
    way.step()
    way.began()
    way.finished()
    way.failed(BROKE)
    way.broke(BROKE, same_rung=False, features=NOTHING)
    assert isinstance(way.step(), Over)
    assert outstanding(a) == a.gate.running == 0


def test_what_began_and_broke_ends_there_unless_it_goes_on(rung, journey) -> None:
    a, b = rung("a", 2), rung("b")
    way = journey(a, b)
    way.step()
    way.began()
    way.failed(CUT)
    assert way.step().error is CUT


def start(way):
    step = way.step()
    way.began()
    return step.lease.address


def test_it_goes_on_on_another_replica_then_on_later_rungs(rung, journey) -> None:
    z, a, b, c = rung("z"), rung("a", 2), rung("b"), rung("c", features=["continue"])
    a.features = ["continue"]
    z.pool.unreachable("z0", "gone")
    way = journey(z, a, b, c)
    went = [start(way)]
    for _ in range(2):
        way.broke(CUT, same_rung=False, features=frozenset({"continue"}))
        went.append(start(way))
    assert sorted(went) == ["a0", "a1", "c0"]
    assert "it lacks continue" in next(attempt.why for attempt in way.attempts if attempt.rung == "b")
    assert a.budget.retries == 0
    way.finished()
    assert outstanding(z, a, b, c) == sum(each.gate.running for each in (z, a, b, c)) == 0


def test_many_answers_of_one_broken_connection_go_on_free_and_cost_one_ejection(rung, journey) -> None:
    """All chats of one `Connect` stream: one event, however many hear of it."""
    a = rung("a", 2)
    ways = [journey(a) for _ in range(40)]
    on = {way: start(way) for way in ways}
    for way in (each for each in ways if on[each] == "a0"):
        way.broke(CUT, same_rung=False, features=NOTHING)
        assert start(way) == "a1"
    assert a.budget.retries == 0
    assert [view.ejections for view in a.pool.view("a")] == [1, 0]
    for way in ways:
        way.finished()
    assert a.gate.running == outstanding(a) == 0


def test_what_has_begun_waits_at_a_full_rung_where_there_is_no_other(rung, journey) -> None:
    a, b = rung("a"), rung("b")
    way = journey(a, b)
    start(way)
    others = []
    while b.gate.running < b.gate.limit or b.gate.waiting < b.gate.limit // 4:
        others.append(b.gate.enter(Priority.LIVE))
    way.broke(CUT, same_rung=False, features=NOTHING)
    step = way.step()
    assert isinstance(step, Wait)
    others[0].leave()
    assert step.turn.admitted
    assert way.step().rung is b


def test_only_on_the_same_rung_where_it_must(rung, journey) -> None:
    way = journey(rung("a", 1), rung("b"))
    start(way)
    way.broke(CUT, same_rung=True, features=NOTHING)
    error = way.step().error
    assert isinstance(error, StreamBroken)
    assert error.message == "No other replica and no later provider can take over."


def test_a_resume_after_an_engines_failure_is_charged(rung, journey) -> None:
    a = rung("a", 3)
    way = journey(a)
    start(way)
    way.broke(BROKE, same_rung=False, features=NOTHING)
    start(way)
    assert a.budget.retries == 1


def test_each_resume_may_ask_the_rung_anew(rung, journey, clock) -> None:
    a = rung("a", 3, attempts=2)
    way = journey(a)
    for _ in range(5):
        start(way)
        way.broke(CUT, same_rung=False, features=NOTHING)
        clock.after(1)  # the replica that broke first is back
    start(way)
    way.broke(CUT, same_rung=False, features=NOTHING)
    assert way.step().error is CUT  # five times are enough


def test_a_twin_asks_another_replica(rung, journey) -> None:
    a = rung("a", 2)
    first = journey(a, key="k")
    first.step()
    second = journey(a, key="k", avoid=[first.address])
    assert second.step().lease.address != first.address
