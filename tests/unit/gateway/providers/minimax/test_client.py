import asyncio

import pytest

from gateway.providers.minimax.client import Asking
from gateway.providers.minimax.replies import Empty, FileReply, VoiceList
from troupe.wire.errors import DeadlineExceeded, EngineFailed, Overloaded, StreamBroken

VOICES = Asking("/v1/get_voice", {"voice_type": "system"})


async def test_an_answer_is_checked(cloud):
    client = cloud.account().client
    assert len((await client.ask(VOICES, VoiceList)).system_voice) > 100
    with pytest.raises(EngineFailed, match=r"not its API \(file: "):
        await client.ask(VOICES, FileReply)


async def test_a_code_is_judged_unless_it_is_asked_not_to_be(cloud):
    client = cloud.account().client
    cloud.fails(VOICES.path, base_resp=1013, times=2)
    with pytest.raises(EngineFailed, match="1013"):
        await client.ask(VOICES, Empty)
    await client.ask(VOICES, Empty, judged=False)


@pytest.mark.parametrize("retry_after_s", [0.5, 12])
async def test_retry_after_is_read(cloud, retry_after_s):
    cloud.fails(VOICES.path, base_resp=1002, status=429, retry_after_s=retry_after_s)
    with pytest.raises(Overloaded) as raised:
        await cloud.account().client.ask(VOICES, Empty)
    assert raised.value.retry_after_s == max(2.0, retry_after_s)


async def test_a_large_answer_is_not_read_to_its_end(cloud):
    cloud.fails(VOICES.path, oversize=20_000_000)
    with pytest.raises(EngineFailed, match="more than 4,194,304 bytes"):
        await cloud.account().client.ask(VOICES, Empty)


async def test_silence_in_the_middle_is_a_broken_stream(cloud):
    cloud.fails("/v1/chat/completions", hang_after_events=2)
    account = cloud.account()
    account.client._idle_s = 0.2
    body = {"model": "MiniMax-M2", "stream": True, "messages": [{"role": "user", "content": "count to 20"}]}
    events = account.client.events(Asking("/v1/chat/completions", body))
    with pytest.raises(StreamBroken) as raised:
        [event async for event in events]
    assert raised.value.details["lost"] == "connection"


async def test_no_answer_at_all_is_bounded(cloud):
    cloud.fails(VOICES.path, hang=True)
    with pytest.raises(DeadlineExceeded):
        await cloud.account().client.ask(Asking(VOICES.path, {}, first_s=0.2), Empty)


async def test_many_at_once_share_their_connections(cloud):
    client = cloud.account().client
    await asyncio.gather(*(client.ask(VOICES, VoiceList) for _ in range(100)))
    assert cloud.asked(f"POST {VOICES.path}") == 100
