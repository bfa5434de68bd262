"""A gateway that asks for a key: the Studio asks its person once, tells a wrong one plainly, and keeps it to itself."""

from __future__ import annotations

import httpx
import pytest

from gateway.guard.keys import create_key

pytestmark = pytest.mark.timeout(120)
WRONG = "trp_thisKeyWasNeverMadeByAnybody0123456789"


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> tuple[str, str]:
    """A key, and the file that knows it."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    return create_key(path, "studio"), str(path)


@pytest.fixture(scope="module")
def gateway(beside, key):
    return beside(TROUPE_API_KEYS_FILE=key[1])


@pytest.fixture
def page(gateway, studio):
    page = studio(f"http://{gateway.addresses['http']}")
    page.allowed.add(401)
    return page.open()


def give(page, key: str) -> None:
    page.fill("key", key)
    page.press("Enter")


def test_the_page_itself_needs_no_key(page) -> None:
    assert page.shown("h1").startswith("What should")


def test_one_dialog_asks_and_the_right_key_lets_everything_through(page, key, gateway, tmp_path) -> None:
    page.shown("#key-dialog")
    assert page.evaluate("document.querySelectorAll('dialog[open]').length") == 1
    assert page.focused() == "key"
    give(page, WRONG)
    assert "not known" in page.shown("#key-problem")
    assert page.focused() == "key"
    assert page.evaluate("document.getElementById('key').value") == ""
    give(page, key[0])
    page.wait("!document.getElementById('key-dialog').open", 10)
    page.fill("script", "The key fits.")
    page.press("Control+Enter")
    page.to_the_end()
    page.download("#save-mp3", tmp_path)
    page.click("#rungs-open")
    page.wait("document.querySelector('[data-testid=rung-flite]')", 10)
    page.press("Escape")
    page.browser.do("reload")
    page.shown("#key-open")
    page.wait("document.getElementById('rungs-dot').dataset.state !== 'unknown'", 10)
    assert not page.evaluate("document.getElementById('key-dialog').open")
    for secret in (key[0], WRONG):
        assert not [url for url in page.urls() if secret in url]
        assert secret not in gateway.log


def test_a_key_that_is_not_to_be_remembered_is_gone_with_the_tab(page, key) -> None:
    page.shown("#key-dialog")
    give(page, key[0])
    page.wait("!document.getElementById('key-dialog').open", 10)
    assert page.evaluate("JSON.stringify(localStorage)").count(key[0]) == 0
    assert page.evaluate("JSON.stringify(sessionStorage)").count(key[0]) == 1


def test_a_key_that_is_to_be_remembered_is_kept_until_it_is_wrong(page, key) -> None:
    page.shown("#key-dialog")
    page.click("#key-remember")
    give(page, key[0])
    page.wait("!document.getElementById('key-dialog').open", 10)
    assert page.evaluate("JSON.stringify(localStorage)").count(key[0]) == 1
    page.evaluate("wrong => localStorage.setItem('troupe.key', wrong)", WRONG)
    page.browser.do("reload")
    assert "not known" in page.shown("#key-problem")
    assert page.evaluate("JSON.stringify(localStorage)").count(WRONG) == 0


def test_who_has_no_key_yet_still_keeps_what_was_typed(page) -> None:
    page.shown("#key-dialog")
    page.press("Escape")
    page.wait("!document.getElementById('key-dialog').open", 5)
    page.fill("script", "Typed before there was a key.")
    page.press("Control+Enter")
    page.shown("#key-dialog")
    page.press("Escape")
    assert page.shown("#error").startswith("This gateway asks for a key.")
    assert page.evaluate("document.getElementById('script').value") == "Typed before there was a key."


def test_the_api_stays_closed_to_those_without_one(gateway) -> None:
    assert httpx.get(f"http://{gateway.addresses['http']}/api/voices").status_code == 401
