"""troupe.v1.Text at the door."""

# methods bear the names of RPCs
from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from gateway.door.describe import description
from gateway.door.relay import ASK_S, Context, Errand, Guest, ask, ask_with_stream, first_settings, relay, ticking
from gateway.house import House
from gateway.routing.need import Modality
from gateway.routing.priority import Priority
from gateway.scenes.text import ChatOrder, chat, has_content
from troupe.v1.engine_pb2 import (
    TASK_CHAT,
    TASK_COUNT_TOKENS,
    TASK_EMBED,
    TASK_EXTRACT,
    DescribeRequest,
    DescribeResponse,
)
from troupe.v1.text_pb2 import (
    ChatDelta,
    ChatRequest,
    ClientFrame,
    CompleteRequest,
    CountTokensRequest,
    CountTokensResponse,
    EmbedRequest,
    EmbedResponse,
    ExtractInput,
    ExtractResponse,
    ListModelsRequest,
    ListModelsResponse,
    ServerFrame,
)
from troupe.v1.text_pb2_grpc import TextServicer
from troupe.wire.errors import NotSupported


class TextDoor(TextServicer):
    """Chats, by the text chain."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def Chat(self, request: ChatRequest, context: Context) -> AsyncIterator[ChatDelta]:  # the RPC's name
        """One chat."""
        guest = self._guest(context)
        async for delta in ticking(self._written(request, guest), lambda tick: ChatDelta(tick=tick)):
            yield delta

    async def Complete(self, request: CompleteRequest, context: Context) -> AsyncIterator[ChatDelta]:  # the RPC's name
        """Text that goes on from a prompt."""
        guest = self._guest(context)
        need = guest.need(Modality.TEXT, request.engine, task=TASK_CHAT)
        source = relay(Errand(self._house, need, "Complete", guest, commits=has_content), request)
        async for delta in ticking(source, lambda tick: ChatDelta(tick=tick)):
            yield delta

    async def Connect(  # the RPC's name
        self, request_iterator: AsyncIterator[ClientFrame], context: Context
    ) -> AsyncIterator[ServerFrame]:
        """Not at the door: it multiplexes the chats of one gateway, each of which has a chain and a key of its own."""
        self._guest(context)
        raise NotSupported(
            "Connect is spoken inside the mesh only. Call Chat; calls on one channel share a connection."
        )
        yield ServerFrame()  # makes this a stream, as the RPC is one

    async def Embed(self, request: EmbedRequest, context: Context) -> EmbedResponse:  # the RPC's name
        """Embeddings."""
        guest = self._guest(context, ASK_S)
        need = guest.need(Modality.TEXT, request.engine, task=TASK_EMBED)
        answer: EmbedResponse = await ask(Errand(self._house, need, "Embed", guest, hedged=True), request)
        return answer

    async def CountTokens(self, request: CountTokensRequest, context: Context) -> CountTokensResponse:  # the RPC's name
        """How many tokens a chat request has."""
        guest = self._guest(context, ASK_S)
        need = guest.need(Modality.TEXT, request.request.engine, task=TASK_COUNT_TOKENS)
        answer: CountTokensResponse = await ask(
            Errand(self._house, need, "CountTokens", guest, part="request", hedged=True), request
        )
        return answer

    async def ListModels(self, request: ListModelsRequest, context: Context) -> ListModelsResponse:  # the RPC's name
        """The models of the first text service that answers."""
        guest = self._guest(context, ASK_S)
        need = guest.need(Modality.TEXT)
        answer: ListModelsResponse = await ask(Errand(self._house, need, "ListModels", guest, hedged=True), request)
        return answer

    async def Extract(
        self, request_iterator: AsyncIterator[ExtractInput], context: Context
    ) -> ExtractResponse:  # the RPC's name
        """The main text of a page."""
        guest = self._guest(context, ASK_S)
        first = await first_settings(request_iterator, "settings")
        need = guest.need(Modality.TEXT, first.settings.engine, task=TASK_EXTRACT)
        answer: ExtractResponse = await ask_with_stream(
            Errand(self._house, need, "Extract", guest, part="settings"), first, request_iterator
        )
        return answer

    async def Describe(self, _request: DescribeRequest, context: Context) -> DescribeResponse:  # the RPC's name
        """The rungs of the text chain."""
        Guest(self._house, context, ASK_S)
        return description(self._house, Modality.TEXT)

    def _guest(self, context: Context, default_s: float = 0.0) -> Guest:
        return Guest(self._house, context, default_s or self._house.settings.chat_timeout_s, "text")

    async def _written(self, request: ChatRequest, guest: Guest) -> AsyncGenerator[ChatDelta]:
        asked = ChatRequest()
        asked.CopyFrom(request)
        asked.principal.CopyFrom(guest.principal)
        order = ChatOrder(
            asked,
            rungs=guest.rungs(Modality.TEXT, request.engine),
            local_only=guest.wishes.local_only,
            commercial_only=self._house.settings.commercial_only,
            priority=Priority.BATCH if request.priority else guest.wishes.priority,
        )
        served = await chat(self._house.chains[Modality.TEXT], order, guest.deadline, guest.request_id)
        try:
            async for delta in served:
                yield delta
        finally:
            await served.aclose()
