import pytest

from gateway.plan import LOCAL_CHILD, plan_chains
from gateway.routing.need import Modality
from gateway.routing.rung import Policy
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
    assert not minimax.absent


def test_a_chain_is_the_primary_then_its_fallbacks_without_repeats() -> None:
    assert names(PROVIDER_TTS="coqui", PROVIDER_TTS_FALLBACK="coqui, edge,minimax") == ["coqui", "edge", "minimax"]
    assert names(PROVIDER_TTS="espeak", PROVIDER_TTS_FALLBACK="") == ["espeak"]
    assert names(PROVIDER_TTS="flite") == ["flite", "xtts", "piper", "espeak"]


def test_those_that_nobody_named_are_told_apart() -> None:
    chain = plan(PROVIDER_TTS="flite")[Modality.TTS]
    assert chain.unasked == {"xtts", "piper", "espeak"}
    assert {rung.name for rung in chain.rungs if rung.unasked} == {"xtts", "piper", "espeak"}
    assert plan(PROVIDER_TTS="flite", PROVIDER_TTS_FALLBACK="espeak")[Modality.TTS].unasked == frozenset()
    assert [rung.unasked for rung in plan()[Modality.VIDEO].rungs] == [True, True]
    assert [rung.unasked for rung in plan(PROVIDER_VIDEO="sadtalker")[Modality.VIDEO].rungs] == [False, True]


def test_a_rung_of_ones_own_needs_an_engine() -> None:
    rung = plan(PROVIDER_TTS="mine", PROVIDER_MINE_ENGINE="espeak", PROVIDER_MINE_TARGET="box:1")[Modality.TTS].rungs[0]
    assert (rung.engines, rung.target) == (("espeak",), "box:1")
    with pytest.raises(InvalidArgument, match="PROVIDER_MINE_ENGINE"):
        plan(PROVIDER_TTS="mine")
    with pytest.raises(InvalidArgument, match="PROVIDER_MINE_ENGINE=nothing"):
        plan(PROVIDER_TTS="mine", PROVIDER_MINE_ENGINE="nothing")


def test_an_engine_of_ones_own_needs_to_be_somewhere() -> None:
    own = {"PROVIDER_VIDEO": "lamp", "PROVIDER_LAMP_ENGINE": "lamp:LampEngine"}
    with pytest.raises(InvalidArgument, match="PROVIDER_LAMP_TARGET"):
        plan(**own)
    rung = plan(**own, PROVIDER_LAMP_TARGET="127.0.0.1:50053")[Modality.VIDEO].rungs[0]
    assert (rung.engines, rung.target, rung.cloud) == (("lamp:LampEngine",), "127.0.0.1:50053", False)
    known = plan(PROVIDER_TTS="mine", PROVIDER_MINE_ENGINE="Espeak", PROVIDER_MINE_TARGET="box:1")
    assert known[Modality.TTS].rungs[0].engines == ("espeak",)


def test_the_seeds_names_mean_what_they_meant() -> None:
    coqui = plan(PROVIDER_TTS="coqui", PROVIDER_COQUI_SERVICE_URL="http://localhost:5050")[Modality.TTS].rungs[0]
    assert (coqui.engines, coqui.target) == (("xtts", "edge"), "http://localhost:5050")
    assert plan(PROVIDER_TEXT="vllm")[Modality.TEXT].rungs[0].engines == ("vllm",)
    served = plan(PROVIDER_TEXT="vllm", PROVIDER_VLLM_BASE_URL="http://gpu:8000")
    assert served[Modality.TEXT].rungs[0].engines == ("openai",)


def test_what_leaves_the_house_is_marked_unless_it_does_not() -> None:
    assert plan(PROVIDER_TTS="edge")[Modality.TTS].rungs[0].cloud
    assert not plan(PROVIDER_TTS="edge", PROVIDER_EDGE_LOCAL="1")[Modality.TTS].rungs[0].cloud
    assert plan(PROVIDER_TEXT="vllm", PROVIDER_VLLM_LOCAL="0")[Modality.TEXT].rungs[0].cloud
    assert not plan(PROVIDER_TTS="coqui")[Modality.TTS].rungs[0].cloud  # whether it runs edge is its own to say


def test_time_limits_are_the_rungs_own_or_the_modalitys() -> None:
    chain = plan(PROVIDER_TTS="flite", PROVIDER_FLITE_TIMEOUT_S="7", TROUPE_TTS_TIMEOUT_S="99")[Modality.TTS]
    assert [rung.policy.timeout_s for rung in chain.rungs[:2]] == [7, 99]


def test_an_engine_of_another_modality_is_no_rung() -> None:
    with pytest.raises(InvalidArgument, match='"portrait" is no tts provider'):
        plan(PROVIDER_TTS="portrait")


def test_any_number_of_rungs_and_one_engine_on_several_targets() -> None:
    env = {"PROVIDER_TEXT": "big,small", "PROVIDER_TEXT_FALLBACK": ",".join(f"r{n}" for n in range(40))}
    env |= {f"PROVIDER_R{n}_ENGINE": "vllm" for n in range(40)} | {
        f"PROVIDER_R{n}_TARGET": f"r:{n + 1}" for n in range(40)
    }
    env |= {"PROVIDER_BIG_ENGINE": "vllm", "PROVIDER_BIG_TARGET": "big-0:50051,big-1:50051"}
    env |= {"PROVIDER_SMALL_ENGINE": "vllm", "PROVIDER_SMALL_TARGET": "small.house:50051", "PROVIDER_SMALL_MODEL": "8b"}
    rungs = plan(**env)[Modality.TEXT].rungs
    assert [rung.name for rung in rungs] == ["big", "small", *(f"r{n}" for n in range(40))]
    assert {rung.engines for rung in rungs} == {("vllm",)}
    assert [rung.target for rung in rungs[:3]] == ["big-0:50051,big-1:50051", "small.house:50051", "r:1"]
    assert rungs[1].model == "8b"


def test_every_field_of_a_policy() -> None:
    env = {
        "PROVIDER_TTS": "flite",
        "PROVIDER_FLITE_TIMEOUT_S": "20",
        "PROVIDER_FLITE_FIRST_S": "2.5",
        "PROVIDER_FLITE_ATTEMPTS": "5",
        "PROVIDER_FLITE_HEDGE_MS": "150",
        "PROVIDER_FLITE_MAX_CONCURRENCY": "8",
    }
    rung = plan(**env)[Modality.TTS].rungs[0]
    assert rung.policy == Policy(timeout_s=20, first_s=2.5, attempts=5, hedge_s=0.15)
    assert rung.max_concurrency == 8


def test_the_policy_nobody_set() -> None:
    env = {"MINIMAX_API_KEY": "sk", "PROVIDER_MINIMAX_CAP_USD_DAY": "3.5"}
    minimax, local = plan(**env)[Modality.TEXT].rungs[:2]
    assert (minimax.policy.attempts, minimax.policy.cap_usd_day) == (2, 3.5)
    assert (local.policy.attempts, local.policy.hedge_s, local.policy.cap_usd_day) == (3, 0, 0)
    clip = plan(**env)[Modality.VIDEO].rungs[0]
    assert clip.policy.first_s == clip.policy.timeout_s


def test_sadtalker_may_take_longer_to_its_first_frame() -> None:
    sadtalker, portrait = plan()[Modality.VIDEO].rungs
    assert (sadtalker.policy.first_s, portrait.policy.first_s) == (240, 60)
    own = {"PROVIDER_VIDEO": "face", "PROVIDER_FACE_ENGINE": "SadTalker", "PROVIDER_VIDEO_FALLBACK": ""}
    assert plan(**own)[Modality.VIDEO].rungs[0].policy.first_s == 240
    told = plan(PROVIDER_SADTALKER_FIRST_S="20")[Modality.VIDEO].rungs[0]
    assert told.policy.first_s == 20


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"PROVIDER_ESPEK_TIMEOUT_S": "3"}, 'PROVIDER_ESPEK_TIMEOUT_S: no chain has .* Did you mean "espeak"'),
        ({"PROVIDER_FLITE_CAP_USD_DAY": "3", "PROVIDER_TTS": "flite"}, "flite has no price"),
        ({"PROVIDER_FLITE_ATTEMPTS": "11"}, "PROVIDER_FLITE_ATTEMPTS"),
        ({"PROVIDER_TEXT": "vllm", "PROVIDER_VLLM_TARGET": "http://box:5050"}, "only a TTS service"),
        ({"PROVIDER_FLITE_TARGET": "box"}, "PROVIDER_FLITE_TARGET=box: 'box' is no host:port"),
        ({"PROVIDER_FLITE_TARGET": "box:1,,box:2"}, "'nothing' is no host:port"),
        ({"TROUPE_TEXT_TARGET": "box:70000"}, "TROUPE_TEXT_TARGET"),
        ({"PROVIDER_COQUI_SERVICE_URL": "http://:5050"}, "names no host"),
        ({"PROVIDER_COQUI_MODE": "docker"}, "'service' or 'local'"),
        ({"TROUPE_DNS_SERVER": "a b"}, "TROUPE_DNS_SERVER"),
    ],
)
def test_what_is_wrong_is_said_with_its_setting(env, says) -> None:
    with pytest.raises(InvalidArgument, match=says):
        plan(**env)


def test_a_rung_that_is_defined_may_wait_outside_the_chains() -> None:
    assert names(PROVIDER_BIG_ENGINE="vllm", PROVIDER_BIG_TARGET="big:1") == ["xtts", "piper", "flite", "espeak"]


def test_coqui_may_be_a_child_of_the_gateway() -> None:
    env = {"PROVIDER_TTS": "coqui", "PROVIDER_COQUI_SERVICE_URL": "http://localhost:5050"}
    assert plan(**env, PROVIDER_COQUI_MODE="local")[Modality.TTS].rungs[0].target == LOCAL_CHILD


def test_a_name_with_a_hyphen_is_the_one_with_an_underscore() -> None:
    rung = plan(PROVIDER_TTS="my-tts", PROVIDER_MY_TTS_ENGINE="tone", PROVIDER_MY_TTS_TARGET="[::1]:1")
    assert rung[Modality.TTS].rungs[0].name == "my_tts"
