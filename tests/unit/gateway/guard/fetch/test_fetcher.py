from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import time

import pytest

from gateway.guard.fetch.fetcher import USER_AGENT, Fetcher, Times
from troupe.wire.errors import AddressRefused, FetchFailed

from .conftest import PUBLIC, PUBLIC_V6, ScriptedNames

PAGE = "http://public.example/"


async def test_a_page_is_fetched(fetcher, site, network, names) -> None:
    site.page("/a?b=c", b"<p>hello", "Content-Type: Text/HTML; charset=latin-1\r\n")
    page = await fetcher.get("http://public.example/a?b=c#d")
    assert (page.url, page.data) == ("http://public.example/a?b=c", b"<p>hello")
    assert page.content_type == "Text/HTML; charset=latin-1"
    assert network.connects == [PUBLIC]
    assert names.asked == ["public.example"]


async def test_what_is_sent_says_who_asks_and_nothing_of_the_caller(fetcher, site, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    site.page("/")
    await fetcher.get(PAGE)
    lines = site.requests[0].decode().splitlines()
    assert lines[:3] == ["GET / HTTP/1.1", "Host: public.example", f"User-Agent: {USER_AGENT}"]
    assert {line.partition(":")[0] for line in lines[1:] if line} == {
        "Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"
    }  # fmt: skip


async def test_every_request_is_judged_and_connected_anew(fetcher, site, network, names) -> None:
    site.page("/")
    for _ in range(3):
        await fetcher.get(PAGE)
    assert network.connects == [PUBLIC] * 3
    assert len(names.asked) == 3


async def test_redirects_are_followed_to_the_third(fetcher, site) -> None:
    for step in range(4):
        site.redirect(f"/{step}", f"/{step + 1}" if step % 2 else f"http://public.example/{step + 1}", 301 + step % 2)
    site.page("/4")
    assert (await fetcher.get(PAGE + "1")).url == PAGE + "4"
    with pytest.raises(FetchFailed, match="redirects more than 3 times"):
        await fetcher.get(PAGE + "0")


async def test_a_redirect_to_nowhere(fetcher, site) -> None:
    site.redirect("/", "")
    with pytest.raises(FetchFailed, match="to nowhere"):
        await fetcher.get(PAGE)


async def test_a_second_address_is_tried_where_the_first_is_dead(network, site) -> None:
    names = ScriptedNames(public_example=[[PUBLIC, PUBLIC_V6]])
    network.dead.add(PUBLIC)
    site.page("/")
    await Fetcher(names, network=network).get(PAGE)
    assert network.connects == [PUBLIC, PUBLIC_V6]
    network.dead.add(PUBLIC_V6)
    with pytest.raises(FetchFailed, match=r"public\.example cannot be reached"):
        await Fetcher(names, network=network).get(PAGE)


@pytest.mark.parametrize("port", [8080, 22, 81, 6379, 65535])
async def test_other_ports_are_not_asked(fetcher, network, port) -> None:
    with pytest.raises(AddressRefused, match="Only the ports 80 and 443"):
        await fetcher.get(f"http://public.example:{port}/")
    assert network.connects == []


REFUSALS = {
    "/404": ("HTTP/1.1 404 no\r\n\r\n", "no such page .HTTP 404"),
    "/403": ("HTTP/1.1 403 no\r\n\r\n", "lets no programs in"),
    "/500": ("HTTP/1.1 500 no\r\n\r\n", "has a fault"),
    "/204": ("HTTP/1.1 204 no\r\n\r\n", "did not give the page"),
    "/pdf": ("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n%PDF", '"application/pdf" and no web page'),
    "/untyped": ("HTTP/1.1 200 OK\r\n\r\nx", '"" and no web page'),
    "/br": ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\n\r\nx", "not asked for"),
    "/noise": ("SSH-2.0-OpenSSH_9.2\r\n", "no web page"),
    "/short": ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\nx", "no web page|broke off"),
    "/big": (f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{'x' * 2_100_000}", "more than 2,097,152 bytes"),
    "/head": (f"HTTP/1.1 200 OK\r\nX: {'x' * 200_000}\r\n\r\n", "no web page"),
}


@pytest.mark.parametrize("path", REFUSALS)
async def test_what_is_no_page(fetcher, site, path) -> None:
    reply, says = REFUSALS[path]
    site.replies[path] = [reply.encode()]
    with pytest.raises(FetchFailed, match=says):
        await fetcher.get(f"http://public.example{path}")


async def test_a_body_that_lies_about_its_length_is_cut_all_the_same(fetcher, site) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    site.replies["/"] = [head, *([b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 100)]
    with pytest.raises(FetchFailed, match="more than 2,097,152 bytes"):
        await fetcher.get(PAGE)


async def test_a_packed_page_is_unpacked(fetcher, site) -> None:
    site.page("/", gzip.compress(b"<p>hello"), "Content-Type: text/html\r\nContent-Encoding: gzip\r\n")
    assert (await fetcher.get(PAGE)).data == b"<p>hello"


@pytest.mark.parametrize("slow", [[20.0], [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", *[b"x", 0.05] * 400]])
async def test_the_time_has_an_end(network, names, site, slow) -> None:
    site.replies["/"] = slow
    fetcher = Fetcher(names, network=network, times=Times(connect_s=0.2, total_s=0.4))
    started = time.monotonic()
    with pytest.raises(FetchFailed, match="too slow"):
        await fetcher.get(PAGE)
    assert time.monotonic() - started < 0.4 * 5


async def test_who_waits_for_room_waits_no_longer_than_for_a_page(network, names, site) -> None:
    site.replies["/"] = [20.0]
    fetcher = Fetcher(names, network=network, times=Times(connect_s=0.2, total_s=0.4))
    answers = await asyncio.gather(*(fetcher.get(PAGE) for _ in range(70)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {FetchFailed}
    assert len(network.connects) <= 64


async def test_a_name_without_address(fetcher, network) -> None:
    with pytest.raises(FetchFailed, match=r"no website at no\.such\.example"):
        await fetcher.get("http://no.such.example")
    assert network.connects == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=public.example",
         "-addext", "subjectAltName=DNS:public.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
async def secure(network, site, certificate):
    named: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=context)
    network.site_port = server.sockets[0].getsockname()[1]
    site.page("/")
    async with server:
        yield named


async def test_the_name_stays_for_sni_and_certificate(network, names, site, secure, certificate) -> None:
    fetcher = Fetcher(names, network=network, trust=ssl.create_default_context(cafile=certificate[0]))
    assert (await fetcher.get("https://public.example")).data == b"<p>hello"
    assert secure == ["public.example"]
    assert b"Host: public.example\r\n" in site.requests[0]
    assert network.connects == [PUBLIC]


async def test_a_site_without_https(names, network) -> None:
    async def plain(reader, writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        network.site_port = server.sockets[0].getsockname()[1]
        with pytest.raises(FetchFailed, match="does not answer with https"):
            await Fetcher(names, network=network).get("https://public.example")


async def test_a_certificate_of_another_name_is_refused(network, site, secure, certificate) -> None:
    names = ScriptedNames(other_example=[[PUBLIC]])
    fetcher = Fetcher(names, network=network, trust=ssl.create_default_context(cafile=certificate[0]))
    with pytest.raises(FetchFailed, match="certificate that is not valid"):
        await fetcher.get("https://other.example")
    assert site.requests == []


async def test_a_certificate_of_nobody_is_refused(network, names, site, secure) -> None:
    with pytest.raises(FetchFailed, match="certificate that is not valid"):
        await Fetcher(names, network=network).get("https://public.example")
    assert site.requests == []
