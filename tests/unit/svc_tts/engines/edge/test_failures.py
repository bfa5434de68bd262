from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from edge_tts import exceptions
from multidict import CIMultiDict, CIMultiDictProxy
from tests.fakes.edge import FakeEdge
from tests.unit.svc_tts.engines.edge.conftest import ARIA, make, say, spoken
from yarl import URL

from svc_tts.engines.edge.conversation import Patience
from svc_tts.engines.edge.engine import EdgeEngine
from svc_tts.engines.edge.failures import CAUGHT, failure
from troupe.wire.errors import (
    DeadlineExceeded,
    EngineFailed,
    Overloaded,
    TroupeError,
    UnsupportedLanguage,
)

FAILURES = {
    "refused": (EngineFailed, "refused", "pip install --upgrade edge-tts"),
    "refused without the time": (EngineFailed, "refused", "did not say what time"),
    "busy": (Overloaded, "unavailable", "503"),
    "slow down": (Overloaded, "unavailable", "429"),
    "odd status": (EngineFailed, "unknown_reply", "418"),
    "silent": (UnsupportedLanguage, "no_audio", "en-US-AriaNeural"),
    "hangs": (DeadlineExceeded, "too_slow", "gave no sound"),
    "hangs later": (DeadlineExceeded, "too_slow", "nothing more"),
    "cut": (EngineFailed, "cut_off", "cut the connection"),
    "noise": (EngineFailed, "spoilt", "cannot be read"),
    "nobody": (EngineFailed, "cannot_connect", "TROUPE_SPEECH_EDGE_PROXY"),
}


def spoil(fake: FakeEdge, how: str) -> None:
    match how:
        case "refused":
            fake.mood.refusals = 2
        case "refused without the time":
            fake.mood.refusals, fake.mood.says_the_time = 2, False
        case "busy" | "slow down" | "odd status":
            fake.mood.status = {"busy": 503, "slow down": 429, "odd status": 418}[how]
        case "silent":
            fake.mood.silent_voices = {ARIA.voice_id}
        case "hangs":
            fake.mood.hangs_before_sound = True
        case "hangs later":
            fake.mood.hangs_after = 2
        case "cut":
            fake.mood.cuts_after = 2
        case "noise":
            fake.mood.noise = True


@pytest.mark.parametrize("how", FAILURES)
async def test_failures_are_told_apart(fake: FakeEdge, tmp_path: Path, how: str) -> None:
    leaf, reason, words = FAILURES[how]
    spoil(fake, how)
    if how == "nobody":
        fake.url = "ws://127.0.0.1:1/readaloud"
    engine = make(fake, tmp_path, patience=Patience(first_s=1.0, silence_s=0.5))
    await engine.start(lambda _: None)
    with pytest.raises(TroupeError, match=words) as caught:
        await spoken(engine, say("One two three four."))
    assert type(caught.value) is leaf
    assert caught.value.details["reason"] == reason
    assert fake.knocks <= 2
    await engine.check()  # one failure breaks nothing
    await engine.stop()


async def test_a_busy_endpoint_says_when_to_come_back(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.status = 503
    with pytest.raises(Overloaded) as caught:
        await spoken(engine, say("one"))
    assert caught.value.retry_after_s == 5


def reply(status: int, **headers: str) -> aiohttp.ClientResponseError:
    request = aiohttp.RequestInfo(URL("wss://speech.example/"), "GET", CIMultiDictProxy(CIMultiDict()))
    return aiohttp.WSServerHandshakeError(request, (), status=status, message="no", headers=CIMultiDict(headers))


@pytest.mark.parametrize(
    ("error", "leaf", "reason"),
    [
        (reply(401), EngineFailed, "refused"),
        (reply(502), Overloaded, "unavailable"),
        (reply(500), EngineFailed, "unknown_reply"),
        (aiohttp.ServerTimeoutError(), DeadlineExceeded, "too_slow"),
        (TimeoutError(), DeadlineExceeded, "too_slow"),
        (aiohttp.ServerDisconnectedError(), EngineFailed, "cannot_connect"),
        (ConnectionResetError("reset"), EngineFailed, "cannot_connect"),
        (exceptions.UnknownResponse("what?"), EngineFailed, "unknown_reply"),
        (exceptions.SkewAdjustmentError("no date"), EngineFailed, "refused"),
        (ValueError("no colon"), EngineFailed, "unknown_reply"),
        (KeyError("Metadata"), EngineFailed, "unknown_reply"),
    ],
)
def test_every_error_of_the_library_has_a_leaf(error: Exception, leaf: type[TroupeError], reason: str) -> None:
    assert isinstance(error, CAUGHT)
    told = failure(error, ARIA.voice_id)
    assert (type(told), told.details["reason"]) == (leaf, reason)


def test_the_time_to_come_back_is_the_endpoints_own() -> None:
    assert failure(reply(429, **{"Retry-After": "17"}), "x").retry_after_s == 17
    assert failure(reply(429, **{"Retry-After": "Fri, 01 Jan"}), "x").retry_after_s == 5
