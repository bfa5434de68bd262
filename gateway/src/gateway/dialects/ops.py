"""For those who run it: /health, /ready, /providers, /metrics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway.dialects.replies import (
    ChainReply,
    HealthReply,
    LicenceReply,
    ProviderReply,
    ProvidersReply,
)
from gateway.dialects.rung_states import AdmissionState, PolicyState, ReplicaState, RetryState, SpendState
from gateway.dialects.visit import Documented, house_of
from gateway.house import House
from gateway.routing.need import Modality
from gateway.routing.rung import Rung
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_BROKEN,
    ENGINE_STATE_LOADING,
    ENGINE_STATE_MISSING,
    ENGINE_STATE_READY,
    EngineInfo,
    EngineState,
)

router = APIRouter(tags=["operations"])

DISTRIBUTION = "troupe-gateway"
STATES: Mapping[EngineState, str] = {
    ENGINE_STATE_LOADING: "loading",
    ENGINE_STATE_READY: "ready",
    ENGINE_STATE_BROKEN: "broken",
    ENGINE_STATE_MISSING: "missing",
}


@router.get("/health", summary="Liveness")
async def health(request: Request) -> HealthReply:
    """Whether this process is alive. It stays green while engines are down or it drains: those are for `/ready`."""
    return _health(house_of(request))


@router.get(
    "/ready",
    summary="Readiness",
    response_model=HealthReply,
    responses={503: {"model": HealthReply, "description": "No provider is ready, or the gateway is going away"}},
)
async def ready(request: Request) -> JSONResponse:
    """Whether at least one provider is ready, and the process does not drain."""
    house = house_of(request)
    reply = _health(house)
    able = any(reply.ready.values()) and not house.draining
    return JSONResponse(reply.model_dump(), 200 if able else 503)


@router.get("/providers", summary="Chains and the state of every provider", dependencies=Documented)
async def providers(request: Request) -> ProvidersReply:
    """Per modality the chain in its order, and of each provider its state, the reason, and its licence."""
    house = house_of(request)
    return ProvidersReply(
        text=_chain(house, Modality.TEXT),
        tts=_chain(house, Modality.TTS),
        video=_chain(house, Modality.VIDEO),
        voices=len(house.voices.all(house.infos(Modality.TTS))),
        commercial_only=house.settings.commercial_only,
    )


@router.get("/metrics", summary="Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Counters as Prometheus reads them."""
    counters = house_of(request).metrics
    return Response(counters.render(), media_type=counters.content_type)


def _health(house: House) -> HealthReply:
    return HealthReply(
        status="draining" if house.draining else "healthy",
        version=version(DISTRIBUTION),
        uptime_s=round(time.monotonic() - house.since, 1),
        ready={modality.value: house.ready(modality) for modality in Modality},
    )


def _chain(house: House, modality: Modality) -> ChainReply:
    rungs = house.chains[modality].rungs
    return ChainReply(
        primary=rungs[0].name if rungs else None,
        serving=house.ready(modality),
        chain=[_provider(house, rung) for rung in rungs],
    )


def _provider(house: House, rung: Rung) -> ProviderReply:
    info = rung.describe() or EngineInfo()
    state, reason = provider_state(rung)
    licence = info.licence
    return ProviderReply(
        name=rung.name,
        engine=rung.engine,
        state=state,
        reason=reason,
        remedy=info.remedy,
        cloud=rung.cloud or info.cloud,
        model=info.model,
        device=info.device,
        languages=list(info.languages),
        voices=len(info.voices),
        formats=list(info.formats),
        features=list(info.features),
        outstanding=info.outstanding,
        licence=LicenceReply(name=licence.name, commercial_use=licence.commercial_use, note=licence.note)
        if info.HasField("licence")
        else None,
        replicas=[ReplicaState.of(view) for view in rung.pool.view(rung.engine)],
        admission=AdmissionState.of(rung.gate),
        retries=RetryState.of(rung.budget),
        policy=PolicyState.of(rung.policy),
        spend=_spend(house, rung),
    )


def _spend(house: House, rung: Rung) -> SpendState | None:
    spent = house.spent(rung)
    return None if spent is None else SpendState(today_usd=round(spent, 4), cap_usd_day=rung.policy.cap_usd_day)


def provider_state(rung: Rung) -> tuple[str, str]:
    """A rung's state in one word, and the reason where it is not "ready"."""
    info, trouble = rung.describe(), rung.trouble()
    if info is None:
        reason = rung.unusable() or trouble or ""
        if rung.unusable():
            return "not_installed", reason
        return ("unreachable", reason) if trouble else ("unknown", "it has not answered yet")
    if info.state != ENGINE_STATE_READY:
        return STATES.get(info.state, "unknown"), info.reason or trouble or ""
    return ("unreachable", trouble) if trouble else ("ready", "")
