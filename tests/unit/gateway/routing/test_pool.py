from collections import Counter

import pytest

from gateway.routing.breaker import State
from gateway.routing.pool import Pool
from troupe.wire.errors import CannotConnect, DeadlineExceeded, EngineFailed, InvalidArgument, Overloaded, StreamBroken

GONE = CannotConnect("refused")
BROKE = EngineFailed("it broke")


@pytest.fixture
def pool(clock):
    pool = Pool(clock)
    pool.set_addresses(["a", "b", "c"])
    clock.after(5)  # over with the slow start
    return pool


@pytest.fixture
def one(clock):
    pool = Pool(clock)
    pool.set_addresses(["a"])
    clock.after(5)
    return pool


def call(pool, clock=None, takes_s=0.0, error=None, engine="e", **more):
    """One call from its pick to its end; the address it went to, None if there was none to ask."""
    lease = pool.pick(engine, **more)
    if lease is None:
        return None
    if clock:
        clock.after(takes_s)
    if error is None:
        lease.began()
    lease.end(error)
    return lease.address


def state(pool, address, engine="e"):
    return next(each for each in pool.view(engine) if each.address == address)


def test_the_one_with_the_least_work_is_asked(pool) -> None:
    assert Counter(pool.pick("e").address for _ in range(9)) == {"a": 3, "b": 3, "c": 3}


def test_equals_take_turns_without_a_key(pool) -> None:
    assert Counter(call(pool) for _ in range(30)) == {"a": 10, "b": 10, "c": 10}


def test_a_key_finds_what_it_has_warm_while_loads_are_near(pool) -> None:
    home = call(pool, key="a conversation")
    assert {call(pool, key="a conversation") for _ in range(20)} == {home}
    first = pool.pick("e", key="a conversation")
    second = pool.pick("e", key="a conversation")
    assert (first.address, second.address) == (home, home)  # one more than the others is near
    assert pool.pick("e", key="a conversation").address != home


def test_keys_are_spread_and_few_move_when_a_replica_goes(pool) -> None:
    before = {key: call(pool, key=key) for key in map(str, range(300))}
    assert all(70 < many < 130 for many in Counter(before.values()).values())
    pool.set_addresses(["a", "b"])
    assert all(call(pool, key=key) == home for key, home in before.items() if home != "c")


def test_the_same_in_every_process(pool) -> None:
    assert [call(pool, key=key) for key in ("x", "y", "z", "1")] == ["b", "c", "b", "a"]


def test_what_was_tried_is_avoided(pool) -> None:
    assert call(pool, avoid={"a", "b"}) == "c"
    assert call(pool, avoid={"a", "b", "c"}) is None


def test_a_lost_connection_ejects_the_address_for_every_engine(pool, clock) -> None:
    lost = call(pool, error=GONE)
    assert lost not in {call(pool) for _ in range(10)} | {call(pool, engine="other") for _ in range(10)}
    assert state(pool, lost).state is State.OPEN
    assert state(pool, lost).last_error == "refused"
    clock.after(1)
    assert call(pool) == lost  # the trial goes first


def test_engine_failures_eject_the_engine_at_that_address_alone(one) -> None:
    for _ in range(3):
        call(one, error=BROKE)
    assert call(one) is None
    assert one.trouble("e") == "ejected, asked again in 1.0 s: it broke"
    assert call(one, engine="other") == "a"
    assert one.trouble("other") is None


def test_no_call_and_no_trial_where_it_is_unreachable(one, clock) -> None:
    running = one.pick("e")
    running.began()
    one.unreachable("a", "it is draining")
    for _ in range(200):
        assert call(one) is None
        clock.after(0.1)
    assert one.trouble("e") == "it is draining"
    running.end()
    assert call(one) is None
    one.reachable("a")
    assert call(one) == "a"


def test_reachable_after_an_ejection_is_half_open_not_closed(one, clock) -> None:
    call(one, error=GONE)
    one.unreachable("a", "no answer")
    clock.after(60)
    one.reachable("a")
    trial = one.pick("e")
    assert trial.probe
    assert one.pick("e") is None
    assert "trial call is under way" in one.trouble("e")
    trial.began()
    assert one.trouble("e") is None


def test_what_answers_checks_and_breaks_calls_waits_out_its_time(one, clock) -> None:
    call(one, error=GONE)
    one.reachable("a")
    assert call(one, error=GONE) == "a"
    asked = 0
    for _ in range(600):
        one.reachable("a")
        asked += call(one, error=GONE) is not None
        clock.after(0.1)
    assert asked == 15  # after 2, 4, 4, ... seconds


def test_a_new_process_at_an_old_address_gets_its_engines_tried(one, clock) -> None:
    for _ in range(3):
        call(one, error=BROKE)
    one.unreachable("a", "gone")
    clock.after(0.1)
    one.reachable("a")
    assert one.pick("e").probe


def test_an_engine_that_is_not_ready_is_a_last_resort(one) -> None:
    one.engine_state("a", "e", "it is still loading (40%)")
    assert one.trouble("e") == "it is still loading (40%)"
    assert call(one) is None
    assert call(one, last_resort=True) == "a"
    one.engine_state("a", "e", None)
    assert one.trouble("e") is None


def test_a_trial_of_the_address_that_meets_a_failing_engine_has_found_the_address(one, clock) -> None:
    call(one, error=GONE)
    clock.after(1)
    call(one, error=BROKE)
    assert call(one) == "a"


def test_a_trial_that_runs_out_of_time_has_found_nothing(one, clock) -> None:
    call(one, error=GONE)
    clock.after(1)
    call(one, error=DeadlineExceeded("late"))
    clock.after(1.9)
    assert call(one) is None
    clock.after(0.1)
    assert call(one) == "a"


@pytest.mark.parametrize("error", [Overloaded("full"), InvalidArgument("no")])
def test_what_is_nobodys_fault_ejects_nobody_and_frees_the_trial(one, clock, error) -> None:
    for _ in range(20):
        assert call(one, error=error) == "a"
    call(one, error=GONE)
    clock.after(1)
    assert call(one, error=error) == "a"
    assert one.pick("e").probe


def test_leaving_judges_nobody(one, clock) -> None:
    call(one, error=GONE)
    clock.after(1)
    trial = one.pick("e")
    trial.drop()
    assert one.pick("e").probe


def test_a_lease_ends_once(one) -> None:
    lease = one.pick("e")
    assert state(one, "a").outstanding == 1
    lease.began()
    lease.end()
    lease.end(GONE)
    lease.drop()
    lease.began()
    assert state(one, "a").outstanding == 0
    assert one.trouble("e") is None


def test_two_hundred_streams_that_break_at_once_are_one_ejection(one, clock) -> None:
    streams = [one.pick("e") for _ in range(200)]
    for stream in streams:
        stream.began()
        stream.end(StreamBroken("cut", lost="connection"))
    clock.after(1)
    assert one.pick("e").probe
    assert state(one, "a").failures == 200


def test_who_is_back_starts_slowly(pool, clock) -> None:
    call(pool, error=GONE, avoid={"b", "c"})
    clock.after(1)
    trial = pool.pick("e")
    trial.began()
    shares = Counter(pool.pick("e").address for _ in range(200))
    assert shares["a"] < 15
    clock.after(5)
    assert Counter(pool.pick("e").address for _ in range(200))["a"] > 120  # it catches up


def test_all_that_start_together_share_alike(clock) -> None:
    pool = Pool(clock)
    pool.set_addresses(["a", "b"])
    shares = Counter(pool.pick("e", key="k").address for _ in range(40))
    assert abs(shares["a"] - shares["b"]) <= 2


def test_who_leaves_the_name_takes_no_new_call(pool) -> None:
    running = [pool.pick("e") for _ in range(3)]
    pool.set_addresses(["a"])
    assert {call(pool) for _ in range(5)} == {"a"}
    for lease in running:
        lease.end(GONE)
    pool.set_addresses(["a", "b"])
    assert state(pool, "b").outstanding == 0
    assert state(pool, "b").why == ""


def test_without_replicas_there_is_trouble(clock) -> None:
    pool = Pool(clock)
    assert pool.trouble("e") == "it has no replica"
    assert pool.pick("e") is None
    assert pool.size("e") == 0
    pool.reachable("nobody")
    pool.unreachable("nobody", "why")
    pool.engine_state("nobody", "e", None)
    assert pool.view("e") == []


def test_size_counts_those_that_can_be_reached(pool) -> None:
    pool.unreachable("a", "gone")
    assert pool.size("e") == 2


def test_who_does_not_have_an_engine_is_not_asked_for_it(pool) -> None:
    pool.engines("a", ["other"])
    pool.engines("b", ["e", "other"])
    assert {call(pool) for _ in range(10)} == {"b", "c"}  # c has not said
    assert {call(pool, engine="other") for _ in range(10)} == {"a", "b", "c"}
    assert (pool.size("e"), pool.size("other")) == (2, 3)
    assert [state(pool, address).why for address in "abc"] == ["it has no e", "", ""]


def test_also_where_the_others_are_in_trouble(pool) -> None:
    pool.engines("a", [])
    pool.unreachable("b", "it is gone")
    pool.engine_state("c", "e", "it is still loading")
    assert pool.trouble("e") == "it is gone; it is still loading"
    assert call(pool) is None
    assert call(pool, last_resort=True) == "c"
    pool.engines("a", ["e"])
    assert pool.trouble("e") is None
    assert call(pool) == "a"


def test_where_nobody_has_it_who_asks_nevertheless_is_told_so_by_one(pool) -> None:
    for address in "abc":
        pool.engines(address, ["other"])
    assert pool.trouble("e") is None
    assert call(pool) in {"a", "b", "c"}
    pool.engines("nobody", ["e"])


def slow_a(pool, clock, times, slow_s=1.0) -> None:
    """Rounds in which a takes its time and the others do not."""
    for _ in range(times):
        for address in ("b", "c", "a"):
            others = {"a", "b", "c"} - {address}
            call(pool, clock, slow_s if address == "a" else 0.01, avoid=others)


def test_a_replica_far_slower_than_its_peers_is_ejected_after_five(pool, clock) -> None:
    slow_a(pool, clock, 4)
    assert state(pool, "a").state is State.CLOSED
    slow_a(pool, clock, 1)
    assert state(pool, "a").state is State.OPEN
    assert "it is slow: 1.0 s to its first byte, the others 0.0 s" in state(pool, "a").why
    assert "a" not in {call(pool) for _ in range(20)}


def test_slow_requests_make_no_slow_replica(pool, clock) -> None:
    for turn in range(60):
        for address in ("b", "c", "a"):
            slow = turn % 10 == 0 if address != "a" else turn > 40  # now and then with the peers, all at once here
            call(pool, clock, 0.4 if slow else 0.002, avoid={"a", "b", "c"} - {address})
    assert state(pool, "a").state is State.CLOSED


def test_its_trial_is_judged_by_one_sample(pool, clock) -> None:
    slow_a(pool, clock, 5)
    clock.after(1)
    assert call(pool, clock, 1.0) == "a"
    assert state(pool, "a").state is State.OPEN
    clock.after(2)
    assert call(pool, clock, 0.01) == "a"
    assert state(pool, "a").state is State.CLOSED


def test_slow_by_less_than_300_ms_or_five_times_is_not_slow(pool, clock) -> None:
    slow_a(pool, clock, 10, slow_s=0.29)
    assert state(pool, "a").state is State.CLOSED


def test_the_last_one_is_never_ejected_for_being_slow(pool, clock) -> None:
    slow_a(pool, clock, 4)
    pool.unreachable("b", "gone")
    pool.unreachable("c", "gone")
    for _ in range(10):
        assert call(pool, clock, 1.0) == "a"


def test_what_was_ejected_as_slow_is_asked_when_there_is_no_other(pool, clock) -> None:
    slow_a(pool, clock, 5)
    pool.unreachable("b", "gone")
    assert call(pool) == "c"
    pool.unreachable("c", "gone")
    assert pool.trouble("e") is None
    assert call(pool) == "a"


def test_percentiles_are_of_the_first_byte(one, clock) -> None:
    for number in range(100):
        lease = one.pick("e")
        clock.after((number + 1) / 1000)
        lease.began()
        clock.after(5)
        lease.end()
    seen = state(one, "a")
    assert (seen.p50_ms, seen.p99_ms) == (51.0, 100.0)
