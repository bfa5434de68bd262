"""troupe.v1.Video at the door."""

# methods bear the names of RPCs
from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from gateway.door.describe import description
from gateway.door.relay import (
    ASK_S,
    Context,
    Errand,
    Guest,
    ask,
    ask_with_stream,
    first_settings,
    for_rung,
    messages_of,
    relay,
    ticking,
)
from gateway.house import House
from gateway.routing.capability import OFFLINE_RENDER
from gateway.routing.need import Modality, Need
from gateway.routing.replay import Replay
from gateway.routing.rung import Rung
from gateway.scenes.captions import Wording
from gateway.scenes.engine_settings import check_engine_settings
from gateway.scenes.footage import Footage, has_film, sound_bytes, speech_from
from gateway.scenes.handover import Handover
from gateway.scenes.portraits import PREPARE_S
from troupe.v1.engine_pb2 import (
    TASK_IMAGE_TO_VIDEO,
    TASK_TALKING_HEAD,
    TASK_TEXT_TO_VIDEO,
    DescribeRequest,
    DescribeResponse,
)
from troupe.v1.media_pb2 import CONTAINER_WEBM, MediaChunk
from troupe.v1.video_pb2 import (
    AnimateInput,
    AnimateSettings,
    DeletePortraitRequest,
    DeletePortraitResponse,
    GenerateChunk,
    GenerateRequest,
    ListPortraitsRequest,
    ListPortraitsResponse,
    PreparePortraitInput,
    PreparePortraitResponse,
)
from troupe.v1.video_pb2_grpc import VideoServicer


class VideoDoor(VideoServicer):
    """Talking heads, by the video chain."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def Animate(  # the RPC's name
        self, request_iterator: AsyncIterator[AnimateInput], context: Context
    ) -> AsyncIterator[MediaChunk]:
        """Speech that may still be coming -> a talking head."""
        guest = Guest(self._house, context, self._house.settings.video_timeout_s, "video")
        first = await first_settings(request_iterator, "settings")
        check_engine_settings(first.settings)
        film = self._animated(guest, first.settings, request_iterator)
        async for chunk in ticking(film, lambda tick: MediaChunk(tick=tick)):
            yield chunk

    async def Generate(
        self, request: GenerateRequest, context: Context
    ) -> AsyncIterator[GenerateChunk]:  # the RPC's name
        """A prompt (and pictures) -> a film."""
        guest = Guest(self._house, context, self._house.settings.video_timeout_s, "video")
        task = TASK_IMAGE_TO_VIDEO if request.first_frame or request.subject else TASK_TEXT_TO_VIDEO
        need = guest.need(Modality.VIDEO, request.engine, task=task)
        errand = Errand(self._house, need, "Generate", guest, commits=lambda chunk: bool(chunk.HasField("chunk")))
        source = relay(errand, request)
        async for chunk in ticking(source, lambda tick: GenerateChunk(tick=tick)):
            yield chunk

    async def PreparePortrait(  # the RPC's name
        self, request_iterator: AsyncIterator[PreparePortraitInput], context: Context
    ) -> PreparePortraitResponse:
        """Find and keep the face of a picture."""
        guest = Guest(self._house, context, PREPARE_S, "video")
        first = await first_settings(request_iterator, "settings")
        need = guest.need(Modality.VIDEO, first.settings.engine, task=TASK_TALKING_HEAD)
        answer: PreparePortraitResponse = await ask_with_stream(
            Errand(self._house, need, "PreparePortrait", guest, part="settings"), first, request_iterator
        )
        return answer

    async def ListPortraits(
        self, request: ListPortraitsRequest, context: Context
    ) -> ListPortraitsResponse:  # the RPC's name
        """The avatars and the caller's own portraits."""
        guest = Guest(self._house, context, ASK_S)
        answer: ListPortraitsResponse = await ask(
            Errand(self._house, guest.need(Modality.VIDEO), "ListPortraits", guest, hedged=True), request
        )
        return answer

    async def DeletePortrait(
        self, request: DeletePortraitRequest, context: Context
    ) -> DeletePortraitResponse:  # the RPC's name
        """Forget a portrait."""
        guest = Guest(self._house, context, ASK_S, "video")
        answer: DeletePortraitResponse = await ask(
            Errand(self._house, guest.need(Modality.VIDEO), "DeletePortrait", guest), request
        )
        return answer

    async def Describe(self, _request: DescribeRequest, context: Context) -> DescribeResponse:  # the RPC's name
        """The rungs of the video chain."""
        Guest(self._house, context, ASK_S)
        return description(self._house, Modality.VIDEO)

    async def _animated(
        self, guest: Guest, settings: AnimateSettings, rest: AsyncIterator[AnimateInput]
    ) -> AsyncGenerator[MediaChunk]:
        pictures: list[AnimateInput] = []
        wording = Wording(kept=settings.framing.captions)
        noted = wording.noted(_noting_pictures(rest, pictures))
        replay = Replay(noted, lambda item: int(item.ByteSize()), sound_bytes)
        footage = Footage.of(settings, Handover(Modality.VIDEO), replay)

        async def inputs(rung: Rung) -> AsyncGenerator[AnimateInput]:
            asked = for_rung(settings, guest, rung)
            footage.asked(rung, asked)
            yield AnimateInput(settings=asked)
            resumed = asked.start_ms > settings.start_ms
            for picture in pictures if resumed else ():
                yield picture
            for words in wording.again(asked.start_ms - settings.start_ms):
                yield words
            async with aclosing(
                speech_from(replay, settings.start_ms - settings.lead_ms, asked.start_ms, asked.lead_ms)
            ) as items:
                async for item in items:
                    if item.WhichOneof("input") != "picture" or not resumed:
                        yield item

        errand = Errand(
            self._house, self._need(guest, settings), "Animate", guest, commits=has_film, key=settings.portrait_id
        )
        try:
            async with aclosing(messages_of(errand, errand.call(inputs, replay, footage))) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            await replay.aclose()

    def _need(self, guest: Guest, settings: AnimateSettings) -> Need:
        named = guest.rungs(Modality.VIDEO, settings.engine)
        return guest.need(
            Modality.VIDEO,
            settings.engine,
            task=TASK_TALKING_HEAD,
            format="webm" if settings.container == CONTAINER_WEBM else "mp4",
            width=settings.width,
            height=settings.height,
            without=frozenset() if named else frozenset({OFFLINE_RENDER}),  # who names it will wait for it
        )


async def _noting_pictures(
    messages: AsyncIterator[AnimateInput], pictures: list[AnimateInput]
) -> AsyncGenerator[AnimateInput]:
    """The same messages; pieces of the picture are kept for a film that goes on elsewhere."""
    async for message in messages:
        if message.WhichOneof("input") == "picture":
            pictures.append(message)
        yield message
