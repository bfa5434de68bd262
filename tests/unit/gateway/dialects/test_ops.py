import pytest
from httpx import ASGITransport, AsyncClient

from gateway.app import app_of
from gateway.assembly import build
from gateway.banner import banner, invitation
from gateway.dialects.ops import provider_state
from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.settings import Settings
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_BROKEN,
    ENGINE_STATE_LOADING,
    ENGINE_STATE_MISSING,
    ENGINE_STATE_READY,
    EngineInfo,
)
from troupe.wire.errors import CannotConnect


def test_a_provider_in_one_word_and_why(rung) -> None:
    def state(trouble=None, info=None):
        return provider_state(rung("a", trouble=trouble, info=info))

    assert state(info=EngineInfo(state=ENGINE_STATE_READY)) == ("ready", "")
    assert state(info=EngineInfo(state=ENGINE_STATE_BROKEN, reason="no child")) == ("broken", "no child")
    assert state(info=EngineInfo(state=ENGINE_STATE_MISSING, reason="no file")) == ("missing", "no file")
    assert state("it is still loading (4%)", EngineInfo(state=ENGINE_STATE_LOADING)) == (
        "loading",
        "it is still loading (4%)",
    )
    assert state("gone", EngineInfo(state=ENGINE_STATE_READY)) == ("unreachable", "gone")
    assert state("gone") == ("unreachable", "gone")
    assert state() == ("unknown", "it has not answered yet")


def test_the_banner_is_the_seeds(rung) -> None:
    house = build(Settings.load({}))
    house.chains = {
        Modality.TEXT: Chain(Modality.TEXT, []),
        Modality.TTS: Chain(Modality.TTS, [rung("coqui"), rung("edge", trouble="gone")]),
        Modality.VIDEO: Chain(
            Modality.VIDEO, [rung("sadtalker", info=EngineInfo(state=ENGINE_STATE_MISSING)), rung("portrait")]
        ),
    }
    assert banner(house).splitlines() == [
        "=== Provider Configuration ===",
        "Text provider: none",
        "TTS provider: coqui",
        "Video provider: portrait",
        "",
        "Available providers:",
        "  Text: none",
        "  TTS: coqui, edge (not ready)",
        "  Video: portrait",
    ]


@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1", "localhost"), ("0.0.0.0", "localhost"), ("10.0.0.7", "10.0.0.7"), ("fd00::7", "[fd00::7]")],
)
def test_the_page_is_named_as_a_browser_here_finds_it(host: str, name: str) -> None:
    assert invitation(host, 8000) == f"\nThe Studio: open http://{name}:8000/ in a browser."


def test_the_one_who_would_be_asked_first_is_ready_and_well(rung) -> None:
    house = build(Settings.load({}))
    ready, missing = EngineInfo(state=ENGINE_STATE_READY), EngineInfo(state=ENGINE_STATE_MISSING)
    rungs = [rung("a"), rung("b", trouble="x", info=ready), rung("c", info=missing), rung("d", info=ready)]
    house.chains = {Modality.TTS: Chain(Modality.TTS, rungs)}
    assert house.ready(Modality.TTS) == "d"


async def test_replicas_admission_and_money_of_a_rung_are_shown(tmp_path) -> None:
    env = {"PROVIDER_TTS": "minimax,flite", "PROVIDER_TTS_FALLBACK": "", "PROVIDER_FLITE_ATTEMPTS": "2"}
    more = {"MINIMAX_API_KEY": "sk", "PROVIDER_MINIMAX_CAP_USD_DAY": "5", "TROUPE_STATE_DIR": str(tmp_path)}
    house = build(Settings.load(env | more))
    _cloud, flite = house.chains[Modality.TTS].rungs
    flite.pool.set_addresses(["10.0.0.1:1"])
    flite.pool.pick("flite").end(CannotConnect("refused"))
    transport = ASGITransport(app_of(house))
    async with AsyncClient(transport=transport, base_url="http://house") as client:
        told, shown = (await client.get("/providers")).json()["tts"]["chain"]
    assert told["spend"] == {"today_usd": 0.0, "cap_usd_day": 5.0}
    assert (shown["spend"], shown["policy"]["attempts"], shown["admission"]["running"]) == (None, 2, 0)
    (replica,) = shown["replicas"]
    assert (replica["address"], replica["state"], replica["failures"]) == ("10.0.0.1:1", "open", 1)
    assert (replica["last_error"], "ejected" in replica["why"]) == ("refused", True)


async def test_liveness_stays_green_while_the_gateway_leaves() -> None:
    house = build(Settings.load({}))
    async with AsyncClient(transport=ASGITransport(app_of(house)), base_url="http://house") as client:
        house.drain()
        health, ready = await client.get("/health"), await client.get("/ready")
    assert (health.status_code, health.json()["status"], ready.status_code) == (200, "draining", 503)
