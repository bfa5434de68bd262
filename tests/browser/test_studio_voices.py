"""The dialog of voices where the list is late or lost: it is said, nothing typed is gone, the keys still work."""

from __future__ import annotations

import pytest
from tests.browser.studio import Studio

pytestmark = pytest.mark.timeout(120)
LIST = "**/api/voices"
THERE = "document.querySelectorAll('[name=voice]').length"


@pytest.fixture
def page(mesh, studio) -> Studio:
    """The dialog is open, by keyboard, and the list of voices is still on its way."""
    page = studio(mesh.url).open(hold=LIST)
    page.evaluate("document.getElementById('voice-open').focus()")
    page.press("Enter")
    page.shown("#voices")
    return page


def test_a_list_that_is_late_is_said_to_come_and_the_keys_go_on_from_the_voice_that_is_chosen(page: Studio) -> None:
    assert page.text("#voice-list") == "The voices are on their way …"
    assert page.focused() == "voice-search"
    before = page.text("#voice-name")
    page.press("ArrowDown")
    page.release()
    page.wait(THERE, 10)
    assert page.evaluate("document.activeElement.value") == page.evaluate(
        "document.querySelector('[name=voice]:checked').value"
    )
    assert page.evaluate("document.getElementById('voice-language').value") == "en"
    page.press("ArrowDown", times=2)
    page.press("Enter")
    page.wait("!document.getElementById('voices').open", 5)
    assert page.text("#voice-name") != before


def test_what_was_typed_meanwhile_is_looked_for(page: Studio) -> None:
    page.browser.do("write", text="jenny")
    page.release()
    page.wait(THERE, 10)
    assert page.focused() == "voice-search"
    names = page.evaluate("[...document.querySelectorAll('#voice-list .voice-name')].map(each => each.innerText)")
    assert names
    assert all("Jenny" in name for name in names)
    page.press("ArrowDown")
    assert page.evaluate("document.activeElement.name") == "voice"


def test_a_list_that_is_lost_is_asked_for_again_at_a_press(page: Studio) -> None:
    page.allowed.add(0)
    page.release(lost=True)
    assert page.shown("#voice-problem").startswith("The gateway does not answer.")
    assert page.text("#voice-list") == ""
    page.click("#voice-problem [data-testid=error-action]")
    page.wait(THERE, 10)
    assert page.text("#voice-problem") == ""


def test_a_list_that_was_lost_is_asked_for_again_when_it_is_wanted(page: Studio) -> None:
    page.allowed.add(0)
    page.press("Escape")
    page.release(lost=True)
    assert page.shown("#error").startswith("The gateway does not answer.")
    page.click("#voice-open")
    page.wait(THERE, 10)
    assert page.text("#voice-problem") == ""
