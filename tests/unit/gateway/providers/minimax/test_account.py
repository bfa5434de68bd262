import pytest

from gateway.providers.minimax.account import Account, api_host
from gateway.providers.minimax.models import is_v2, model_for
from gateway.providers.minimax.prices import Prices
from gateway.routing.need import Modality
from troupe.wire.errors import InvalidArgument


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("", "https://api.minimax.io"),
        ("https://api.minimaxi.com/", "https://api.minimaxi.com"),
        ("https://api.minimax.io/v1", "https://api.minimax.io"),
        ("https://api.minimax.io/v1/", "https://api.minimax.io"),
        (" api.minimax.io ", "https://api.minimax.io"),
        ("https://proxy.example:8443/minimax/v1", "https://proxy.example:8443/minimax"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://localhost:9000/v1", "http://localhost:9000"),
    ],
)
def test_hosts(written, host):
    assert api_host(written) == host


@pytest.mark.parametrize("written", ["http://api.minimax.io", "ftp://x", "https://", "https://u:p@x", "https://x/?a=1"])
def test_hosts_that_are_none(written):
    with pytest.raises(InvalidArgument, match="MINIMAX_API_HOST"):
        api_host(written)


async def test_group_and_key_go_with_every_request_and_into_no_repr():
    account = Account("sk-secret", group_id="4711")
    from gateway.providers.minimax.client import Asking

    request = account.client._request(Asking("/v1/t2a_v2", {}, params={"a": "b"}))
    assert dict(request.url.params) == {"GroupId": "4711", "a": "b"}
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(account) + repr(account.client)
    await account.aclose()


@pytest.mark.parametrize(
    ("written", "text", "speech", "video"),
    [
        ("", "MiniMax-M2", "speech-02-hd", "MiniMax-H3"),
        ("MiniMax-M2.7", "MiniMax-M2.7", "speech-02-hd", "MiniMax-H3"),
        ("speech-2.6-turbo", "MiniMax-M2", "speech-2.6-turbo", "MiniMax-H3"),
        ("S2V-01", "MiniMax-M2", "speech-02-hd", "S2V-01"),
        ("MiniMax-Hailuo-02", "MiniMax-M2", "speech-02-hd", "MiniMax-Hailuo-02"),
        ("MiniMax-H3-Max", "MiniMax-M2", "speech-02-hd", "MiniMax-H3-Max"),
    ],
)
def test_one_setting_serves_three_chains(written, text, speech, video):
    assert [model_for(each, written) for each in Modality] == [text, speech, video]


def test_generations():
    assert is_v2("minimax-h3")
    assert not is_v2("MiniMax-Hailuo-2.3")


def test_prices_of_what_is_not_listed_are_the_dearest():
    prices = Prices()
    assert prices.spoken("speech-02-turbo", 1_000_000) == 60
    assert prices.spoken("speech-9-hd", 1_000_000) == 100
    assert prices.spoken("other", 1_000_000) == 100
    assert prices.chat("MiniMax-M2", 1_000_000, 1_000_000) == pytest.approx(1.5)
    assert prices.chat("MiniMax-M9", 1_000_000, 0) == 0.6
    assert prices.clip("MiniMax-H3", 10) > prices.clip("T2V-01", 10) > 0
