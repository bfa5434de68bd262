"""What is kept and what is made anew when settings are read again."""

from __future__ import annotations

import pytest

from gateway.assembly import Assembly, build, spent_today
from gateway.metrics import Metrics
from gateway.providers.absent import AbsentRung
from gateway.routing.need import Modality
from gateway.settings import Settings
from troupe.wire.errors import InvalidArgument

BASE = {"PROVIDER_TTS": "flite", "PROVIDER_TTS_FALLBACK": "espeak", "PROVIDER_ESPEAK_TARGET": "b:2"}


@pytest.fixture
def furnish(tmp_path):
    assembly = Assembly(Metrics())

    def furnish(**env: str):
        return assembly.furnish(Settings.load(BASE | {"TROUPE_STATE_DIR": str(tmp_path)} | env))

    return furnish


def tts(furniture):
    return furniture.chains[Modality.TTS].rungs


def test_rungs_of_one_service_share_its_target() -> None:
    house = build(Settings.load({}))
    targets = {id(rung.target) for rung in house.chains[Modality.TTS].rungs}
    assert len(targets) == 1
    assert len(house.neighbours) == len(Modality)


def test_what_is_the_same_is_kept_with_all_that_is_known_of_it(furnish) -> None:
    first, second = furnish(), furnish(PROVIDER_TTS_FALLBACK="espeak,piper", TROUPE_DRAIN_S="3")
    assert tts(second)[:2] == tts(first)
    assert all(a is b for a, b in zip(tts(first), tts(second), strict=False))
    assert first.chains[Modality.TTS] is not second.chains[Modality.TTS]
    assert {id(each) for each in first.neighbours} == {id(each) for each in second.neighbours}


def test_another_time_limit_is_another_rung_with_the_same_admission_and_replicas(furnish) -> None:
    (before, _), (after, _) = tts(furnish()), tts(furnish(PROVIDER_FLITE_TIMEOUT_S="7"))
    assert (before is after, after.policy.timeout_s) == (False, 7)
    assert after.gate is before.gate
    assert after.budget is before.budget
    assert after.pool is before.pool


def test_another_concurrency_is_another_gate(furnish) -> None:
    (before, _), (after, _) = tts(furnish()), tts(furnish(PROVIDER_FLITE_MAX_CONCURRENCY="3"))
    assert (after.gate is before.gate, after.gate.limit) == (False, 3)


@pytest.mark.parametrize("change", [{"PROVIDER_FLITE_TARGET": "c:3"}, {"TROUPE_DNS_SERVER": "10.0.0.9:53"}])
def test_another_address_or_dns_server_is_another_target(furnish, change) -> None:
    (before, _), (after, _) = tts(furnish()), tts(furnish(**change))
    assert after.target is not before.target


def test_what_nobody_names_any_more_leaves(furnish) -> None:
    first, second = furnish(), furnish(PROVIDER_TTS_FALLBACK="")
    gone = {id(each) for each in first.neighbours} - {id(each) for each in second.neighbours}
    assert gone == {id(tts(first)[1].target)}


def test_settings_that_are_wrong_change_nothing(furnish) -> None:
    first = furnish()
    with pytest.raises(InvalidArgument):
        furnish(PROVIDER_TTS="flitte")
    assert tts(furnish())[0] is tts(first)[0]


def test_minimax_without_a_key_stands_in_its_place(furnish) -> None:
    (rung, *_) = tts(furnish(PROVIDER_TTS="minimax"))
    assert isinstance(rung, AbsentRung)
    assert (rung.unusable(), rung.cloud) == ("MINIMAX_API_KEY is not set", True)


def test_one_minimax_account_serves_all_chains_and_is_kept_while_its_key_is(furnish) -> None:
    env = {"PROVIDER_TTS": "minimax,flite", "PROVIDER_TEXT": "minimax", "MINIMAX_API_KEY": "sk-a"}
    first, second, third = furnish(**env), furnish(**env), furnish(**env | {"MINIMAX_API_KEY": "sk-b"})
    assert tts(first)[0].account is first.chains[Modality.TEXT].rungs[0].account
    assert tts(second)[0] is tts(first)[0]
    assert tts(third)[0] is not tts(first)[0]
    assert len(third.neighbours) == len(first.neighbours)


def test_a_minimax_rung_is_a_cloud_rung_with_its_policy(furnish) -> None:
    env = {"PROVIDER_TEXT": "mm", "PROVIDER_MM_ENGINE": "minimax", "PROVIDER_MM_CAP_USD_DAY": "2"}
    env |= {"PROVIDER_MM_MAX_CONCURRENCY": "5"}
    rung = furnish(**env, MINIMAX_API_KEY="sk").chains[Modality.TEXT].rungs[0]
    assert (rung.name, rung.engine, rung.cloud, rung.policy.cap_usd_day) == ("mm", "minimax", True, 2)
    assert (rung.gate.limit, spent_today(rung)) == (5, 0.0)


@pytest.mark.parametrize("env", [{}, {"PROVIDER_TEXT": "extractive"}])
def test_pages_are_read_by_the_text_chain_where_it_can(furnish, env) -> None:
    made = furnish(**env)
    assert made.reading is made.chains[Modality.TEXT]


def test_pages_are_read_whatever_the_text_chain_is(furnish) -> None:
    env = {"PROVIDER_TEXT": "vllm", "PROVIDER_TEXT_FALLBACK": "minimax"}
    first, second = furnish(**env), furnish(**env, TROUPE_DRAIN_S="3")
    assert [rung.name for rung in first.chains[Modality.TEXT].rungs] == ["vllm", "minimax"]
    assert [rung.name for rung in first.reading.rungs] == ["vllm", "minimax", "extractive"]
    assert first.reading.rungs[-1] is second.reading.rungs[-1]
    assert first.reading.rungs[-1].gate is second.reading.rungs[-1].gate
    assert first.reading.rungs[-1].target is first.reading.rungs[0].target
