"""The gRPC face of svc-video: protobuf in, protobuf out, the engines' dataclasses in between."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import grpc.aio
from PIL import Image

from svc_video import conversion
from svc_video.captions import Captions
from svc_video.conversion import Order
from svc_video.desk import Desk, first_frame
from svc_video.engine import Job, Prepared, VideoEngine
from svc_video.faces.picture import MAX_BYTES, decode
from svc_video.film import Film, to_rgb
from svc_video.fonts import FontBook
from svc_video.framing import MAX_SIDE, Background
from svc_video.intake import Intake
from svc_video.metrics import FilmMetrics
from svc_video.portraits.gallery import portrait_options
from svc_video.settings import Settings
from svc_video.speech import Speech
from svc_video.take import Take
from troupe.v1 import engine_pb2, media_pb2, video_pb2, video_pb2_grpc
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EngineFailed, InvalidArgument, NotSupported
from troupe.wire.progress import Progress, in_thread, with_ticks
from troupe.wire.traces import step

Context = grpc.aio.ServicerContext[Any, Any]
UNARY_S = 60.0  # for preparing, listing, deleting
MAX_NAME = 200  # characters
PREVIEW_SIDE = 256  # pixels


class VideoServicer(video_pb2_grpc.VideoServicer):
    """troupe.v1.Video over the engines at the desk."""

    def __init__(self, desk: Desk, settings: Settings, metrics: FilmMetrics) -> None:
        self._desk = desk
        self._settings = settings
        self._metrics = metrics
        self._fonts = FontBook()

    async def Animate(
        self, request_iterator: AsyncIterator[video_pb2.AnimateInput], context: Context
    ) -> AsyncIterator[media_pb2.MediaChunk]:
        """Make one film."""
        progress = Progress()
        deadline = Deadline.of_call(context, self._settings.request_s)
        film = self._film(Intake(request_iterator, progress), progress)
        async with deadline.scope("making the film"):
            async for message in with_ticks(film, progress, lambda tick: media_pb2.MediaChunk(tick=tick)):
                yield message

    async def _film(self, intake: Intake, progress: Progress) -> AsyncGenerator[media_pb2.MediaChunk, None]:
        settings = await intake.settings()
        name, engine = self._desk.engine(settings.engine)
        max_ms = round(self._settings.max_film_s * 1000)
        order = conversion.to_order(settings, name, self._settings.containers, max_ms)
        speech = Speech(
            start_ms=order.start_ms,
            lead_ms=order.lead_ms,
            has_cues=order.has_cues,
            patience_s=self._settings.speech_wait_s,
            max_ms=max_ms,
            waiting=progress.waiting,
        )
        with self._desk.serving(name), step("engine", troupe_engine=name):
            portrait = await self._portrait(order, engine, intake, progress)
            film = replace(order.film, width=portrait.width, height=portrait.height, encoder=self._settings.encoder)
            job = Job(portrait, film.rate, order.seed, order.expression, order.options, progress.beat)
            captions = Captions(speech, portrait.width, portrait.height, self._fonts) if order.captions else None
            take = await asyncio.to_thread(Take, engine, job, film, speech, progress, captions=captions)
            async with intake.feeding(speech), aclosing(self._segments(name, take)) as chunks:
                worn = conversion.expression_notes(order.expression, engine.facts.expressions)
                notes = [*portrait.notes, *worn, *_framing_notes(order, engine), *_pace_notes(film, engine)]
                if captions:
                    notes += await in_thread(captions.notes, progress, "waiting for the first words")
                yield conversion.header(order.engine, film, take.mime_type, notes)
                async for chunk in chunks:
                    yield chunk
            yield media_pb2.MediaChunk(end_of_stream=True)

    async def _segments(self, name: str, take: Take) -> AsyncGenerator[media_pb2.MediaChunk, None]:
        try:
            async with aclosing(take.segments()) as segments:
                async for segment in self._metrics.watch(name, segments, take.drawn):
                    for chunk in conversion.chunks(segment):
                        yield chunk
        except EngineFailed as error:
            self._desk.broke(name, error)
            raise

    async def _portrait(self, order: Order, engine: VideoEngine, intake: Intake, progress: Progress) -> Prepared:
        """The face to animate: a stored one, or the picture that follows the settings."""
        content = b"" if order.portrait_id else await intake.picture(MAX_BYTES)
        stage = "preparing the portrait"
        with progress.waiting(stage) if engine.facts.apart else nullcontext():
            return await in_thread(partial(self._framed, order, engine, content), progress, stage)

    def _framed(self, order: Order, engine: VideoEngine, content: bytes) -> Prepared:
        gallery, framing = self._desk.gallery, order.framing
        if order.background_id:
            framing = replace(framing, background=gallery.background(order.owner, order.background_id))
        elif order.background_image:
            key = hashlib.sha256(order.background_image).hexdigest()[:32]
            behind = Background("image", key=key, picture=partial(decode, order.background_image))
            framing = replace(framing, background=behind)
        if order.portrait_id:
            portrait = order.owner, order.portrait_id
            return gallery.prepared(order.engine, engine, *portrait, order.size, framing=framing, options=order.options)
        picture = decode(content)
        size = framing.size(*order.size, (picture.shape[1], picture.shape[0]))
        return engine.prepare(picture, *size, framing=framing, options=portrait_options(engine, order.options))

    async def Generate(
        self, request: video_pb2.GenerateRequest, context: Context
    ) -> AsyncIterator[video_pb2.GenerateChunk]:
        """No engine here makes video from text."""
        engines = ", ".join(self._desk.engines)
        raise NotSupported(
            f"No engine of this service makes video from text or pictures: {engines} animate portraits. "
            "The rung minimax can."
        )
        yield video_pb2.GenerateChunk()  # makes this a stream, as the RPC is

    async def PreparePortrait(
        self, request_iterator: AsyncIterator[video_pb2.PreparePortraitInput], context: Context
    ) -> video_pb2.PreparePortraitResponse:
        """Check a picture, store it, and show how it will be framed."""
        async with Deadline.of_call(context, UNARY_S).scope("preparing the portrait"):
            intake = Intake(request_iterator, Progress())
            return await self._prepare(intake)

    async def _prepare(self, intake: Intake) -> video_pb2.PreparePortraitResponse:
        settings = await intake.settings()
        _, engine = self._desk.engine(settings.engine)
        if len(settings.name) > MAX_NAME:
            raise InvalidArgument(f"The name has {len(settings.name)} characters; at most {MAX_NAME} are allowed.")
        content = await intake.picture(MAX_BYTES)
        return await asyncio.to_thread(self._store, settings, engine, content)

    def _store(
        self, settings: video_pb2.PreparePortraitSettings, engine: VideoEngine, content: bytes
    ) -> video_pb2.PreparePortraitResponse:
        picture = decode(content)
        prepared = engine.prepare(picture, PREVIEW_SIDE, PREVIEW_SIDE)
        preview = io.BytesIO()
        Image.fromarray(to_rgb(first_frame(engine, prepared))).save(preview, "PNG")
        facts = self._desk.gallery.store.add(
            settings.principal.key_id, picture, settings.name, prepared.notes, keep=settings.keep
        )
        return video_pb2.PreparePortraitResponse(portrait=conversion.from_facts(facts), preview_png=preview.getvalue())

    async def ListPortraits(
        self, request: video_pb2.ListPortraitsRequest, context: Context
    ) -> video_pb2.ListPortraitsResponse:
        """The avatars, then the caller's own portraits, the newest first."""
        gallery = self._desk.gallery
        async with Deadline.of_call(context, UNARY_S).scope("listing portraits"):
            owned = await asyncio.to_thread(gallery.store.owned, request.principal.key_id)
        portraits = [conversion.from_avatar(avatar) for avatar in gallery.avatars.values()]
        portraits += [conversion.from_facts(facts) for facts in owned]
        return video_pb2.ListPortraitsResponse(portraits=portraits)

    async def DeletePortrait(
        self, request: video_pb2.DeletePortraitRequest, context: Context
    ) -> video_pb2.DeletePortraitResponse:
        """Delete one of the caller's portraits."""
        gallery = self._desk.gallery
        if request.portrait_id in gallery.avatars:
            raise InvalidArgument(f"{request.portrait_id} is an avatar of the house: it cannot be deleted.")
        async with Deadline.of_call(context, UNARY_S).scope("deleting a portrait"):
            await asyncio.to_thread(gallery.delete, request.principal.key_id, request.portrait_id)
        return video_pb2.DeletePortraitResponse()

    async def Describe(self, request: engine_pb2.DescribeRequest, context: Context) -> engine_pb2.DescribeResponse:
        """What this service has."""
        limits = engine_pb2.Limits(
            max_duration_ms=round(self._settings.max_film_s * 1000),
            max_width=MAX_SIDE,
            max_height=MAX_SIDE,
            max_concurrency=self._desk.max_streams,
        )
        infos = [
            conversion.describe(
                name,
                engine.facts,
                self._desk.board.status(name),
                outstanding=self._desk.outstanding[name],
                containers=self._settings.containers,
                limits=limits,
            )
            for name, engine in self._desk.engines.items()
        ]
        version = importlib.metadata.version("troupe-svc-video")
        return engine_pb2.DescribeResponse(service="svc-video", version=version, engines=infos)


def _framing_notes(order: Order, engine: VideoEngine) -> list[str]:
    kept = order.framing.background.kind == "keep" or "background" in engine.facts.features
    return [] if kept else [f"the engine {order.engine} keeps the background as it is"]


def _pace_notes(film: Film, engine: VideoEngine) -> list[str]:
    own = engine.facts.frame_rate
    shown = f"the engine draws {own} frames per second; at {float(film.rate):g} the nearest one is shown"
    return [*engine.facts.notes, *([shown] if own and film.rate != own else [])]
