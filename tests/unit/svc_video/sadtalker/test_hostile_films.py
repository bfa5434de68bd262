"""Each hostile film ends within seconds and 512 MB in frames or in a sentence, and the process that asked lives."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.fakes.hostile_films import READ, REFUSED, claims, film, flipped

from svc_video.engines.sadtalker import footage_child, source
from svc_video.engines.sadtalker.footage import CHILD, frames_of
from svc_video.engines.sadtalker.footage_child import EXIT_BROKEN
from troupe.wire.errors import MediaTooLarge, UnsupportedMedia

MOST_S, MOST_KB = 10.0, 512 * 1024
LARGE = (1_920, 1_080)


class Watch(threading.Thread):
    """The most memory that a decoder of this process took."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_kb = 0
        self.over = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self.over.wait(0.01):
            for child in me.children():
                with suppress(OSError, IndexError, psutil.Error):
                    if CHILD in child.cmdline():
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


def number_of_frames(data: bytes) -> int:
    """Fails where that took too long."""
    began = time.monotonic()
    try:
        return sum(1 for _ in frames_of(data))
    finally:
        assert time.monotonic() - began < MOST_S


def test_the_decoder_knows_the_rate() -> None:
    assert footage_child.FPS == source.FPS


@pytest.mark.parametrize("make", READ.values(), ids=READ)
def test_what_is_odd_is_read(make: Callable[[], bytes]) -> None:
    assert 15 <= number_of_frames(make()) <= 21


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_is_no_film_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(UnsupportedMedia, match="Send MP4") as told:
        number_of_frames(make())
    assert "the decoder" not in told.value.message


def test_a_film_of_a_day_is_refused_by_its_length() -> None:
    with pytest.raises(MediaTooLarge, match="longer than 60 s"):
        number_of_frames(film(3, container="matroska", gap_s=86_400))


def test_a_header_that_lies_about_its_size_hurts_nobody() -> None:
    with suppress(MediaTooLarge, UnsupportedMedia):
        assert number_of_frames(claims(65_535, 65_535)) <= 3


def test_a_large_film_is_refused_by_its_size(watch: Watch) -> None:
    with pytest.raises(MediaTooLarge, match=r"4096 x 2160 pixels; at most 1920 x 1080"):
        number_of_frames(film(1, "mjpeg", "avi", (4_096, 2_160)))
    assert watch.peak_kb > 10_000  # it was looked at


@pytest.mark.parametrize("seed", range(4))
def test_broken_films_give_frames_or_a_sentence(seed: int) -> None:
    with suppress(UnsupportedMedia, MediaTooLarge):
        assert number_of_frames(flipped(film(20), seed)) <= 1_501


def test_a_large_film_with_many_kept_frames_fits() -> None:
    data = film(20, size=LARGE, options={"preset": "ultrafast", "refs": "4"})
    assert next(frames_of(data)).shape == (1_080, 1_920, 3)


def test_the_decoder_may_open_nothing() -> None:
    """Whatever a film made of it: a decoder that was taken over opens no file and no connection, and starts nothing."""
    code = """
import socket, sys
from svc_video.engines.sadtalker import footage_child
def taken(film):
    for attempt in (lambda: open("/etc/hostname"), lambda: socket.socket(), lambda: __import__("os").fork()):
        try:
            attempt()
        except OSError:
            continue
        raise SystemExit(77)
    raise footage_child.Unreadable("nothing opened")
footage_child._give = taken
sys.argv[1:] = ["mp4", "60", "1920", "2073600"]
raise SystemExit(footage_child.main())
"""
    done = subprocess.run([sys.executable, "-c", code], input=film(2), capture_output=True, timeout=60, check=False)
    if b"seccomp" in done.stderr:
        pytest.skip("this system has no seccomp filters")
    assert (done.returncode, b"nothing opened" in done.stderr) == (EXIT_BROKEN, True)
