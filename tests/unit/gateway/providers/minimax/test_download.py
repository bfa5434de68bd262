import pytest

from gateway.providers.minimax.download import Downloads
from troupe.wire.errors import EngineFailed

HOSTILE = [
    "file:///etc/passwd",
    "ftp://1.1.1.1/x",
    "http://169.254.169.254/latest",
    "https://10.0.0.1/x",
    "https://[::1]/x",
    "https://user:secret@1.1.1.1/",
    "https://1.1.1.1:8080/x",
    "https:///x",
    "gopher://1.1.1.1",
    "https://0x7f.1/",
    "//1.1.1.1/x",
    "x",
    "https://[fe80::1%25eth0]/x",
    "https://1.1.1.1:99999/x",
    "data:text/plain,x",
    "http://127.0.0.1/x",
    "https://metadata.invalid/",
]


@pytest.fixture
async def downloads():
    made = Downloads("https://api.minimax.io")
    yield made
    await made.aclose()


@pytest.mark.parametrize("url", [*HOSTILE, "", "https://", "https://\x00/", "https://" + "a" * 300])
async def test_addresses_that_are_not_fetched(downloads, url):
    with pytest.raises(EngineFailed):
        await downloads.whole(url, 1000)


async def test_a_request_goes_to_the_judged_address_under_its_name(downloads, monkeypatch):
    async def judged(_host, _port):
        return "203.0.113.7"

    monkeypatch.setattr("gateway.providers.minimax.download.public_address", judged)
    request = await downloads._request("http://files.example.com/a%20b?sig=1#part")
    assert str(request.url) == "https://203.0.113.7/a%20b?sig=1"
    assert request.headers["host"] == "files.example.com"
    assert request.extensions["sni_hostname"] == "files.example.com"
    assert "authorization" not in request.headers


async def test_a_file_of_the_fake_is_fetched_without_the_key(cloud):
    stored = cloud.world.keep("x.bin", "t2a", b"abc" * 100, "application/octet-stream", 60.0)
    from minimax.files import link
    from starlette.requests import Request

    class App:
        state = type("State", (), {"world": cloud.world})

    host, port = cloud.url.removeprefix("http://").split(":")
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", f"{host}:{port}".encode())],
             "scheme": "http", "server": (host, int(port)), "query_string": b"", "app": App()}  # fmt: skip
    url = link(Request(scope), stored)
    account = cloud.account()
    assert await account.downloads.whole(url, 1000) == b"abc" * 100
    assert not cloud.requests[-1].key
    with pytest.raises(EngineFailed, match="more than 200 bytes"):
        await account.downloads.whole(url, 200)
    with pytest.raises(EngineFailed, match="HTTP 4"):
        await account.downloads.whole(url + "x", 1000)
