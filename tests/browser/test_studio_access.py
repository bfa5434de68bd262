"""Whoever has no mouse, or no screen: axe-core finds nothing serious in any state, and the keyboard reaches all."""

from __future__ import annotations

import pytest
from tests.browser.studio import Studio

from gateway.guard.keys import create_key

pytestmark = pytest.mark.timeout(150)
STOPS = 60  # more than the page has
SHORT = "One two three, and four."
SETTLE = """async () => {
  await new Promise(resolve => setTimeout(resolve, 50));
  const ends = document.getAnimations().filter(each => each.effect.getComputedTiming().iterations !== Infinity);
  await Promise.all(ends.map(each => each.finished.catch(() => {})));
}"""
REACHABLE = """() => {
  const open = document.querySelector("dialog[open]") ?? document.body;
  const all = [...open.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
  return all.filter(each => each.checkVisibility({ visibilityProperty: true }) && !each.disabled && each.tabIndex >= 0
      && !each.closest("[inert]") && (open !== document.body || !each.closest("dialog"))
      && (each.type !== "radio" || each.checked))
    .map(named);
}"""
HELPERS = """() => {
  window.named = each => each.id || `${each.tagName} ${each.name || each.textContent.trim()} ${each.value || ""}`;
  const around = each => [each, ...each.parentElement.children, each.parentElement, each.parentElement.parentElement];
  const look = each => JSON.stringify([...around(each), each.closest(".sheet")].filter(Boolean).map(one => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor } = getComputedStyle(one);
    return [outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, borderColor];
  }));
  let last = null;
  window.stops = { names: [], unseen: [] };
  window.stop = () => {
    const now = document.activeElement;
    if (last && look(last.element) === last.look) stops.unseen.push(named(last.element));
    last = now === document.body ? null : { element: now, look: look(now) };
    if (last) stops.names.push(named(now));
  };
}"""

LISTEN = """() => {
  window.news = [];
  const place = document.getElementById("news");
  new MutationObserver(() => news.push(place.textContent)).observe(place, { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def locked(beside, tmp_path_factory) -> str:
    """A gateway that asks for a key."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    create_key(path, "nobody")
    return f"http://{beside(TROUPE_API_KEYS_FILE=str(path)).addresses['http']}"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_in_any_state(mesh, studio, dark: bool) -> None:
    page = studio(mesh.url).open(dark=dark)
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        page.evaluate(SETTLE)
        found[state] = page.offences()

    look("empty")
    for tab in ("idea", "site", "script"):
        page.click(f"#tab-{tab}")
        look(tab)
    page.click("#options summary")
    look("options")
    for opener, dialog in (("#voice-open", "voices"), ("#rungs-open", "rungs")):
        page.click(opener)
        page.shown(f"#{dialog} :is(.voice-row, .rung)")
        look(dialog)
        page.press("Escape")
    page.fill("script", " ")
    page.press("Control+Enter")
    page.shown("#error")
    look("error")
    page.fill("script", SHORT * 3)
    page.press("Control+Enter")
    page.wait("seen.playing && document.querySelector('#caption .now')", 30)
    look("playing")
    page.to_the_end()
    look("over")
    assert {state: offences for state, offences in found.items() if offences} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_where_a_key_is_asked_for(locked, studio, dark: bool) -> None:
    page = studio(locked)
    page.allowed.add(401)
    page.open(dark=dark)
    page.shown("#key-dialog")
    page.evaluate(SETTLE)
    assert page.offences() == []
    page.fill("key", "trp_wrong")
    page.press("Enter")
    page.shown("#key-problem")
    page.evaluate(SETTLE)
    assert page.offences() == []


def walk(page: Studio) -> dict[str, list[str]]:
    """Tab through everything; gives the stops, and those at which nothing shows where one is."""
    page.evaluate(HELPERS)
    page.evaluate("document.activeElement.blur()")
    for _ in range(STOPS):
        page.press("Tab")
        page.evaluate("stop()")
        names = page.evaluate("stops.names")
        if len(names) > 2 and names[-1] == names[0]:
            break
    return page.evaluate("stops")


def test_the_tab_key_reaches_everything_and_shows_where_it_is(mesh, studio) -> None:
    page = studio(mesh.url).open()
    page.fill("script", SHORT)
    page.click("#options summary")
    page.press("Control+Enter")
    page.to_the_end()
    page.wait("document.getElementById('play').checkVisibility()", 10)
    stops = walk(page)
    reachable = page.evaluate(REACHABLE)
    assert len(reachable) > 15
    assert sorted(set(reachable) - set(stops["names"])) == []
    assert sorted(set(stops["unseen"])) == []


def test_the_order_of_the_tab_key_is_that_of_the_page(mesh, studio) -> None:
    page = studio(mesh.url).open()
    names = walk(page)["names"]
    order = [names.index(name) for name in ("rungs-open", "tab-script", "script", "voice-open", "play")]
    assert order == sorted(order)


@pytest.mark.parametrize(("opener", "dialog"), [("voice-open", "voices"), ("rungs-open", "rungs")])
def test_a_dialog_keeps_the_focus_and_gives_it_back(mesh, studio, opener: str, dialog: str) -> None:
    page = studio(mesh.url).open()
    page.wait("document.getElementById('rungs-dot').dataset.state !== 'unknown'", 10)
    page.evaluate("id => document.getElementById(id).focus()", opener)
    page.press("Enter")
    page.shown(f"#{dialog}")
    inside = "document.activeElement === document.body || !!document.activeElement.closest('dialog[open]')"
    for _ in range(12):
        page.press("Tab")
        assert page.evaluate(inside)
    page.press("Escape")
    page.wait("!document.querySelector('dialog[open]')", 5)
    assert page.focused() == opener


def test_escape_closes_a_dialog_and_does_not_stop_the_film(mesh, studio) -> None:
    page = studio(mesh.url).open()
    page.fill("script", SHORT * 6)
    page.press("Control+Enter")
    page.wait("seen.playing", 30)
    page.click("#rungs-open")
    page.shown("#rungs")
    page.press("Escape")
    page.wait("!document.querySelector('dialog[open]')", 5)
    assert not page.evaluate("document.querySelector('video').paused")
    page.to_the_end()


def test_arrow_keys_go_through_the_tabs(mesh, studio) -> None:
    page = studio(mesh.url).open()
    page.evaluate("document.getElementById('tab-script').focus()")
    for expected in ("tab-idea", "tab-site", "tab-script"):
        page.press("ArrowRight")
        assert page.focused() == expected
        assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    page.press("End")
    assert page.focused() == "tab-site"


def test_news_is_told_to_those_who_listen_and_words_are_not(mesh, studio) -> None:
    page = studio(mesh.url).open()
    page.evaluate(LISTEN)
    page.fill("script", SHORT)
    page.press("Control+Enter")
    page.to_the_end()
    page.wait("news.some(each => each.startsWith('Done.'))", 10)
    news = page.evaluate("news")
    assert any("is speaking" in each for each in news)
    assert len(news) <= 4, news
    assert page.evaluate("document.getElementById('caption').getAttribute('aria-hidden')") == "true"
