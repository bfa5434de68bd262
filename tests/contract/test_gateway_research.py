"""POST /api/research over real sockets: a real gateway, a real svc-text, and websites on this machine."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

FAKES = str(Path(__file__).parents[1] / "fakes")
NOWHERE = "127.0.0.1:1"
SLACK = 5  # CI judges times at five times the goal
HOME = """<!doctype html><html lang="en"><head><title>Kites for every wind</title>
<meta name="description" content="Northwind Kites builds hand-sewn kites in Bergen, Norway.">
<meta property="og:site_name" content="Northwind Kites"></head><body>
<nav><a href="/about">About</a> <a href="/products">Products</a> <a href="/login">Log in</a>
<a href="/brochure.pdf">Brochure</a> <a href="/secret">Secret</a> <a href="http://other.here.test/about">Friends</a></nav>
<main><h1>Kites for every wind</h1><p>Northwind Kites builds hand-sewn kites in Bergen, Norway. We have made more than
40,000 kites since 1987 and each of them is tested on the beach before it leaves the workshop.</p>
<p>Our kites are made for families, schools and competition flyers who want to fly all year round.</p></main></body>
</html>"""
ABOUT = """<html lang="en"><head><title>About us | Northwind Kites</title></head><body><main><h1>About us</h1>
<p>The company was founded in 1987 by Ingrid Solberg, a sail maker. Today 23 people work in the workshop.</p>
<p>We repair every kite that we ever sold, free of charge, for as long as its owner flies it.</p></main></body>
</html>"""
PRODUCTS = """<html lang="en"><head><title>Products | Northwind Kites</title></head><body><main><h1>Products</h1>
<h2>Storm Delta</h2><p>The Storm Delta flies in winds of up to 14 metres per second and costs 129 euros.</p>
<h2>Fjord Box</h2><p>The Fjord Box is a two metre box kite for steady winds.</p></main></body></html>"""
PAGES = {"/": HOME, "/about": ABOUT, "/products": PRODUCTS, "/secret": ABOUT}
FIELDS = {
    "name", "one_liner", "summary", "products", "audience", "differentiators", "tone", "facts", "language", "engine",
    "provider", "pages", "notes", "script",
}  # fmt: skip


@pytest.fixture(scope="module")
def fakes():
    sys.path.append(FAKES)
    import website

    yield website
    sys.path.remove(FAKES)


@pytest.fixture(scope="module")
def service(start_service_once):
    ports = {"TROUPE_TEXT_GRPC_PORT": "0", "TROUPE_TEXT_METRICS_PORT": "0"}
    return start_service_once("text_models", PYTHONPATH=FAKES, TROUPE_TEXT_ENGINES="vllm,extractive", **ports)


@pytest.fixture(scope="module")
def start_gateway(start_service_once, service):
    def start(**env: str):
        ports = {"TROUPE_PORT": "0", "TROUPE_GRPC_PORT": "0", "TROUPE_MISSED_TICKS": "20"}
        targets = dict.fromkeys(("TROUPE_SPEECH_TARGET", "TROUPE_VIDEO_TARGET"), NOWHERE)
        targets["TROUPE_TEXT_TARGET"] = service.grpc
        return start_service_once("gateway_here", PYTHONPATH=FAKES, HERE_TOTAL_S="3", **ports, **targets, **env)

    return start


@pytest.fixture(scope="module")
def gateway(start_gateway):
    return start_gateway()


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        yield client


@pytest.fixture
def site(fakes):
    with fakes.website(
        PAGES | {"/robots.txt": fakes.Reply(b"User-agent: *\nDisallow: /secret\n", "text/plain")}
    ) as site:
        yield site


def asked(client, url: str, **fields) -> dict:
    reply = client.post("/api/research", json={"url": url, "provider": "extractive"} | fields)
    assert reply.status_code == 200, reply.text
    return reply.json()


def events_in(text: str) -> list[tuple[str, dict]]:
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(fields["event"], json.loads(fields["data"])) for fields in blocks if "event" in fields]


def test_a_company_is_told_from_its_pages(client, site) -> None:
    reply = client.post("/api/research", json={"url": site.url, "provider": "extractive", "script": True})
    assert (reply.status_code, reply.headers["x-troupe-provider"]) == (200, "extractive"), reply.text
    found = reply.json()
    assert set(found) == FIELDS
    assert found["name"] == "Northwind Kites"
    assert "hand-sewn kites" in found["one_liner"]
    assert "Storm Delta" in found["products"]
    assert (found["language"], found["engine"], found["provider"]) == ("en", "extractive", "extractive")
    assert {page["url"] for page in found["pages"]} == {site.url, f"{site.url}/about", f"{site.url}/products"}
    assert 30 <= len(found["script"].split()) <= 170
    founded = next(fact for fact in found["facts"] if "Ingrid Solberg" in fact["fact"])
    assert founded["sentence"] == "The company was founded in 1987 by Ingrid Solberg, a sail maker."
    assert founded["page"] == f"{site.url}/about"
    assert found["notes"] == []


def test_only_pages_that_say_something_and_may_be_read_are_fetched(client, site) -> None:
    asked(client, site.url)
    assert sorted(site.paths) == ["/", "/about", "/products", "/robots.txt"]
    assert {asked.headers["user-agent"].partition("/")[0] for asked in site.asked} == {"Troupe"}


def test_the_named_page_is_read_whatever_robots_say(client, fakes) -> None:
    with fakes.website({"/": HOME, "/robots.txt": fakes.Reply(b"User-agent: *\nDisallow: /", "text/plain")}) as site:
        found = asked(client, site.url)
        assert [page["url"] for page in found["pages"]] == [site.url]
        assert sorted(site.paths) == ["/", "/robots.txt"]


@pytest.mark.parametrize(("status", "more"), [(404, True), (500, False)])
def test_a_site_whose_robots_cannot_be_read(client, fakes, status, more) -> None:
    with fakes.website(PAGES | {"/robots.txt": fakes.Reply(b"", status=status)}) as site:
        asked(client, site.url)
        assert ("/about" in site.paths) == more


def test_step_by_step(client, site) -> None:
    reply = client.post(
        "/api/research", json={"url": site.url, "provider": "extractive", "script": True, "stream": True}
    )
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_in(reply.text)
    kinds = [kind for kind, _ in events]
    assert [kind for number, kind in enumerate(kinds) if kinds.index(kind) == number] == [
        "page", "stage", "profile", "script", "end"
    ]  # fmt: skip
    assert kinds.count("page") == 3
    assert [data["stage"] for kind, data in events if kind == "stage"] == ["read", "profile", "script"]
    end = events[-1][1]
    assert set(end) == FIELDS
    assert " ".join(data["text"] for kind, data in events if kind == "script") == end["script"]
    profile = next(data for kind, data in events if kind == "profile")
    assert {name: end[name] for name in profile} == profile


def test_pages_in_another_language_stay_in_it_without_a_model(client, site) -> None:
    found = asked(client, site.url, language="de")
    assert found["language"] == "en"
    assert any("make model" in note for note in found["notes"])


def test_a_model_writes_in_the_language_asked_for(client, site) -> None:
    found = asked(client, site.url, provider="vllm", model="good", language="de")
    assert (found["language"], found["engine"], found["notes"]) == ("de", "vllm", [])


def test_facts_that_stand_nowhere_are_left_out(client, site) -> None:
    facts = asked(client, site.url, provider="vllm", model="good")["facts"]
    assert [fact["fact"] for fact in facts] == ["Something is said"]


def test_a_script_is_cleaned_and_ends_in_time(client, site) -> None:
    said = asked(client, site.url, provider="vllm", model="good", script=True)["script"]
    assert said.startswith("Northwind Kites makes things. Visit our site! They are good.")
    assert 100 < len(said.split()) <= 190


@pytest.mark.parametrize("model", ["once", "cut", "full"])
def test_a_model_gets_a_second_chance_and_less_to_read(client, fakes, model) -> None:
    long = ABOUT.replace(
        "</main>", "<p>Kites are made of cloth and sticks and a great deal of wind.</p>" * 200 + "</main>"
    )
    with fakes.website(PAGES | {"/about": long}) as site:
        found = asked(client, site.url, provider="vllm", model=model)
    assert (found["engine"], found["notes"]) == ("vllm", [])


@pytest.mark.parametrize(
    ("model", "why"),
    [("prose", "no valid JSON"), ("breaks", "broke"), ("endless", "no end"), ("tiny", "takes fewer")],
)
def test_without_a_profile_the_next_provider_takes_over_and_says_why(client, site, model, why) -> None:
    found = asked(client, site.url, provider="", model=model)
    assert (found["engine"], found["name"]) == ("extractive", "Northwind Kites")
    assert any(note.startswith("vllm: ") and why in note for note in found["notes"]), found["notes"]


def test_who_reads_too_little_for_a_profile_is_not_asked_for_the_script(client, site) -> None:
    found = asked(client, site.url, provider="", model="tiny", script=True)
    assert found["script"].startswith("Northwind Kites builds")
    assert sum(note.startswith("vllm: ") for note in found["notes"]) == 1


def test_nobody_else_was_wanted(client, site) -> None:
    reply = client.post("/api/research", json={"url": site.url, "provider": "vllm", "model": "prose"})
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (502, "engine_failed")
    assert "vllm was asked 2 times" in error["message"]


def test_pages_are_read_though_the_chain_names_no_reader(start_gateway, site) -> None:
    gateway = start_gateway(PROVIDER_TEXT="vllm", PROVIDER_TEXT_FALLBACK="")
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        assert asked(client, site.url, provider="", model="good")["engine"] == "vllm"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", (400, "address_refused", "No address was given")),
        ("ftp://a.here.test/", (400, "address_refused", "Only http")),
        ("http://10.0.0.1/", (400, "address_refused", "not on the public internet")),
        ("http://169.254.169.254/latest", (400, "address_refused", "not on the public internet")),
        ("http://me:hunter2@a.here.test/", (400, "address_refused", "user name")),
        ("http://no.such.test/", (502, "fetch_failed", "There is no website at no.such.test")),
        ("http://a.here.test:1/", (502, "fetch_failed", "nothing answers there")),
        ("{site}/nothing", (502, "fetch_failed", "no such page")),
        ("{site}/picture", (502, "fetch_failed", '"image/png" and no web page')),
        ("{site}/empty", (422, "page_without_text", "has no text to read")),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_their_status_and_say_what_to_do(client, fakes, url, told, stream) -> None:
    status, code, says = told
    pages = {"/picture": fakes.Reply(b"\x89PNG", "image/png"), "/empty": "<html><body><div id=app></div></body></html>"}
    with fakes.website(pages) as site:
        reply = client.post("/api/research", json={"url": url.format(site=site.url), "stream": stream})
    if stream and code == "page_without_text":  # a page had been told by then
        (_, error) = events_in(reply.text)[-1]
        error = error["error"]
    else:
        assert reply.status_code == status, reply.text
        error = reply.json()["error"]
    assert error["code"] == code
    assert says in error["message"]
    assert "hunter2" not in reply.text


@pytest.mark.parametrize("body", [{}, {"url": "x", "uri": 1}, {"url": "http://a.here.test", "language": "a; drop"}])
def test_fields_are_checked(client, body) -> None:
    reply = client.post("/api/research", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_argument")


def test_a_slow_further_page_is_not_waited_for_beyond_the_time(client, fakes) -> None:
    with fakes.website(PAGES | {"/about": fakes.Reply(ABOUT.encode(), wait_s=40)}) as site:
        started = time.monotonic()
        found = asked(client, site.url)
        assert time.monotonic() - started < 3 * SLACK
    assert found["notes"] == ["1 more of the site's pages could not be read."]
    assert "Storm Delta" in found["products"]


def test_who_leaves_stops_the_work(client, gateway, site) -> None:
    host = f"http://{gateway.addresses['http']}/api/research"
    body = {"url": site.url, "provider": "vllm", "model": "endless", "stream": True, "script": True}
    with httpx.Client(timeout=30) as leaving, leaving.stream("POST", host, json=body) as reply:
        next(reply.iter_lines())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        rungs = client.get("/providers").json()["text"]["chain"]
        if not any(rung["outstanding"] for rung in rungs):
            return
        time.sleep(0.05)
    pytest.fail("the engine still works for nobody")


def test_many_at_once(client, site) -> None:
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(asked(client, site.url)["name"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert names == ["Northwind Kites"] * 8
