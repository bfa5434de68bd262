"""svc-video as a real process on a real socket: films that play from any prefix, refusals, and failures."""

from __future__ import annotations

import asyncio
import io
import itertools
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import av
import grpc
import grpc.aio
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from PIL import Image

from svc_video.portraits.avatars import shipped
from svc_video.provenance import AIGC_KEY, SOURCE_TYPE
from troupe.v1 import engine_pb2, media_pb2, video_pb2, video_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import (
    CannotConnect,
    EmptyText,
    EngineFailed,
    InvalidArgument,
    MediaTooLarge,
    NotSupported,
    Overloaded,
    TroupeError,
    UnknownEngine,
    UnknownPortrait,
    UnsupportedFormat,
    UnsupportedMedia,
)
from troupe.wire.media import PIECE_BYTES, SAMPLE_RATE
from troupe.wire.statuses import from_rpc_error

SMALL = {"width": 128, "height": 128}
AVATAR = next(iter(shipped()))
IDLE_S = 1.0  # 5x the promise of 200 ms
OURS, THEIRS = engine_pb2.Principal(key_id="ours"), engine_pb2.Principal(key_id="theirs")


@pytest.fixture(scope="module")
def service(start_service_once):
    return start_service_once("svc_video", TROUPE_VIDEO_ENGINES="still", TROUPE_VIDEO_MAX_STREAMS="3")


@pytest.fixture
async def stub(service) -> AsyncIterator[video_pb2_grpc.VideoStub]:
    async with open_channel(service.grpc) as channel:
        await serving(channel, "still")
        yield video_pb2_grpc.VideoStub(channel)


async def serving(channel: grpc.aio.Channel, engine: str) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(service=f"troupe.v1.Video/{engine}"), timeout=30)
    async for state in watch:
        if state.status == health_pb2.HealthCheckResponse.SERVING:
            break
    watch.cancel()


def still(**told) -> video_pb2.AnimateSettings:
    return video_pb2.AnimateSettings(**({"engine": "still", "portrait_id": AVATAR} | SMALL | told))


def hum(seconds: float, *, silent_until: float = 0.0) -> bytes:
    """A tone of 220 Hz."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (12_000 * np.sin(2 * np.pi * 220 * at) * (at >= silent_until)).astype("<i2").tobytes()


def speech(pcm: bytes, piece: int = 24_000) -> list[video_pb2.AnimateInput]:
    cut = [pcm[start : start + piece] for start in range(0, len(pcm), piece)]
    return [video_pb2.AnimateInput(speech=video_pb2.Speech24k(pcm=part)) for part in cut]


async def sent(settings, rest: Sequence, *, hang: bool = False) -> AsyncIterator:
    yield video_pb2.AnimateInput(settings=settings)
    for message in rest:
        yield message
    if hang:
        await asyncio.sleep(60)


@dataclass
class Film:
    """What a caller received."""

    header: media_pb2.MediaHeader = field(default_factory=media_pb2.MediaHeader)
    init: bytes = b""
    fragments: dict[int, bytes] = field(default_factory=dict)
    times: list[tuple[int, int]] = field(default_factory=list)
    ticks: int = 0
    ended: bool = False

    @property
    def data(self) -> bytes:
        return self.init + b"".join(self.fragments.values())


async def film(stub, settings, rest: Sequence, *, seconds: float = 30) -> Film:
    got = Film()
    async for chunk in stub.Animate(sent(settings, rest), timeout=seconds):
        assert len(chunk.data) <= PIECE_BYTES
        if chunk.HasField("header"):
            assert not got.init
            got.header = chunk.header
        elif chunk.kind == media_pb2.MEDIA_KIND_INIT:
            assert not got.fragments
            got.init += chunk.data
        elif chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT:
            got.fragments[chunk.sequence] = got.fragments.get(chunk.sequence, b"") + chunk.data
            if chunk.last_piece:
                got.times.append((chunk.start_ms, chunk.end_ms))
        got.ticks += chunk.HasField("tick")
        got.ended = got.ended or chunk.end_of_stream
    return got


async def ended(call) -> None:
    if hasattr(call, "__aiter__"):
        async for _ in call:
            pass
    else:
        await call


async def refusal(call) -> TroupeError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ended(call)
    return from_rpc_error(caught.value)


async def outstanding(stub) -> int:
    reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
    return sum(engine.outstanding for engine in reply.engines)


async def until_idle(stub) -> None:
    async with asyncio.timeout(IDLE_S):
        while await outstanding(stub):
            await asyncio.sleep(0.01)


def decoded(data: bytes) -> tuple[list[float], np.ndarray]:
    """Times of the pictures, and the sound."""
    with av.open(io.BytesIO(data)) as container:
        pictures = [float(frame.time) for frame in container.decode(video=0)]
    with av.open(io.BytesIO(data)) as container:
        sounds = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return pictures, np.concatenate(sounds)


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("container", "mime"), [("MP4", 'video/mp4; codecs="avc1.64'), ("WEBM", "video/webm; codecs=")]
)
async def test_a_film_plays_with_all_its_frames_and_sound(stub, container, mime) -> None:
    asked = still(container=getattr(media_pb2, f"CONTAINER_{container}"), content_id="c-7")
    got = await film(stub, asked, speech(hum(2.0)))
    assert got.header.mime_type.startswith(mime)
    assert (got.header.engine, got.header.width, got.header.fps) == ("still", 128, 25.0)
    assert got.ended
    assert got.ticks >= 1
    pictures, sound = decoded(got.data)
    assert len(pictures) == 50
    assert np.allclose(np.diff(pictures), 0.04, atol=0.002)
    rate = 24_000 if container == "MP4" else 48_000
    assert abs(len(sound) / rate - 2.0) <= 0.06  # whole packets of the sound codec


async def test_fragments_are_numbered_and_their_times_meet(stub) -> None:
    got = await film(stub, still(), speech(hum(2.0)))
    assert list(got.fragments) == list(range(1, len(got.fragments) + 1))
    assert got.times[0] == (0, 200)
    assert got.times[1] == (200, 600)
    assert got.times[-1][1] == 2000
    assert all(before[1] == after[0] for before, after in itertools.pairwise(got.times))


async def test_any_prefix_plays(stub) -> None:
    got = await film(stub, still(), speech(hum(1.5)))
    for count in range(1, len(got.fragments) + 1):
        prefix = got.init + b"".join(list(got.fragments.values())[:count])
        pictures, sound = decoded(prefix)
        assert len(pictures) == got.times[count - 1][1] // 40
        assert len(sound) / SAMPLE_RATE >= got.times[count - 1][1] / 1000


async def test_the_first_bytes_say_what_it_is(stub) -> None:
    for container in (media_pb2.CONTAINER_MP4, media_pb2.CONTAINER_WEBM):
        got = await film(stub, still(container=container, content_id="film-42"), speech(hum(0.4)))
        assert SOURCE_TYPE.encode() in got.init
        for told in (b'"Label":"1"', b'"ContentProducer":"Troupe/still"', b'"ProduceID":"film-42"'):
            assert told in got.init
        first = got.init + got.fragments[1]
        with av.open(io.BytesIO(first)) as opened:
            assert "film-42" in opened.metadata[AIGC_KEY]


async def test_a_resumed_film_goes_on_where_the_first_stopped(stub) -> None:
    pcm = hum(2.0)
    whole = await film(stub, still(), speech(pcm))
    cut = 3
    start_ms = whole.times[cut - 1][1]
    rest = await film(
        stub, still(start_ms=start_ms, first_sequence=cut + 1), speech(pcm[start_ms * SAMPLE_RATE // 1000 * 2 :])
    )
    assert rest.init == b""
    assert next(iter(rest.fragments)) == cut + 1
    assert rest.times[0][0] == start_ms
    joined = whole.init + b"".join(list(whole.fragments.values())[:cut]) + rest.data
    pictures, sound = decoded(joined)
    assert len(pictures) == 50
    assert np.allclose(np.diff(pictures), 0.04, atol=1e-6)
    _, original = decoded(whole.data)
    assert len(sound) == len(original)
    at = start_ms * SAMPLE_RATE // 1000
    seam = np.sqrt(np.mean(np.square(sound[at - 2400 : at + 4800])))
    assert seam == pytest.approx(np.sqrt(np.mean(np.square(original[at - 2400 : at + 4800]))), rel=0.05)


async def test_picture_and_sound_begin_together(stub) -> None:
    got = await film(stub, still(), speech(hum(1.2, silent_until=0.6)))
    with av.open(io.BytesIO(got.data)) as container:
        corners = [frame.to_ndarray(format="rgb24")[-4, 4:20].mean(axis=0) for frame in container.decode(video=0)]
    changes = [float(np.abs(corner - corners[0]).max()) for corner in corners]
    seen = int(np.argmax(np.array(changes) > 20)) * 0.04
    _, sound = decoded(got.data)
    heard = int(np.argmax(np.abs(sound) > 0.1)) / SAMPLE_RATE
    assert abs(seen - heard) <= 0.045  # one frame


async def test_fragments_come_while_speech_still_does(stub) -> None:
    gate = asyncio.Event()

    async def slowly() -> AsyncIterator:
        yield video_pb2.AnimateInput(settings=still())
        for message in speech(hum(1.0)):
            yield message
        await gate.wait()
        for message in speech(hum(0.6)):
            yield message

    ends = []
    async for chunk in stub.Animate(slowly(), timeout=20):
        if chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT and chunk.last_piece:
            ends.append(chunk.end_ms)
            gate.set()
    assert ends[-1] == 1600


async def test_a_client_that_leaves_frees_the_engine(stub) -> None:
    call = stub.Animate(
        sent(still(still=video_pb2.StillSettings(delay_ms_per_frame=20)), speech(hum(20.0))), timeout=30
    )
    async for chunk in call:
        if chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT:
            break
    assert await outstanding(stub) == 1
    call.cancel()
    await until_idle(stub)


async def test_two_films_at_once_and_one_too_many(stub) -> None:
    slow = still(still=video_pb2.StillSettings(delay_ms_per_frame=5))
    films = await asyncio.gather(*(film(stub, slow, speech(hum(1.0))) for _ in range(2)))
    assert films[0].data == films[1].data
    held = [stub.Animate(sent(still(), [], hang=True), timeout=30) for _ in range(3)]
    for call in held:
        async for chunk in call:
            if chunk.HasField("header"):
                break
    error = await refusal(stub.Animate(sent(still(), speech(hum(0.2))), timeout=5))
    assert isinstance(error, Overloaded)
    assert error.retry_after_s == 1
    for call in held:
        call.cancel()
    await until_idle(stub)


async def test_a_broken_engine_ends_in_a_typed_error_and_recovers(stub, service) -> None:
    broken = still(still=video_pb2.StillSettings(fail_after_frames=20))
    error = await refusal(stub.Animate(sent(broken, speech(hum(3.0))), timeout=10))
    assert isinstance(error, EngineFailed)
    assert "20 frames" in error.message
    async with open_channel(service.grpc) as channel:
        await serving(channel, "still")
    assert (await film(stub, still(), speech(hum(0.4)))).ended


@pytest.mark.parametrize(
    ("settings", "leaf", "says"),
    [
        ({"engine": "stil"}, UnknownEngine, "still"),
        ({"portrait_id": "p_AAAAAAAAAAAAAAAAAAAAAA"}, UnknownPortrait, "Avatars"),
        ({"portrait_id": "../../etc/passwd"}, UnknownPortrait, "Avatars"),
        ({"width": 130, "height": 131}, InvalidArgument, "even"),
        ({"width": 2000}, InvalidArgument, "1920"),
        ({"width": 1600, "height": 1600}, InvalidArgument, "1920 x 1080"),
        ({"framing": video_pb2.Framing(aspect="potrait")}, InvalidArgument, 'Did you mean "portrait"'),
        ({"framing": video_pb2.Framing(background="transparent")}, InvalidArgument, "green"),
        ({"framing": video_pb2.Framing(background_id="p_AAAAAAAAAAAAAAAAAAAAAA")}, UnknownPortrait, "Avatars"),
        ({"width": 32, "height": 32}, InvalidArgument, "64"),
        ({"fps": 200.0}, InvalidArgument, "60"),
        ({"fps": float("nan")}, InvalidArgument, "60"),
        ({"portrait": video_pb2.PortraitSettings(codec="av1")}, UnsupportedFormat, "vp9"),
        ({"start_ms": 4_000_000_000, "first_sequence": 9}, MediaTooLarge, "1800000"),
        ({"start_ms": 400, "first_sequence": 2**32 - 1}, InvalidArgument, "1000000"),
        ({"portrait": video_pb2.PortraitSettings(head_motion=float("nan"))}, InvalidArgument, "head_motion"),
        ({"portrait": video_pb2.PortraitSettings(blink_rate=-1.0)}, InvalidArgument, "blink_rate"),
        ({"start_ms": 400}, InvalidArgument, "first_sequence"),
        ({"first_sequence": 3}, InvalidArgument, "start_ms"),
    ],
)
async def test_what_cannot_be_made_is_refused(stub, settings, leaf, says) -> None:
    error = await refusal(stub.Animate(sent(still(**settings), speech(hum(0.2))), timeout=10))
    assert isinstance(error, leaf)
    assert says in error.message
    assert await outstanding(stub) == 0


async def test_speech_without_a_sample_is_an_error(stub) -> None:
    assert isinstance(await refusal(stub.Animate(sent(still(), []), timeout=10)), EmptyText)


async def test_input_out_of_order_is_an_error(stub) -> None:
    first_speech = stub.Animate(aiter_of(speech(hum(0.2))), timeout=10)
    assert isinstance(await refusal(first_speech), InvalidArgument)
    no_picture = stub.Animate(sent(still(portrait_id=""), speech(hum(0.2))), timeout=10)
    assert "portrait_id" in (await refusal(no_picture)).message
    late = [*speech(hum(0.2)), video_pb2.AnimateInput(picture=b"x")]
    assert isinstance(await refusal(stub.Animate(sent(still(), late), timeout=10)), InvalidArgument)


async def aiter_of(messages: Sequence) -> AsyncIterator:
    for message in messages:
        yield message


async def test_an_inline_picture_is_animated_and_not_stored(stub, service) -> None:
    content = png(np.full((200, 300, 3), (200, 30, 30), np.uint8))
    pieces = [video_pb2.AnimateInput(picture=content[:100]), video_pb2.AnimateInput(picture=content[100:])]
    got = await film(stub, still(portrait_id="", principal=OURS), [*pieces, *speech(hum(0.4))])
    with av.open(io.BytesIO(got.data)) as container:
        middle = next(container.decode(video=0)).to_ndarray(format="rgb24")[64, 64]
    assert np.allclose(middle, (200, 30, 30), atol=12)
    assert not [each for each in await listed(stub, OURS) if not each.avatar]
    error = await refusal(
        stub.Animate(sent(still(portrait_id=""), [video_pb2.AnimateInput(picture=b"no picture")]), timeout=10)
    )
    assert isinstance(error, UnsupportedMedia)


def worded(pcm: bytes, *words: str) -> video_pb2.AnimateInput:
    timings = [
        media_pb2.WordTiming(
            word=word, text_start=at * 9, text_end=at * 9 + 8, start_ms=at * 200, end_ms=at * 200 + 180
        )
        for at, word in enumerate(words)
    ]
    return video_pb2.AnimateInput(speech=video_pb2.Speech24k(pcm=pcm, words=timings))


def first_frame(got: Film) -> np.ndarray:
    with av.open(io.BytesIO(got.data)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)


async def test_the_frame_follows_the_aspect_and_the_picture(stub) -> None:
    content = [video_pb2.AnimateInput(picture=png(np.full((200, 300, 3), 90, np.uint8)))]
    for aspect, side, size in (
        ("portrait", 144, (144, 256)),
        ("landscape", 144, (144, 80)),
        ("original", 150, (150, 100)),
    ):
        asked = still(portrait_id="", width=side, height=0, framing=video_pb2.Framing(aspect=aspect))
        got = await film(stub, asked, [*content, *speech(hum(0.2))])
        assert (got.header.width, got.header.height) == size
        assert first_frame(got).shape[:2] == size[::-1]


async def test_captions_are_burned_in_whatever_the_engine(stub) -> None:
    asked = {"framing": video_pb2.Framing(captions=True), "width": 256, "height": 256}
    plain = first_frame(await film(stub, still(width=256, height=256), speech(hum(0.4))))
    got = await film(stub, still(**asked), [worded(hum(0.4), "Hello", "there")])
    assert list(got.header.notes) == []
    below, above = np.abs(first_frame(got) - plain)[190:240, 60:190], np.abs(first_frame(got) - plain)[:150]
    assert below.mean() > 10 * max(0.5, above.mean())
    wordless = await film(stub, still(**asked), speech(hum(0.4)))
    assert "captions" in wordless.header.notes[0]


async def test_a_background_an_engine_cannot_change_is_noted(stub) -> None:
    got = await film(stub, still(framing=video_pb2.Framing(background="#102030")), speech(hum(0.2)))
    assert list(got.header.notes) == ["the engine still keeps the background as it is"]


async def listed(stub, principal) -> list[video_pb2.Portrait]:
    reply = await stub.ListPortraits(video_pb2.ListPortraitsRequest(principal=principal), timeout=5)
    return list(reply.portraits)


async def prepared(stub, principal, **told) -> video_pb2.PreparePortraitResponse:
    settings = video_pb2.PreparePortraitSettings(engine="still", principal=principal, name="me", **told)
    content = png(np.full((200, 200, 3), 90, np.uint8))
    messages = [
        video_pb2.PreparePortraitInput(settings=settings),
        video_pb2.PreparePortraitInput(picture=content),
    ]
    return await stub.PreparePortrait(aiter_of(messages), timeout=10)


async def test_a_portrait_belongs_to_its_key(stub) -> None:
    reply = await prepared(stub, OURS)
    portrait_id = reply.portrait.portrait_id
    assert Image.open(io.BytesIO(reply.preview_png)).size == (256, 256)
    assert 29 * 86_400 < reply.portrait.expires_at_unix_s - reply.portrait.created_at_unix_s <= 30 * 86_400
    assert (await film(stub, still(portrait_id=portrait_id, principal=OURS), speech(hum(0.4)))).ended
    stolen = still(portrait_id=portrait_id, principal=THEIRS)
    assert isinstance(await refusal(stub.Animate(sent(stolen, speech(hum(0.4))), timeout=5)), UnknownPortrait)
    delete = video_pb2.DeletePortraitRequest(principal=THEIRS, portrait_id=portrait_id)
    assert isinstance(await refusal(stub.DeletePortrait(delete, timeout=5)), UnknownPortrait)
    assert portrait_id in {each.portrait_id for each in await listed(stub, OURS)}
    assert portrait_id not in {each.portrait_id for each in await listed(stub, THEIRS)}
    delete.principal.CopyFrom(OURS)
    await stub.DeletePortrait(delete, timeout=5)
    assert portrait_id not in {each.portrait_id for each in await listed(stub, OURS)}
    gone = still(portrait_id=portrait_id, principal=OURS)
    assert isinstance(await refusal(stub.Animate(sent(gone, speech(hum(0.4))), timeout=5)), UnknownPortrait)


async def test_avatars_come_first_and_stay(stub) -> None:
    await prepared(stub, OURS, keep=True)
    everything = await listed(stub, OURS)
    assert everything[0].avatar
    assert everything[-1].expires_at_unix_s == 0
    delete = video_pb2.DeletePortraitRequest(principal=OURS, portrait_id=everything[0].portrait_id)
    assert isinstance(await refusal(stub.DeletePortrait(delete, timeout=5)), InvalidArgument)


async def test_generate_is_not_done_here(stub) -> None:
    assert isinstance(await refusal(stub.Generate(video_pb2.GenerateRequest(prompt="a cat"), timeout=5)), NotSupported)


async def test_speech_that_never_comes_ends(start_service) -> None:
    service = start_service("svc_video", TROUPE_VIDEO_ENGINES="still", TROUPE_VIDEO_SPEECH_WAIT_S="0.5")
    async with open_channel(service.grpc) as channel:
        await serving(channel, "still")
        stub = video_pb2_grpc.VideoStub(channel)
        error = await refusal(stub.Animate(sent(still(), speech(hum(0.3)), hang=True), timeout=20))
        assert error.code == "deadline_exceeded"
        assert "No speech came" in error.message


async def test_a_killed_service_breaks_the_stream_at_once(start_service) -> None:
    service = start_service("svc_video", TROUPE_VIDEO_ENGINES="still")
    async with open_channel(service.grpc) as channel:
        await serving(channel, "still")
        stub = video_pb2_grpc.VideoStub(channel)
        slow = video_pb2.StillSettings(delay_ms_per_frame=20)
        asked = still(still=slow)
        call = stub.Animate(sent(asked, speech(hum(10.0))), timeout=20)
        async for chunk in call:
            if chunk.kind == media_pb2.MEDIA_KIND_FRAGMENT:
                break
        service.signal(signal.SIGKILL)
        async with asyncio.timeout(2):
            assert isinstance(await refusal(call), CannotConnect)


async def test_sigterm_lets_a_film_end(start_service) -> None:
    service = start_service("svc_video", TROUPE_VIDEO_ENGINES="still")
    async with open_channel(service.grpc) as channel:
        await serving(channel, "still")
        stub = video_pb2_grpc.VideoStub(channel)
        slow = video_pb2.StillSettings(delay_ms_per_frame=10)
        asked = still(still=slow)
        running = asyncio.create_task(film(stub, asked, speech(hum(2.0))))
        await asyncio.sleep(0.2)
        service.signal(signal.SIGTERM)
        got = await running
        assert got.ended
        assert got.times[-1][1] == 2000
    assert await asyncio.to_thread(service.popen.wait, 10) == 0


PLUG_IN = """
from pathlib import Path
from svc_video.engines.still import StillEngine
from troupe.wire.errors import EngineFailed

class Fragile(StillEngine):
    def check(self):
        if Path("broken").exists():
            raise EngineFailed("a cable is loose")
"""


async def test_a_broken_engine_says_why_and_the_process_lives(start_service, tmp_path) -> None:
    (tmp_path / "plug_in.py").write_text(PLUG_IN)
    name = "plug_in:Fragile"
    service = start_service("svc_video", TROUPE_VIDEO_ENGINES=f"{name},still", PYTHONPATH=str(tmp_path))
    async with open_channel(service.grpc) as channel:
        await serving(channel, name)
        stub, health = video_pb2_grpc.VideoStub(channel), health_pb2_grpc.HealthStub(channel)

        async def state(of: str) -> int:
            return (await health.Check(health_pb2.HealthCheckRequest(service=of), timeout=5)).status

        (tmp_path / "broken").touch()
        async with asyncio.timeout(5):  # the promise is one second
            while await state(f"troupe.v1.Video/{name}") == health_pb2.HealthCheckResponse.SERVING:
                await asyncio.sleep(0.02)
        reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
        assert reply.engines[0].state == engine_pb2.ENGINE_STATE_BROKEN
        assert "a cable is loose" in reply.engines[0].reason
        assert await state("live") == await state("") == health_pb2.HealthCheckResponse.SERVING
        error = await refusal(stub.Animate(sent(still(engine=name), speech(hum(0.2))), timeout=5))
        assert isinstance(error, EngineFailed)
        (tmp_path / "broken").unlink()
        await serving(channel, name)


async def test_a_portrait_speaks_by_its_cues(start_service) -> None:
    service = start_service("svc_video", TROUPE_VIDEO_ENGINES="portrait", PROVIDER_PORTRAIT_CODEC="vp9")
    async with open_channel(service.grpc) as channel:
        await serving(channel, "portrait")
        stub = video_pb2_grpc.VideoStub(channel)
        cues = [
            media_pb2.MouthCue(ipa=ipa, start_ms=number * 200, end_ms=number * 200 + 200)
            for number, ipa in enumerate("mama")
        ]
        said = video_pb2.Speech24k(pcm=hum(0.8), cues=cues, cues_complete_ms=800)
        calm = video_pb2.PortraitSettings(head_motion=0.0, blink_rate=0.0)
        asked = still(engine="portrait", has_cues=True, portrait=calm)
        got = await film(stub, asked, [video_pb2.AnimateInput(speech=said)])
        assert got.header.mime_type.startswith("video/webm")
        with av.open(io.BytesIO(got.data)) as container:
            frames = [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]
        assert len(frames) == 20
        opened = [int((np.abs(frame - frames[2]) > 40).sum()) for frame in frames]
        assert min(opened[6:9]) > 3 * max(1, *opened[11:14])  # the first a, the second m
        behind = video_pb2.Framing(background_image=png(np.full((80, 80, 3), (20, 40, 210), np.uint8)))
        sound = video_pb2.AnimateInput(speech=video_pb2.Speech24k(pcm=hum(0.2)))
        for framing, colour in ((behind, (20, 40, 210)), (video_pb2.Framing(background="green"), (0, 177, 64))):
            shown = first_frame(await film(stub, still(engine="portrait", framing=framing), [sound]))
            assert np.allclose(shown[:12, :12].mean(axis=(0, 1)), colour, atol=6)
        refused = still(engine="portrait", portrait_id="")
        blank = [video_pb2.AnimateInput(picture=png(np.full((200, 200, 3), 90, np.uint8)))]
        error = await refusal(stub.Animate(sent(refused, blank), timeout=10))
        assert error.code == "no_face"
