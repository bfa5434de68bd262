"""The Studio on screens from a small phone to a desk: nothing sticks out, nothing overlaps, a thumb hits what it means.

Pictures of every state are left in var/studio/ for a person to look at.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.studio import Studio

pytestmark = pytest.mark.timeout(150)
PHONES = ((360, 740), (390, 844))
SCREENS = ((768, 1024), (1440, 900))
THUMB_PX = 40
TEXT = "Welcome to the harbour. The lamp on the quay is lit, and the boats are coming home."
MEASURE = """least => {
  const seen = { visibilityProperty: true, opacityProperty: true };
  const shown = each => each.checkVisibility(seen) && !each.closest(".unseen, [inert]");
  const scope = document.querySelector("dialog[open]") ?? document.body;
  const written = "textarea, select, [type=url], [type=search], [type=password], [type=range]";
  const hit = each => (each.labels?.length && !each.matches(written) && each.closest("label")) || each;
  const all = [...scope.querySelectorAll("button, input, select, textarea, summary, video, h1, .hint, .line")]
    .filter(each => shown(each) && (scope !== document.body || !each.closest("dialog")));
  const boxes = [...new Set(all.map(hit))].map(each => ({ each, box: each.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0 && box.height > 0);
  const named = ({ each, box }) => [each.id || each.className || each.tagName, each.textContent.trim().slice(0, 20),
    `${Math.round(box.width)}x${Math.round(box.height)}`].join(" ");
  const overlaps = [], small = [];
  boxes.forEach((one, index) => {
    // What is said in a sentence is as high as the sentence; the play button floats over what is scrolled below it.
    const inline = one.each.matches(".hint button, h1, .hint, .line, video");
    if (!inline && Math.min(one.box.width, one.box.height) < least) small.push(named(one));
    for (const other of boxes.slice(index + 1)) {
      const within = one.each.contains(other.each) || other.each.contains(one.each);
      const floating = one.each.closest(".act, .frame") || other.each.closest(".act, .frame");
      const own = one.each.closest(".face-own") && other.each.closest(".face-own");
      if (within || floating || own) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (wide > 1 && high > 1) overlaps.push(`${named(one)} and ${named(other)}`);
    }
  });
  const { scrollWidth } = document.documentElement;
  const cut = [...document.querySelectorAll(".button, .tabs button, .step, h1")].filter(shown)
    .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.textContent.trim().slice(0, 40));
  return { sticks_out: Math.max(0, scrollWidth - innerWidth), overlaps, small, cut };
}"""


def measured(page: Studio, least: int, picture: Path) -> dict[str, object]:
    page.evaluate("() => new Promise(resolve => setTimeout(resolve, 300))")  # transitions
    page.picture(picture)
    return {what: found for what, found in page.evaluate(MEASURE, least).items() if found}


@pytest.mark.parametrize("phone", [True, False], ids=["phones", "screens"])
def test_everything_fits(mesh, studio, pictures: Path, phone: bool) -> None:
    sizes, least = (PHONES, THUMB_PX) if phone else (SCREENS, 0)
    page = studio(mesh.url).open(sizes[0], dark=not phone, phone=phone)
    found: dict[str, object] = {}

    def look(state: str) -> None:
        for width, height in sizes:
            page.browser.do("resize", width=width, height=height)
            found[f"{state} {width}"] = measured(page, least, pictures / f"{state}-{width}.png")

    page.wait("document.getElementById('rungs-dot').dataset.state === 'ready'", 20)
    look("empty")
    for tab in ("idea", "site", "script"):
        page.click(f"#tab-{tab}")
        look(tab)
    for opener, dialog in (("#voice-open", "voices"), ("#rungs-open", "rungs")):
        page.click(opener)
        page.shown(f"#{dialog} :is(.voice-row, .rung)")
        look(dialog)
        page.press("Escape")
    page.fill("script", " ")
    page.press("Control+Enter")
    page.shown("#error")
    look("error")
    page.fill("script", f"{TEXT} {TEXT}")
    page.press("Control+Enter")
    page.wait("seen.playing && document.querySelector('#caption .now')", 30)
    look("playing")
    page.to_the_end()
    page.click("#options summary")
    look("over")
    for width, height in sizes:
        page.browser.do("resize", width=width, height=height)
        page.picture(pictures / f"whole-{width}.png", whole=True)
    assert {state: each for state, each in found.items() if each} == {}


def test_the_stage_keeps_its_place_while_a_film_begins(mesh, studio) -> None:
    page = studio(mesh.url).open((1440, 900))
    box = "(({x, y, width, height}) => [x, y, width, height])(document.getElementById('frame').getBoundingClientRect())"
    page.fill("script", TEXT)
    before = page.evaluate(box)
    page.press("Control+Enter")
    page.wait("seen.playing", 30)
    assert page.evaluate(box) == before
    page.to_the_end()
    assert page.evaluate(box) == before


def test_a_phone_sees_the_stage_when_it_presses_play(mesh, studio) -> None:
    page = studio(mesh.url).open((390, 844), phone=True)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.click("#play")
    page.wait("seen.playing", 30)
    top, bottom = page.evaluate(
        "(({top, bottom}) => [top, bottom])(document.getElementById('frame').getBoundingClientRect())"
    )
    assert top >= -1
    assert bottom <= 844
