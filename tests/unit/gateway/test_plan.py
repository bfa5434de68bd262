import pytest

from gateway.plan import plan_chains
from gateway.routing.need import Modality
from gateway.settings import Settings
from troupe.wire.errors import InvalidArgument


def plan(**env: str):
    return plan_chains(Settings.load(env))


def names(**env: str) -> list[str]:
    return [rung.name for rung in plan(**env)[Modality.TTS].rungs]


def test_unset_chains_are_the_local_engines_in_their_order() -> None:
    chains = plan()
    assert [rung.name for rung in chains[Modality.TEXT].rungs] == ["vllm", "llamacpp", "extractive"]
    assert [rung.name for rung in chains[Modality.TTS].rungs] == ["xtts", "piper", "flite", "espeak"]
    assert [rung.name for rung in chains[Modality.VIDEO].rungs] == ["sadtalker", "portrait"]
    assert not any(rung.cloud for chain in chains.values() for rung in chain.rungs)


def test_with_a_minimax_key_minimax_comes_first_where_nothing_is_set() -> None:
    assert names(MINIMAX_API_KEY="sk") == ["minimax", "xtts", "piper", "flite", "espeak"]
    assert names(MINIMAX_API_KEY="sk", PROVIDER_TTS="espeak")[0] == "espeak"
    minimax = plan(MINIMAX_API_KEY="sk")[Modality.TTS].rungs[0]
    assert minimax.cloud
    assert "not installed" in minimax.absent


def test_a_chain_is_the_primary_then_its_fallbacks_without_repeats() -> None:
    assert names(PROVIDER_TTS="coqui", PROVIDER_TTS_FALLBACK="coqui, edge,minimax") == ["coqui", "edge", "minimax"]
    assert names(PROVIDER_TTS="espeak", PROVIDER_TTS_FALLBACK="") == ["espeak"]
    assert names(PROVIDER_TTS="flite") == ["flite", "xtts", "piper", "espeak"]


def test_those_that_nobody_named_are_told_apart() -> None:
    chain = plan(PROVIDER_TTS="flite")[Modality.TTS]
    assert chain.unasked == {"xtts", "piper", "espeak"}
    assert plan(PROVIDER_TTS="flite", PROVIDER_TTS_FALLBACK="espeak")[Modality.TTS].unasked == frozenset()


def test_a_rung_of_ones_own_needs_an_engine() -> None:
    rung = plan(PROVIDER_TTS="mine", PROVIDER_MINE_ENGINE="espeak", PROVIDER_MINE_TARGET="box:1")[Modality.TTS].rungs[0]
    assert (rung.engines, rung.target) == (("espeak",), "box:1")
    with pytest.raises(InvalidArgument, match="PROVIDER_MINE_ENGINE"):
        plan(PROVIDER_TTS="mine")
    with pytest.raises(InvalidArgument, match="PROVIDER_MINE_ENGINE=nothing"):
        plan(PROVIDER_TTS="mine", PROVIDER_MINE_ENGINE="nothing")


def test_the_seeds_names_mean_what_they_meant() -> None:
    coqui = plan(PROVIDER_TTS="coqui", PROVIDER_COQUI_SERVICE_URL="http://localhost:5050")[Modality.TTS].rungs[0]
    assert (coqui.engines, coqui.target) == (("xtts", "edge"), "http://localhost:5050")
    assert plan(PROVIDER_TEXT="vllm")[Modality.TEXT].rungs[0].engines == ("vllm",)
    served = plan(PROVIDER_TEXT="vllm", PROVIDER_VLLM_BASE_URL="http://gpu:8000")
    assert served[Modality.TEXT].rungs[0].engines == ("openai",)


def test_what_leaves_the_house_is_marked_unless_it_does_not() -> None:
    assert plan(PROVIDER_TTS="edge")[Modality.TTS].rungs[0].cloud
    assert not plan(PROVIDER_TTS="edge", PROVIDER_EDGE_LOCAL="1")[Modality.TTS].rungs[0].cloud


def test_time_limits_are_the_rungs_own_or_the_modalitys() -> None:
    chain = plan(PROVIDER_TTS="flite", PROVIDER_FLITE_TIMEOUT_S="7", TROUPE_TTS_TIMEOUT_S="99")[Modality.TTS]
    assert [rung.timeout_s for rung in chain.rungs[:2]] == [7, 99]


def test_an_engine_of_another_modality_is_no_rung() -> None:
    with pytest.raises(InvalidArgument, match='"portrait" is no tts provider'):
        plan(PROVIDER_TTS="portrait")
