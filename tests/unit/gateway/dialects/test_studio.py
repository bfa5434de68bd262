"""The page is for browsers, the index for programs; nothing but the page's files is served, and those need no key."""

import re

import pytest
from httpx import ASGITransport, AsyncClient

from gateway import avatars
from gateway.app import app_of
from gateway.assembly import build
from gateway.dialects.studio import FOLDER, TYPES, assets, wants_page
from gateway.guard.keys import create_key
from gateway.settings import Settings

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PLACES = (
    "../settings.py",
    "../../../../../../etc/passwd",
    "%2e%2e/settings.py",
    "%2e%2e%2fsettings.py",
    "js/../../settings.py",
    "/etc/passwd",
    "js",
    "js/",
    "avatars/../settings.py",
    "avatars/__init__.py",
    "..%5csettings.py",
    "index.html%00.css",
    "",
)


@pytest.fixture
async def client(tmp_path):
    """A gateway that asks for keys."""
    keys = tmp_path / "keys.json"
    create_key(keys, "someone")
    house = build(Settings.load({"TROUPE_API_KEYS_FILE": str(keys)}))
    async with AsyncClient(transport=ASGITransport(app_of(house)), base_url="http://house") as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("application/json, text/html;q=0.5", False),
        ("text/html;q=0", False),
    ],
)
async def test_browsers_get_the_page_and_programs_the_index(client, accept, page) -> None:
    assert wants_page(accept) is page
    reply = await client.get("/", headers={"Accept": accept})
    assert reply.status_code == 200
    assert reply.headers["vary"] == "Accept"
    assert reply.headers["content-type"] == ("text/html; charset=utf-8" if page else "application/json")
    assert ("Studio" in reply.text) is page
    if not page:
        assert reply.json()["links"]["health"] == "/health"


async def test_nothing_from_elsewhere_runs_in_the_page(client) -> None:
    for path in ("/", "/studio/js/main.js"):
        headers = (await client.get(path, headers={"Accept": BROWSER})).headers
        policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["media-src"] == "'self' blob:"
        assert not {"unsafe-inline", "unsafe-eval", "http", "*"} & set(re.findall(r"[\w*-]+", str(policy)))
        assert headers["x-content-type-options"] == "nosniff"


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    page = assets()["index.html"].body.decode()
    assert re.findall(r"<script(?![^>]*src=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []


def test_every_file_that_is_named_is_there() -> None:
    texts = {name: asset.body.decode() for name, asset in assets().items() if name.endswith((".html", ".js", ".css"))}
    named = {path for text in texts.values() for path in re.findall(r"\"/studio/([\w./-]+)\"", text)}
    imported = {f"js/{name}" for text in texts.values() for name in re.findall(r"from \"\./([\w.]+)\"", text)}
    assert named | imported <= set(assets())
    assert {name for name in texts if name.startswith("js/")} == imported | {"js/main.js"}


async def test_the_files_have_their_types_and_need_no_key(client) -> None:
    for name in ("js/main.js", "css/base.css", "icon.svg", "avatars/ada.webp", "avatars/avatars.json"):
        reply = await client.get(f"/studio/{name}")
        assert reply.status_code == 200, name
        assert reply.headers["content-type"] == TYPES[name[name.rindex(".") :]]
    assert (await client.get("/api/voices")).status_code == 401
    assert (await client.get("/providers")).status_code == 401


async def test_a_file_that_did_not_change_is_not_sent_again(client) -> None:
    first = await client.get("/studio/js/main.js")
    again = await client.get("/studio/js/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.get("/studio/js/main.js", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    page = await client.get("/", headers={"Accept": BROWSER, "If-None-Match": first.headers["etag"]})
    assert page.status_code == 200


@pytest.mark.parametrize("place", PLACES)
async def test_no_path_leads_out_of_the_folder(client, place) -> None:
    reply = await client.get(f"/studio/{place}")
    assert reply.status_code in {401, 404}  # 401: the path was resolved to one outside before it was sent
    assert reply.json()["error"]["code"] in {"not_supported", "unauthenticated"}


async def test_a_path_that_begins_like_the_page_opens_nothing_else(client) -> None:
    for path in ("/studio/../api/voices", "/studio/%2e%2e/api/voices", "/studio//api/voices", "/studiox"):
        assert (await client.get(path)).status_code in {401, 404}


def test_everything_in_the_folder_is_served() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    faces = {f"avatars/{avatar.path.name}" for avatar in avatars.shipped().values()}
    assert set(assets()) == files | faces | {"avatars/avatars.json"}


@pytest.mark.parametrize("name", sorted(name for name in assets() if name.endswith((".js", ".css"))))
def test_the_page_is_made_of_small_files(name) -> None:
    assert len(assets()[name].body.splitlines()) <= 250
