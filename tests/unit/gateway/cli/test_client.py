"""The small client: what it raises of a film that breaks."""

import httpx
import pytest

from gateway.cli.client import GatewayClient
from troupe.wire.errors import CannotConnect, EngineMissing, NoFace, StreamBroken

TOLD = 'event: error\ndata: {"code": "no_face", "message": "no face there", "details": {}}\n\nevent: end\ndata: {}\n\n'


class Breaking(httpx.SyncByteStream):
    def __iter__(self):
        yield b"ftyp"
        raise httpx.RemoteProtocolError("cut")


def client(events: str) -> GatewayClient:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/avatar":
            return httpx.Response(200, headers={"x-troupe-scene": "scn_1"}, stream=Breaking())
        assert request.url.path == "/api/scenes/scn_1/events"
        return httpx.Response(200, text=events)

    made = GatewayClient("http://gateway")
    made._http = httpx.Client(base_url="http://gateway", transport=httpx.MockTransport(answer))
    return made


@pytest.mark.parametrize(("events", "error", "says"), [(TOLD, NoFace, "no face there"), ("", StreamBroken, "broke")])
def test_a_film_that_breaks_says_why(events, error, says) -> None:
    with client(events) as gateway, pytest.raises(error, match=says):
        gateway.film({"text": "Hello."})


def waiting(*video: dict[str, str]) -> GatewayClient:
    speech = {"serving": "flite", "chain": [{"name": "flite", "state": "ready"}]}
    ready = [each["name"] for each in video if each["state"] == "ready"]
    chains = {"tts": speech, "video": {"serving": (ready or [None])[0], "chain": list(video)}}
    made = GatewayClient("http://gateway")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=chains))
    made._http = httpx.Client(base_url="http://gateway", transport=transport)
    return made


MISSING = {
    "name": "sadtalker", "state": "missing", "reason": "SadTalker checkpoint not found", "remedy": "make sadtalker",
}  # fmt: skip
PORTRAIT = {"name": "portrait", "state": "ready"}


def test_a_named_engine_that_cannot_run_here_is_not_waited_for() -> None:
    with waiting(MISSING, PORTRAIT) as gateway:
        gateway.wait_ready(0.2)
        with pytest.raises(EngineMissing, match=r"checkpoint not found\. make sadtalker mends it"):
            gateway.wait_ready(60, engine="sadtalker")


def test_what_is_loading_is_waited_for() -> None:
    with waiting(MISSING | {"state": "loading"}, PORTRAIT) as gateway, pytest.raises(CannotConnect, match="not ready"):
        gateway.wait_ready(0.2, engine="sadtalker")
