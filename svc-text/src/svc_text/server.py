"""The gRPC face of svc-text: protobuf in, protobuf out, the engines' dataclasses in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc.aio

from svc_text.connect import Connection
from svc_text.conversion import from_delta, from_embedded, from_page, to_chat, to_texts
from svc_text.desk import Desk
from svc_text.engine import Chat as EngineChat
from svc_text.inbox import received
from troupe.v1 import engine_pb2, text_pb2, text_pb2_grpc
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EmptyText
from troupe.wire.interceptors import RpcMetrics
from troupe.wire.progress import Progress, with_ticks

Context = grpc.aio.ServicerContext[Any, Any]


class TextServicer(text_pb2_grpc.TextServicer):
    """troupe.v1.Text over the engines at the desk."""

    def __init__(self, desk: Desk, longest_s: float, metrics: RpcMetrics) -> None:
        self._desk = desk
        self._longest_s = longest_s
        self._metrics = metrics  # of chats that come over `Connect`; the interceptor counts the others

    async def Chat(self, request: text_pb2.ChatRequest, context: Context) -> AsyncIterator[text_pb2.ChatDelta]:
        """Answer one chat."""
        name, engine = self._desk.engine(request.engine)
        chat = to_chat(request, engine.facts)
        deadline = Deadline.of_call(context, self._longest_s)
        async for message in self._ticking(name, chat, deadline):
            yield message

    async def Complete(self, request: text_pb2.CompleteRequest, context: Context) -> AsyncIterator[text_pb2.ChatDelta]:
        """Complete a prompt: a chat of one user turn for engines that have no raw completion."""
        if not request.prompt:
            raise EmptyText("The prompt is empty. Send some text.")
        asked = text_pb2.ChatRequest(engine=request.engine, model=request.model, sampling=request.sampling)
        asked.messages.add(role=text_pb2.ROLE_USER).content.add(text=request.prompt)
        async for message in self.Chat(asked, context):
            yield message

    async def _ticking(self, name: str, chat: EngineChat, deadline: Deadline) -> AsyncIterator[text_pb2.ChatDelta]:
        progress = Progress()
        deltas = self._deltas(name, chat, progress)
        async with deadline.scope("generating text"):
            async for message in with_ticks(deltas, progress, lambda tick: text_pb2.ChatDelta(tick=tick)):
                yield message

    async def _deltas(self, name: str, chat: EngineChat, progress: Progress) -> AsyncIterator[text_pb2.ChatDelta]:
        model = self._desk.engines[name].facts.model
        async for delta in self._desk.chat(name, chat, progress):
            yield from_delta(delta, model)
            model = ""

    async def Connect(
        self,
        request_iterator: AsyncIterator[text_pb2.ClientFrame],
        context: Context,
    ) -> AsyncIterator[text_pb2.ServerFrame]:
        """All chats of one gateway worker on one stream."""
        connection = Connection(self._desk, self._longest_s, self._metrics)
        async with aclosing(connection.frames(request_iterator)) as frames:  # type: ignore[type-var]  # a generator
            async for frame in frames:
                yield frame

    async def CountTokens(
        self,
        request: text_pb2.CountTokensRequest,
        context: Context,
    ) -> text_pb2.CountTokensResponse:
        """Tokens of a chat's prompt."""
        _, engine = self._desk.engine(request.request.engine)
        return text_pb2.CountTokensResponse(tokens=await engine.count(to_chat(request.request, engine.facts)))

    async def ListModels(
        self,
        request: text_pb2.ListModelsRequest,
        context: Context,
    ) -> text_pb2.ListModelsResponse:
        """The models that chats may name."""
        models = [
            text_pb2.Model(id=model, engine=name, max_tokens=engine.facts.max_output_tokens)
            for name, engine in self._desk.engines.items()
            for model in engine.facts.models or (engine.facts.model,)
        ]
        return text_pb2.ListModelsResponse(models=models)

    async def Embed(self, request: text_pb2.EmbedRequest, context: Context) -> text_pb2.EmbedResponse:
        """Texts as vectors."""
        async with Deadline.of_call(context, self._longest_s).scope("embedding"):
            return from_embedded(await self._desk.embed(request.engine, to_texts(request), request.dimensions))

    async def Extract(
        self,
        request_iterator: AsyncIterator[text_pb2.ExtractInput],
        context: Context,
    ) -> text_pb2.ExtractResponse:
        """The bytes of a page -> its main text and what it says of itself."""
        async with Deadline.of_call(context, self._longest_s).scope("reading a page"):
            engine, source = await received(request_iterator)
            return from_page(await self._desk.extract(engine, source))

    async def Describe(self, request: engine_pb2.DescribeRequest, context: Context) -> engine_pb2.DescribeResponse:
        """What this service has."""
        return self._desk.describe()
