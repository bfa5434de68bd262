"""Each hostile file ends within 5 s and 512 MB in sound or in a sentence, and the process that serves lives."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.fakes.hostile_audio import READ, REFUSED, encoded, endless_silence, flipped

from svc_tts.audio.decode import decode
from troupe.wire.errors import MediaTooLarge, UnsupportedMedia
from troupe.wire.media import SAMPLE_RATE

MOST_S, MOST_KB = 5.0, 512 * 1024
SOUND_S = 300.0
KINDS = {"mp3": "mp3", "ogg": "libopus", "adts": "aac", "mp4": "aac", "webm": "libopus", "flac": "flac"}


class Watch(threading.Thread):
    """The most memory that a decoder of this process took: the system keeps each one's peak while it runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_kb = 0
        self.over = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self.over.wait(0.01):
            for child in me.children():
                with suppress(OSError, IndexError, psutil.Error):
                    if any("decode_child" in word for word in child.cmdline()):
                        told = Path(f"/proc/{child.pid}/status").read_text().partition("VmHWM:")[2]
                        self.peak_kb = max(self.peak_kb, int(told.split()[0]))


@pytest.fixture(autouse=True)
def watch() -> Iterator[Watch]:
    watching = Watch()
    watching.start()
    yield watching
    watching.over.set()
    watching.join()
    assert watching.peak_kb < MOST_KB


async def seconds_of(data: bytes) -> float:
    """Seconds of sound read; fails where that took too long or too much."""
    began, size = time.monotonic(), 0
    try:
        async for piece in decode(data, SOUND_S):
            size += len(piece)
    finally:
        assert time.monotonic() - began < MOST_S
    return size / 2 / SAMPLE_RATE


@pytest.mark.parametrize("make", READ.values(), ids=READ)
async def test_what_is_odd_is_read(make: Callable[[], bytes]) -> None:
    assert 0.4 < await seconds_of(make()) < 4.0


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
async def test_what_is_no_sound_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(UnsupportedMedia, match="Send one of: wav, mp3") as told:
        await seconds_of(make())
    assert "broke" not in told.value.message


async def test_endless_sound_is_refused_by_its_length(watch: Watch) -> None:
    with pytest.raises(MediaTooLarge, match="more than 300 s"):
        await seconds_of(endless_silence())
    assert watch.peak_kb > 10_000  # it was looked at


@pytest.mark.parametrize("container", KINDS)
async def test_broken_files_give_sound_or_a_sentence(container: str) -> None:
    data = encoded(1, container, KINDS[container])
    ends = await asyncio.gather(*(seconds_of(flipped(data, seed)) for seed in range(2)), return_exceptions=True)
    assert [end for end in ends if not isinstance(end, float | UnsupportedMedia)] == []
