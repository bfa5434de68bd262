"""What the gateway says about itself over gRPC: its rungs, each as its engine describes it."""

from __future__ import annotations

from importlib.metadata import version

from gateway.house import House
from gateway.routing.need import Modality
from gateway.routing.rung import Rung
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_BROKEN,
    ENGINE_STATE_MISSING,
    DescribeResponse,
    EngineInfo,
)


def description(house: House, modality: Modality) -> DescribeResponse:
    """A chain, in its order; each rung under its own name."""
    rungs = house.chains[modality].rungs
    return DescribeResponse(
        service=f"gateway/{modality}", version=version("troupe-gateway"), engines=[_described(rung) for rung in rungs]
    )


def _described(rung: Rung) -> EngineInfo:
    info = EngineInfo()
    known = rung.describe()
    if known is not None:
        info.CopyFrom(known)
    info.name = rung.name
    info.cloud = rung.cloud or info.cloud
    if (why := rung.unusable()) is not None:
        info.state, info.reason = ENGINE_STATE_MISSING, why
    elif known is None:
        info.state, info.reason = ENGINE_STATE_BROKEN, rung.trouble() or "it has not answered yet"
    return info
