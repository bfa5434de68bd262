from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from svc_video.intake import HELD_MS, Intake
from svc_video.speech import Speech
from troupe.v1 import video_pb2
from troupe.wire.errors import BodyTooLarge, InvalidArgument
from troupe.wire.progress import Progress

Input = video_pb2.AnimateInput


async def stream(*messages: Input) -> AsyncIterator[Input]:
    for message in messages:
        yield message


def settings(**told) -> Input:
    return Input(settings=video_pb2.AnimateSettings(**told))


def sound(ms: int) -> Input:
    return Input(speech=video_pb2.Speech24k(pcm=bytes(ms * 48)))


def intake(*messages: Input) -> Intake:
    return Intake(stream(*messages), Progress())


async def test_the_settings_come_first() -> None:
    assert (await intake(settings(seed=3)).settings()).seed == 3
    for wrong in ((), (sound(1),), (Input(),)):
        with pytest.raises(InvalidArgument, match="first message"):
            await intake(*wrong).settings()


async def test_the_picture_is_joined_and_what_follows_is_kept() -> None:
    taken = intake(settings(), Input(picture=b"ab"), Input(picture=b"c"), sound(40), sound(40))
    await taken.settings()
    assert await taken.picture(10) == b"abc"
    speech = Speech()
    async with taken.feeding(speech):
        async with asyncio.timeout(5):
            while not speech.ended:
                await asyncio.sleep(0.01)
    assert speech.known_to(10_000) == 80 * 24


async def test_a_picture_too_large_is_refused_before_it_is_whole() -> None:
    taken = intake(settings(), *[Input(picture=bytes(10))] * 5)
    await taken.settings()
    with pytest.raises(BodyTooLarge):
        await taken.picture(19)


async def test_no_picture_says_what_is_missing() -> None:
    taken = intake(settings(), sound(40))
    await taken.settings()
    with pytest.raises(InvalidArgument, match="portrait_id"):
        await taken.picture(10)


async def test_speech_far_ahead_of_the_picture_is_left_with_the_caller() -> None:
    read = 0

    async def endless() -> AsyncIterator[Input]:
        nonlocal read
        while True:
            read += 1
            yield sound(1000)

    speech = Speech()
    async with Intake(endless(), Progress()).feeding(speech):
        await asyncio.sleep(0.3)
        assert read <= HELD_MS / 1000 + 2
        before = read
        frames = speech.frames(25)
        for _ in range(25 * 20):  # twenty seconds are seen
            next(frames)
        async with asyncio.timeout(5):
            while read < before + 10:
                await asyncio.sleep(0.01)
