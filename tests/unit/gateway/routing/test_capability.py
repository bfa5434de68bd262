import pytest

from gateway.routing.capability import obstacle, primary, speaks
from gateway.routing.need import Modality, Need
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_BROKEN,
    ENGINE_STATE_MISSING,
    TASK_CLONE,
    TASK_SPEECH,
    EngineInfo,
    Licence,
    Limits,
)

ABLE = EngineInfo(
    name="tone",
    tasks=[TASK_SPEECH],
    languages=["en-US", "fr-FR"],
    formats=["pcm", "mp3"],
    features=["cues"],
    licence=Licence(name="MIT", commercial_use=True),
    limits=Limits(max_text_chars=100, max_width=512, max_height=512),
)


def need(**fields) -> Need:
    return Need(Modality.TTS, **fields)


@pytest.mark.parametrize(
    "wanted",
    [
        need(),
        need(task=TASK_SPEECH),
        need(language="en-GB"),
        need(reads=frozenset({"fr"})),
        need(format="mp3"),
        need(text_chars=100, width=512, height=512),
        need(features=frozenset({"cues"})),
        need(engines=frozenset({"tone", "other"})),
        need(local_only=True, commercial_only=True),
    ],
)
def test_what_it_can_do_has_no_obstacle(wanted) -> None:
    assert obstacle(ABLE, wanted) is None


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (need(task=TASK_CLONE), "it does no clone"),
        (need(reads=frozenset({"zh"})), "it cannot read what the text has in zh"),
        (need(language="ja-JP"), "it has no voice for ja-JP, only for en-US, fr-FR"),
        (need(format="flac"), "it makes no flac, only pcm, mp3"),
        (need(text_chars=101), "the text has 101 characters, it takes 100"),
        (need(width=513), "513x0 is larger than its 512x512"),
        (need(features=frozenset({"timings"})), "it lacks timings"),
        (need(engines=frozenset({"other"})), "only other has this voice"),
    ],
)
def test_each_obstacle_is_named(wanted, why) -> None:
    assert obstacle(ABLE, wanted) == why


def test_the_cloud_is_no_place_for_local_only() -> None:
    assert "local_only" in (obstacle(EngineInfo(cloud=True), need(local_only=True)) or "")


def test_a_licence_that_forbids_commercial_use_is_named() -> None:
    info = EngineInfo(licence=Licence(name="CPML"))
    assert "CPML" in (obstacle(info, need(commercial_only=True)) or "")
    assert obstacle(info, need()) is None


def test_what_is_not_installed_says_what_mends_it() -> None:
    info = EngineInfo(state=ENGINE_STATE_MISSING, reason="no flite program", remedy="apt install flite")
    assert obstacle(info, need()) == "it cannot run: no flite program (run: apt install flite)"


def test_a_broken_engine_is_able_but_sick() -> None:
    assert obstacle(EngineInfo(state=ENGINE_STATE_BROKEN), need()) is None


def test_languages_compare_by_their_first_subtag() -> None:
    assert primary("zh_CN") == "zh"
    assert speaks(["zh-CN"], "zh")
    assert speaks([], "tlh")
    assert not speaks(["en-US"], "es")
