import asyncio

import pytest

from gateway.providers.minimax.account import Account
from gateway.providers.minimax.spend import Spend
from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from troupe.v1.engine_pb2 import TASK_CHAT, TASK_SPEECH, TASK_TALKING_HEAD
from troupe.v1.text_pb2 import ROLE_USER, ChatRequest, ContentPart, Message
from troupe.wire.errors import (
    AllRungsFailed,
    Cancelled,
    CannotConnect,
    DeadlineExceeded,
    EngineFailed,
    NotSupported,
    Overloaded,
    RateLimited,
)

CHAT = "/v1/chat/completions"
HELLO = ChatRequest(messages=[Message(role=ROLE_USER, content=[ContentPart(text="hello you")])])
TEXT = Need(Modality.TEXT, task=TASK_CHAT)


async def test_without_a_key_it_is_unusable(cloud):
    rung = cloud.rung(Modality.TEXT, account=cloud.account(key=""))
    assert rung.unusable() == "no MINIMAX_API_KEY"
    assert rung.can_serve(TEXT) == "no MINIMAX_API_KEY"


@pytest.mark.parametrize(
    ("modality", "task"),
    [(Modality.TEXT, TASK_CHAT), (Modality.TTS, TASK_SPEECH), (Modality.VIDEO, TASK_TALKING_HEAD)],
)
async def test_what_it_says_about_itself(cloud, modality, task):
    rung = cloud.rung(modality)
    info = rung.describe()
    assert info.cloud
    assert task in info.tasks
    assert rung.can_serve(Need(modality, task=task)) is None
    assert "out of the house" in rung.can_serve(Need(modality, task=task, local_only=True))
    assert ("offline_render" in info.features) is (modality is Modality.VIDEO)
    assert rung.trouble() is None


async def test_languages_and_formats_are_checked_before_it_is_asked(cloud):
    rung = cloud.rung(Modality.TTS)
    assert rung.can_serve(Need(Modality.TTS, task=TASK_SPEECH, language="en-GB", format="mp3")) is None
    assert "opus" in rung.can_serve(Need(Modality.TTS, task=TASK_SPEECH, format="opus"))
    assert "tlh" in rung.can_serve(Need(Modality.TTS, task=TASK_SPEECH, language="tlh"))


async def test_what_it_does_not_do(cloud, ask):
    with pytest.raises(NotSupported):
        await ask(cloud.rung(Modality.TEXT), HELLO, method="Embed")
    assert not cloud.requests


@pytest.mark.parametrize("code", [1004, 2049])
async def test_a_refused_key_names_the_regions_and_makes_no_storm(cloud, ask, clock, code):
    cloud.fails(CHAT, base_resp=code, times=0)
    account = cloud.account(clock=clock)
    text, speech = (cloud.rung(each, account=account, clock=clock) for each in (Modality.TEXT, Modality.TTS))
    with pytest.raises(EngineFailed, match="MINIMAX_API_KEY and MINIMAX_API_HOST may be of different regions"):
        await ask(text, HELLO)
    assert "different regions" in text.trouble()
    assert "different regions" in speech.trouble()  # one key: every rung of the account knows
    for _ in range(20):
        with pytest.raises(EngineFailed, match=r"not asked: paused for 600 s more: .* different regions"):
            await ask(text, HELLO)
    assert cloud.asked(f"POST {CHAT}") == 1
    clock.now += 601
    assert text.trouble() is None


async def test_pauses_of_a_rate_limit_double_and_end_with_a_success(cloud, ask, clock):
    cloud.fails(CHAT, base_resp=1039, times=3)
    rung = cloud.rung(Modality.TEXT, clock=clock)
    waited = []
    for _ in range(3):
        with pytest.raises(Overloaded):
            await ask(rung, HELLO)
        waited.append(rung.pause.remaining())
        clock.now += waited[-1] + 0.1
    assert waited == [5.0, 10.0, 20.0]
    await ask(rung, HELLO)
    cloud.fails(CHAT, base_resp=1039)
    with pytest.raises(Overloaded):
        await ask(rung, HELLO)
    assert rung.pause.remaining() == 5.0


async def test_the_gate_refuses_during_a_pause_and_learns_nothing_of_it(cloud, ask, clock):
    rung = cloud.rung(Modality.TEXT, clock=clock)
    rung.pause.hold(5.0, RateLimited("a test"))
    limit = rung.gate.limit
    with pytest.raises(Overloaded) as raised:
        rung.gate.enter(0)
    assert raised.value.retry_after_s == 5.0
    assert rung.gate.limit == limit


async def test_a_chain_of_it_alone_says_when_to_come_back(cloud, call):
    cloud.fails(CHAT, base_resp=1002, retry_after_s=4, times=0)
    chain = Chain(Modality.TEXT, [cloud.rung(Modality.TEXT)])
    for _ in range(10):
        with pytest.raises(Overloaded) as raised:
            await chain.run(TEXT, call(Modality.TEXT, HELLO))
        assert raised.value.retry_after_s <= 4
    assert cloud.asked(f"POST {CHAT}") == 1


@pytest.mark.parametrize(
    "fault",
    [{"base_resp": 1000}, {"base_resp": 1001}, {"status": 500}, {"html": True}, {"drop": True}, {"garbage": True}],
)
async def test_no_storm_when_everything_fails(cloud, call, fault):
    cloud.fails(CHAT, times=0, **fault)
    chain = Chain(Modality.TEXT, [cloud.rung(Modality.TEXT)])
    offered = 40
    for _ in range(offered):
        with pytest.raises(AllRungsFailed):
            await chain.run(TEXT, call(Modality.TEXT, HELLO))
    assert cloud.asked(f"POST {CHAT}") <= 1.1 * offered


async def test_nobody_there(ask):
    account = Account("key", "http://127.0.0.1:9")
    from gateway.providers.minimax.rung import make_rung
    from gateway.routing.rung import Policy

    rung = make_rung(Modality.TEXT, "minimax", account, Policy(5.0), Spend(None))
    with pytest.raises(CannotConnect, match="MINIMAX_API_HOST"):
        await ask(rung, HELLO)
    assert rung.desk.purse.spend.spent("minimax") == 0
    await account.aclose()


async def test_first_byte_and_total_are_bounded(cloud, ask):
    cloud.fails(CHAT, hang=True, times=0)
    with pytest.raises(DeadlineExceeded, match=r"first byte|answer"):
        await ask(cloud.rung(Modality.TEXT, first_s=0.2), HELLO)
    with pytest.raises(DeadlineExceeded, match="not finished"):
        await ask(cloud.rung(Modality.TEXT), HELLO, timeout_s=0.2)


async def test_thinking_is_no_first_byte(cloud, ask):
    cloud.fails(CHAT, gap_s=0.15)
    with pytest.raises(DeadlineExceeded, match="first byte"):
        await ask(cloud.rung(Modality.TEXT, first_s=0.4), HELLO)


async def test_who_leaves_frees_minimax_at_once(cloud, call, until):
    cloud.fails(CHAT, hang_after_events=3, times=0)
    rung = cloud.rung(Modality.TEXT)
    stream = rung.open(call(Modality.TEXT, HELLO), rung.account.host, 20.0)
    await anext(stream)
    await stream.aclose()
    await until(lambda: all(request.ended == "left" for request in cloud.requests), within_s=2.0)
    assert rung.desk.running == 0


async def test_a_reader_that_is_cancelled_stops_the_work(cloud, ask, until):
    cloud.fails(CHAT, hang=True)
    rung = cloud.rung(Modality.TEXT)
    reader = asyncio.create_task(ask(rung, HELLO))
    await until(lambda: cloud.asked(f"POST {CHAT}") == 1)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert rung.desk.running == 0
    await until(lambda: cloud.requests[-1].ended == "left", within_s=2.0)


async def test_abort_is_heard_by_the_reader(cloud, call, until):
    cloud.fails(CHAT, hang=True)
    rung = cloud.rung(Modality.TEXT)
    stream = rung.open(call(Modality.TEXT, HELLO), rung.account.host, 20.0)
    asyncio.get_running_loop().call_later(0.1, stream.abort, Cancelled("The scene was ended."))
    with pytest.raises(Cancelled):
        async for _ in stream:
            pass
    assert rung.desk.running == 0


async def test_the_cap_is_said_and_kept(cloud, ask):
    spend = Spend(None)
    rung = cloud.rung(Modality.TEXT, spend=spend, cap_usd_day=5.0)
    await spend.reserve("minimax", 4.9999999, 5.0)
    assert rung.can_serve(TEXT) == ("its cap of $5.00 for today is used up ($5.00); it is open again at 00:00 UTC")
    with pytest.raises(Overloaded, match="cap"):
        await ask(rung, HELLO)
    assert not cloud.requests


async def test_a_hundred_racing_requests_never_pass_the_cap(cloud, ask):
    spend = Spend(None)
    cap = 0.0208  # four answers of 4,096 tokens, as they are thought to cost
    rung = cloud.rung(Modality.TEXT, spend=spend, cap_usd_day=cap)
    replies = await asyncio.gather(*(ask(rung, HELLO) for _ in range(100)), return_exceptions=True)
    assert {type(reply) for reply in replies} <= {list, Overloaded}
    assert 4 <= cloud.asked(f"POST {CHAT}") < 100
    assert spend.spent("minimax") <= cap


async def test_the_key_is_nowhere(cloud, ask, caplog):
    key = "sk-api-canary-canary"
    cloud.fails(CHAT, base_resp=2013, message=f"your key {key} is odd")
    cloud.fails(CHAT, status=500, message=f"your key {key} is odd")
    account = cloud.account(key=key)
    rung = cloud.rung(Modality.TEXT, account=account)
    told = []
    for _ in range(3):
        with pytest.raises(Exception, match=r".") as raised:
            await ask(rung, HELLO)
        told += [str(raised.value), repr(raised.value)]
    seen = [repr(account), repr(account.client), repr(rung), caplog.text, *told]
    assert not any(key in text for text in seen)
