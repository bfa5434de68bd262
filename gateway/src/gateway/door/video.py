"""troupe.v1.Video at the door."""

# methods bear the names of RPCs
from __future__ import annotations

from collections.abc import AsyncIterator

from gateway.door.describe import description
from gateway.door.relay import (
    ASK_S,
    Context,
    Errand,
    Guest,
    ask,
    ask_with_stream,
    first_settings,
    relay,
    relay_stream,
    ticking,
)
from gateway.house import House
from gateway.routing.need import Modality, Need
from gateway.scenes.portraits import PREPARE_S
from gateway.scenes.wishes import names_in
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
        need = self._need(first.settings)
        errand = Errand(self._house, need, "Animate", guest, part="settings", commits=_has_data)
        source = relay_stream(errand, first, request_iterator)
        async for chunk in ticking(source, lambda tick: MediaChunk(tick=tick)):
            yield chunk

    async def Generate(
        self, request: GenerateRequest, context: Context
    ) -> AsyncIterator[GenerateChunk]:  # the RPC's name
        """A prompt (and pictures) -> a film."""
        guest = Guest(self._house, context, self._house.settings.video_timeout_s, "video")
        task = TASK_IMAGE_TO_VIDEO if request.first_frame or request.subject else TASK_TEXT_TO_VIDEO
        need = Need(Modality.VIDEO, task=task, rungs=names_in(request.engine))
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
        need = Need(Modality.VIDEO, task=TASK_TALKING_HEAD, rungs=names_in(first.settings.engine))
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
            Errand(self._house, Need(Modality.VIDEO), "ListPortraits", guest), request
        )
        return answer

    async def DeletePortrait(
        self, request: DeletePortraitRequest, context: Context
    ) -> DeletePortraitResponse:  # the RPC's name
        """Forget a portrait."""
        guest = Guest(self._house, context, ASK_S, "video")
        answer: DeletePortraitResponse = await ask(
            Errand(self._house, Need(Modality.VIDEO), "DeletePortrait", guest), request
        )
        return answer

    async def Describe(self, _request: DescribeRequest, context: Context) -> DescribeResponse:  # the RPC's name
        """The rungs of the video chain."""
        Guest(self._house, context, ASK_S)
        return description(self._house, Modality.VIDEO)

    def _need(self, settings: AnimateSettings) -> Need:
        return Need(
            Modality.VIDEO,
            task=TASK_TALKING_HEAD,
            rungs=names_in(settings.engine),
            format="webm" if settings.container == CONTAINER_WEBM else "mp4",
            width=settings.width,
            height=settings.height,
            commercial_only=self._house.settings.commercial_only,
        )


def _has_data(chunk: MediaChunk) -> bool:
    return bool(chunk.data)
