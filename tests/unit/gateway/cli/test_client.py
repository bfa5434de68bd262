"""The small client: what it raises of a film that breaks."""

import httpx
import pytest

from gateway.cli.client import GatewayClient
from troupe.wire.errors import NoFace, StreamBroken

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
