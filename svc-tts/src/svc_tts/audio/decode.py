"""Sound files of strangers -> PCM s16le mono 24 kHz, decoded in a process of its own with bounded everything.

What is bounded is the decoded length, not the bytes: 17 MB of FLAC hold a day of silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator

from svc_tts.audio.decode_child import EXIT_TOO_LONG
from troupe.wire.errors import DeadlineExceeded, MediaTooLarge, UnsupportedMedia
from troupe.wire.media import SAMPLE_RATE
from troupe.wire.pulse import BEAT_S, Pulse
from troupe.wire.sandbox import complaint, environment

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_DURATION_S = 600.0
_HUNG_S = 5.0  # a decoder that uses no processor time for so long hangs; how much it may use is an rlimit
_STEP = 64 * 1024  # bytes read at a time
_KINDS = "wav, mp3, flac, ogg (opus, vorbis), m4a, aac, webm"


def format_of(head: bytes) -> str:
    """Ffmpeg's name of the format that the first bytes show; raises `UnsupportedMedia`."""
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return "wav"
    for magic, name in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3", "mp3"), (b"\x1aE\xdf\xa3", "matroska")):
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return "mp4"
    if len(head) > 1 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "aac"
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
            return "mp3"
    raise UnsupportedMedia(f"This is no sound file that is read here. Send one of: {_KINDS}.", allowed=_KINDS)


async def decode(data: bytes, max_duration_s: float = 0.0) -> AsyncGenerator[bytes, None]:
    """The sound in pieces of PCM s16le mono 24 kHz, empty ones while the decoder works.

    Raises `UnsupportedMedia`, `MediaTooLarge`, `DeadlineExceeded`.
    """
    form = format_of(data[:16])
    limit_s = min(max_duration_s or MAX_DURATION_S, MAX_DURATION_S)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "svc_tts.audio.decode_child", form, str(SAMPLE_RATE), str(limit_s)),
        env=environment(),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        start_new_session=True,  # Ctrl-C drains the service first
    )
    feeding = asyncio.create_task(_feed(process, data))
    try:
        async for piece in _pieces(process):
            yield piece
        await feeding
        _judge(await process.wait(), await _complaint(process), limit_s)
    finally:
        await _end(process, feeding)


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  # always a pipe here
    with contextlib.suppress(OSError):  # it may end before it has read all: its status says why
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _pieces(process: asyncio.subprocess.Process) -> AsyncGenerator[bytes, None]:
    assert process.stdout is not None  # noqa: S101  # always a pipe here
    pulse, moved_at = Pulse(process.pid), time.monotonic()
    while True:
        try:
            async with asyncio.timeout(BEAT_S):
                piece = await process.stdout.readexactly(_STEP)
        except TimeoutError:
            if not pulse.beats():
                if time.monotonic() > moved_at + _HUNG_S:
                    raise DeadlineExceeded("The decoder did nothing for too long. Send another file.") from None
                continue
            piece = b""
        except asyncio.IncompleteReadError as error:
            yield error.partial
            return
        moved_at = time.monotonic()
        yield piece


async def _complaint(process: asyncio.subprocess.Process) -> str:
    """Why it failed, as it says itself; what its sandbox lacks goes to the log."""
    assert process.stderr is not None  # noqa: S101  # always a pipe here
    return complaint(await process.stderr.read(_STEP))


def _judge(status: int, why: str, limit_s: float) -> None:
    if status == EXIT_TOO_LONG:
        message = f"The file has more than {limit_s:g} s of sound; that is the most allowed here."
        raise MediaTooLarge(message, max_duration_s=limit_s)
    if status:
        raise UnsupportedMedia(f"The file cannot be decoded ({why}). Send one of: {_KINDS}.", allowed=_KINDS)


async def _end(process: asyncio.subprocess.Process, feeding: asyncio.Task[None]) -> None:
    feeding.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await feeding
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.communicate()
