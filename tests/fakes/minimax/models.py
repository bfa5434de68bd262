"""The models that this fake has; ids are told apart without regard to case, as clients type them in small letters."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .replies import Refused

TEXT_MODELS = (
    "MiniMax-M3",
    "MiniMax-M2.7",
    "MiniMax-M2.7-highspeed",
    "MiniMax-M2.5",
    "MiniMax-M2.5-highspeed",
    "MiniMax-M2.1",
    "MiniMax-M2.1-highspeed",
    "MiniMax-M2",
    "MiniMax-M1",
    "MiniMax-Text-01",
)
SPEECH_MODELS = tuple(
    f"speech-{version}-{kind}"
    for version, kinds in {
        "2.8": "hd turbo",
        "2.6": "hd turbo",
        "2.5": "hd-preview turbo-preview",
        "02": "hd turbo",
        "01": "hd turbo",
    }.items()
    for kind in kinds.split()
)
VIDEO_MODELS = (
    "MiniMax-Hailuo-2.3",
    "MiniMax-Hailuo-2.3-Fast",
    "MiniMax-Hailuo-02",
    "T2V-01",
    "T2V-01-Director",
    "I2V-01",
    "I2V-01-Director",
    "I2V-01-live",
    "S2V-01",
)
VIDEO_V2_MODELS = ("MiniMax-H3", "MiniMax-H3-Max")
CREATED = 1_760_000_000


def known(body: dict[str, Any], models: tuple[str, ...]) -> str:
    """The model asked for, in its own spelling; refuses others with 2013."""
    asked = body.get("model")
    if not isinstance(asked, str) or not asked:
        raise Refused(2013, "model is missing")
    for model in models:
        if model.lower() == asked.lower():
            return model
    raise Refused(2013, f"unknown model '{asked}'")


def _facts(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": CREATED, "owned_by": "minimax"}


async def list_models(_: Request) -> Response:
    """GET /v1/models."""
    return JSONResponse({"object": "list", "data": [_facts(model) for model in TEXT_MODELS]})


async def one_model(request: Request) -> Response:
    """GET /v1/models/{id}."""
    return JSONResponse(_facts(_asked(request)))


def _asked(request: Request) -> str:
    try:
        return known({"model": request.path_params["model"]}, TEXT_MODELS)
    except Refused as refused:
        raise Refused(2013, f"unknown model '{request.path_params['model']}'", 404) from refused


def _anthropic_facts(model: str) -> dict[str, Any]:
    return {"type": "model", "id": model, "display_name": model, "created_at": "2025-10-09T08:53:20Z"}


async def anthropic_models(_: Request) -> Response:
    """GET /anthropic/v1/models."""
    data = [_anthropic_facts(model) for model in TEXT_MODELS]
    return JSONResponse({"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]})


async def one_anthropic_model(request: Request) -> Response:
    """GET /anthropic/v1/models/{id}."""
    return JSONResponse(_anthropic_facts(_asked(request)))
