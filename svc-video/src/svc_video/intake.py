"""What comes in on one stream, in its order: the settings, the picture's pieces, then speech."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from svc_video.conversion import to_cues, to_words
from svc_video.speech import Speech
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import BodyTooLarge, InvalidArgument, TroupeError
from troupe.wire.progress import Progress
from troupe.wire.serving import background

SETTINGS_S = 10.0  # the first message must come within this
PICTURE_S = 60.0  # and the picture within this
HELD_MS = 60_000  # of speech beyond the picture; more is left with the caller
DRAIN_S = 0.5  # how long a refused caller may finish what it was saying


class Intake:
    """Reads one stream of `AnimateInput` or `PreparePortraitInput`."""

    def __init__(self, messages: AsyncIterator[Any], progress: Progress) -> None:
        self._messages = aiter(messages)
        self._progress = progress
        self._ahead: Any = None  # read while looking for the picture's end

    async def settings(self) -> Any:
        """The first message's settings; raises `InvalidArgument` when it is another one."""
        with self._progress.waiting("waiting for the settings"):
            async with Deadline.after(SETTINGS_S).scope("waiting for the settings"):
                first = await anext(self._messages, None)
        if first is None or first.WhichOneof("input") != "settings":
            raise InvalidArgument("The first message must hold the settings.")
        return first.settings

    async def picture(self, max_bytes: int) -> bytes:
        """The picture's bytes, up to the first message that is no piece of it."""
        content = bytearray()
        with self._progress.waiting("waiting for the picture"):
            async with Deadline.after(PICTURE_S).scope("waiting for the picture"):
                async for message in self._messages:
                    if message.WhichOneof("input") != "picture":
                        self._ahead = message
                        break
                    content += message.picture
                    if len(content) > max_bytes:
                        raise BodyTooLarge(f"The picture has more than {max_bytes} bytes. Send a smaller one.")
        if not content:
            raise InvalidArgument("No portrait: name a portrait_id in the settings, or send the picture after them.")
        return bytes(content)

    @asynccontextmanager
    async def feeding(self, speech: Speech) -> AsyncIterator[None]:
        """While the block runs, the speech that comes is fed to the film; its end or error too."""
        feeder = asyncio.create_task(self._feed(speech))
        async with background(feeder):
            try:
                yield
            except TroupeError:
                speech.stop()
                await asyncio.wait({feeder}, timeout=DRAIN_S)
                raise

    async def _feed(self, speech: Speech) -> None:
        loop, room = asyncio.get_running_loop(), asyncio.Event()
        speech.when_room(partial(_wake, loop, room))
        try:
            if self._ahead is not None:
                _take_in(self._ahead, speech)
            async for message in self._messages:
                _take_in(message, speech)
                while speech.held_ms > HELD_MS:
                    room.clear()
                    await room.wait()
        except TroupeError as error:
            speech.fail(error)
            async for _ in self._messages:
                pass
        else:
            speech.end()


def _take_in(message: Any, speech: Speech) -> None:
    kind = message.WhichOneof("input")
    if kind != "speech":
        raise InvalidArgument(f"After the portrait only speech may follow, not {kind or 'an empty message'}.")
    told = message.speech
    speech.feed(told.pcm, to_cues(told), told.cues_complete_ms, to_words(told))


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)
