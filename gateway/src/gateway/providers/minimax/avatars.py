"""The avatars that ship with the house, for when svc-video is down: the same pictures under the same ids.

A prepared portrait is svc-video's secret; a shipped avatar is everybody's, so a talking head of one can be made here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.providers.minimax.desk import Desk
from gateway.voices import GENDERS
from troupe.v1.video_pb2 import ListPortraitsRequest, ListPortraitsResponse, Portrait

FOLDER = Path(__file__).parent / "data" / "avatars"
CATALOGUE = "avatars.json"
SIDE = 512  # pixels: what a film of one is made in


@dataclass(frozen=True, slots=True)
class Avatar:
    """One shipped portrait."""

    portrait: Portrait
    path: Path


@cache
def shipped() -> Mapping[str, Avatar]:
    """Id -> avatar, the default one first. Reads a small file once."""
    rows = json.loads((FOLDER / CATALOGUE).read_text())
    return {row["id"]: Avatar(_portrait(row), FOLDER / f"{row['id']}.webp") for row in rows}


async def list_portraits(
    _desk: Desk, _inputs: AsyncGenerator[ListPortraitsRequest]
) -> AsyncGenerator[ListPortraitsResponse]:
    """The shipped avatars: portraits of the callers' own are kept by svc-video."""
    yield ListPortraitsResponse(portraits=[avatar.portrait for avatar in shipped().values()])


def _portrait(row: Mapping[str, str]) -> Portrait:
    return Portrait(
        portrait_id=row["id"], name=row["name"], avatar=True, gender=GENDERS[row["gender"]], width=SIDE, height=SIDE
    )
