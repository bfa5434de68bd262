import asyncio
import io

import av
import pytest

from gateway.providers.minimax.desk import Pace
from gateway.routing.need import Modality
from troupe.v1.media_pb2 import CONTAINER_WEBM, MEDIA_KIND_FRAGMENT, MEDIA_KIND_INIT
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, Framing, GenerateRequest, Speech24k
from troupe.wire.errors import (
    DeadlineExceeded,
    EmptyText,
    EngineFailed,
    InvalidArgument,
    MediaTooLarge,
    NotSupported,
    TextTooLong,
    UnsupportedFormat,
    UnsupportedMedia,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
V1, V2 = "/v1/video_generation", "/v2/video_generation"
SECOND = bytes(48_000)


def head(seconds=5, picture=PNG, **settings):
    yield AnimateInput(settings=AnimateSettings(engine="minimax", content_id="scn_1", **settings))
    if picture:
        yield AnimateInput(picture=picture)
    for _ in range(seconds):
        yield AnimateInput(speech=Speech24k(pcm=SECOND))


def film(chunks) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def seconds_of(data) -> float:
    with av.open(io.BytesIO(data)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    return frames / 5


async def test_a_talking_head_is_made_by_reference_picture_and_sound(cloud, ask):
    chunks = await ask(cloud.rung(Modality.VIDEO), *head(5), commits=lambda chunk: bool(chunk.data))
    header = chunks[0].header
    assert (header.engine, header.mime_type) == ("minimax", "video/mp4")
    assert header.width > 0
    kinds = [chunk.kind for chunk in chunks if chunk.data]
    assert kinds[0] == MEDIA_KIND_INIT
    assert kinds[-1] == MEDIA_KIND_FRAGMENT
    assert chunks[-1].end_of_stream
    assert chunks[-2].last_piece
    assert chunks[-2].end_ms == pytest.approx(5000, abs=50)
    assert seconds_of(film(chunks)) == 5
    assert b"trainedAlgorithmicMedia" in chunks[1].data
    assert b"scn_1" in chunks[1].data


async def test_what_it_leaves_of_the_framing_is_noted_and_the_shape_is_kept(cloud, ask):
    framing = Framing(aspect="portrait", background="#102030", captions=True)
    chunks = await ask(cloud.rung(Modality.VIDEO), *head(4, framing=framing), commits=lambda chunk: bool(chunk.data))
    assert chunks[0].header.notes[1:] == ["captions are not drawn by MiniMax", "MiniMax keeps the background as it is"]
    assert next(request.body for request in cloud.requests if request.path == V2)["ratio"] == "9:16"


async def test_the_order_of_a_talking_head(cloud, ask):
    await ask(cloud.rung(Modality.VIDEO), *head(1, width=768, height=432))
    body = next(request.body for request in cloud.requests if request.path == V2)
    assert [part["role"] for part in body["content"][1:]] == ["reference_image", "reference_audio"]
    assert body["model"] == "MiniMax-H3"
    assert (body["duration"], body["ratio"], body["resolution"]) == (4, "16:9", "480P")


async def test_ticks_come_while_it_is_made(cloud, call):
    rung = cloud.rung(Modality.VIDEO)
    rung.desk.pace = Pace(first_s=0.4, longest_s=0.4)
    stream = rung.open(call(Modality.VIDEO, *head(4)), rung.account.host, 20.0)
    ticks = [message.tick async for message in stream if message.HasField("tick")]
    assert len(ticks) >= 4
    assert [tick.sequence for tick in ticks] == list(range(1, len(ticks) + 1))
    assert {"queued by MiniMax"} <= {tick.stage for tick in ticks} <= {
        "waiting for MiniMax", "queued by MiniMax", "being prepared by MiniMax", "rendered by MiniMax",
        "fetched from MiniMax",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "leaf"),
    [
        (head(16), MediaTooLarge),
        (head(0), EmptyText),
        (head(1, picture=b""), NotSupported),
        (head(1, portrait_id="prt_own"), NotSupported),
        (head(1, first_sequence=3), NotSupported),
        (head(1, picture=b"GIF89a"), UnsupportedMedia),
        (head(1, container=CONTAINER_WEBM), UnsupportedFormat),
    ],
)
async def test_what_no_order_is_sent_for(cloud, ask, inputs, leaf):
    with pytest.raises(leaf):
        await ask(cloud.rung(Modality.VIDEO), *inputs)
    assert not cloud.requests


async def test_the_limit_of_a_clip_is_said(cloud, ask):
    with pytest.raises(MediaTooLarge, match="15 s"):
        await ask(cloud.rung(Modality.VIDEO), *head(16))


@pytest.mark.parametrize(
    ("request_", "model", "field"),
    [
        (GenerateRequest(prompt="a cat"), "T2V-01", "prompt"),
        (GenerateRequest(prompt="it jumps", first_frame=PNG), "I2V-01", "first_frame_image"),
        (GenerateRequest(prompt="she waves", subject=PNG), "S2V-01", "subject_reference"),
        (GenerateRequest(prompt="on", first_frame=PNG, last_frame=PNG), "MiniMax-Hailuo-02", "last_frame_image"),
        (GenerateRequest(prompt="a cat", model="MiniMax-Hailuo-2.3", duration_ms=7000), "MiniMax-Hailuo-2.3", "prompt"),
    ],
)
async def test_clips_of_the_first_generation(cloud, ask, request_, model, field):
    chunks = await ask(cloud.rung(Modality.VIDEO), request_, method="Generate", commits=lambda _m: True)
    body = next(request.body for request in cloud.requests if request.path == V1)
    assert body["model"] == model
    assert field in body
    assert {"queued by MiniMax", "fetched from MiniMax"} <= {chunk.progress.stage for chunk in chunks}
    data = b"".join(chunk.chunk.data for chunk in chunks)
    assert seconds_of(data) == (10 if request_.duration_ms else 6)


async def test_a_clip_with_sound_is_of_the_second_generation(cloud, ask):
    from gateway.providers.minimax.listening import wav

    request = GenerateRequest(prompt="she speaks", subject=PNG, reference_audio=wav(SECOND * 2))
    await ask(cloud.rung(Modality.VIDEO), request, method="Generate", commits=lambda _m: True)
    assert cloud.asked(f"POST {V2}") == 1


@pytest.mark.parametrize(
    ("request_", "leaf"),
    [
        (GenerateRequest(prompt="x" * 2001), TextTooLong),
        (GenerateRequest(), EmptyText),
        (GenerateRequest(prompt="x", duration_ms=60_000), InvalidArgument),
        (GenerateRequest(prompt="x", resolution="8K"), InvalidArgument),
        (GenerateRequest(prompt="x", model="T2V-01", reference_audio=b"RIFF"), InvalidArgument),
    ],
)
async def test_clips_that_cannot_be_made(cloud, ask, request_, leaf):
    with pytest.raises(leaf):
        await ask(cloud.rung(Modality.VIDEO), request_, method="Generate", commits=lambda _m: True)
    assert not cloud.requests


@pytest.mark.parametrize(("code", "leaf"), [(1027, InvalidArgument), (1000, EngineFailed)])
@pytest.mark.parametrize("generation", [V1, V2])
async def test_a_task_that_fails(cloud, ask, generation, code, leaf):
    cloud.fails(generation, end="Fail", base_resp=code)
    rung = cloud.rung(Modality.VIDEO)
    inputs, method = ([GenerateRequest(prompt="a cat")], "Generate") if generation == V1 else (head(4), "")
    with pytest.raises(leaf):
        await ask(rung, *inputs, method=method, commits=lambda _m: True)
    spent = rung.desk.purse.spend.spent("minimax")
    assert (spent == 0) is (leaf is InvalidArgument)


async def test_a_query_may_fail_now_and_then(cloud, ask):
    cloud.fails("/v2/query/*", base_resp=1000, times=3)
    assert await ask(cloud.rung(Modality.VIDEO), *head(4))


async def test_a_task_that_is_lost_is_no_fault_of_the_caller(cloud, ask):
    cloud.fails("/v2/query/*", base_resp=2013, times=0)
    with pytest.raises(EngineFailed):
        await ask(cloud.rung(Modality.VIDEO), *head(4))
    assert cloud.asked(f"POST {V2}") == 1


async def test_a_task_that_never_ends_is_bounded(cloud, ask):
    cloud.fails(V2, states=["stuck"])
    with pytest.raises(DeadlineExceeded):
        await ask(cloud.rung(Modality.VIDEO), *head(4), timeout_s=0.6)


async def test_a_film_that_is_none(cloud, ask):
    cloud.fails("/cdn/*", body={"not": "a film"})
    with pytest.raises(EngineFailed, match="no MP4"):
        await ask(cloud.rung(Modality.VIDEO), *head(4))


async def test_half_a_film(cloud, ask):
    cloud.fails("/cdn/*", cut_after_bytes=1000)
    with pytest.raises(Exception, match=r"broke|no MP4"):
        await ask(cloud.rung(Modality.VIDEO), *head(4))


async def test_who_leaves_stops_the_polling_and_cancels_the_task(cloud, call, until):
    cloud.fails(V2, states=["stuck"])
    rung = cloud.rung(Modality.VIDEO)
    stream = rung.open(call(Modality.VIDEO, *head(4)), rung.account.host, 20.0)
    async for message in stream:
        if message.tick.stage == "rendered by MiniMax":
            break
    await stream.aclose()
    await until(lambda: any(request.method == "DELETE" for request in cloud.requests))
    await asyncio.sleep(0.1)
    asked = len(cloud.requests)
    await asyncio.sleep(0.3)
    assert len(cloud.requests) == asked
    assert rung.desk.running == 0
