"""Each hostile file ends within 5 s and 512 MB in sound or in a sentence, and the process that serves lives."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable

import pytest
from tests.fakes.hostile_audio import READ, REFUSED, encoded, endless_silence, flipped

from svc_tts.audio.decode import decode
from troupe.wire.errors import MediaTooLarge, UnsupportedMedia
from troupe.wire.media import SAMPLE_RATE

MOST_S, MOST_KB = 5.0, 512 * 1024
SOUND_S = 300.0
KINDS = {"mp3": "mp3", "ogg": "libopus", "adts": "aac", "mp4": "aac", "webm": "libopus", "flac": "flac"}


async def seconds_of(data: bytes) -> float:
    """Seconds of sound read; fails where that took too long or too much."""
    began, size = time.monotonic(), 0
    try:
        async for piece in decode(data, SOUND_S):
            size += len(piece)
    finally:
        assert time.monotonic() - began < MOST_S
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_KB
    return size / 2 / SAMPLE_RATE


@pytest.mark.parametrize("make", READ.values(), ids=READ)
async def test_what_is_odd_is_read(make: Callable[[], bytes]) -> None:
    assert 0.4 < await seconds_of(make()) < 4.0


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
async def test_what_is_no_sound_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(UnsupportedMedia, match="Send one of: wav, mp3") as told:
        await seconds_of(make())
    assert "broke" not in told.value.message


async def test_endless_sound_is_refused_by_its_length() -> None:
    with pytest.raises(MediaTooLarge, match="more than 300 s"):
        await seconds_of(endless_silence())


@pytest.mark.parametrize("container", KINDS)
async def test_broken_files_give_sound_or_a_sentence(container: str) -> None:
    data = encoded(1, container, KINDS[container])
    ends = await asyncio.gather(*(seconds_of(flipped(data, seed)) for seed in range(2)), return_exceptions=True)
    assert [end for end in ends if not isinstance(end, float | UnsupportedMedia)] == []
