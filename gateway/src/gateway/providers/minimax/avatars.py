"""The shipped avatars as portraits, for when svc-video is down: the same pictures under the same ids.

A prepared portrait is svc-video's secret; a shipped avatar is everybody's, so a talking head of one can be made here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from gateway.avatars import Avatar, shipped
from gateway.providers.minimax.desk import Desk
from gateway.voices import GENDERS
from troupe.v1.video_pb2 import ListPortraitsRequest, ListPortraitsResponse, Portrait

SIDE = 512  # pixels: what a film of one is made in


async def list_portraits(
    _desk: Desk, _inputs: AsyncGenerator[ListPortraitsRequest]
) -> AsyncGenerator[ListPortraitsResponse]:
    """The shipped avatars: portraits of the callers' own are kept by svc-video."""
    yield ListPortraitsResponse(portraits=[_portrait(avatar) for avatar in shipped().values()])


def _portrait(avatar: Avatar) -> Portrait:
    return Portrait(
        portrait_id=avatar.avatar_id,
        name=avatar.name,
        avatar=True,
        gender=GENDERS[avatar.gender],
        width=SIDE,
        height=SIDE,
    )
