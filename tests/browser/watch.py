"""Plays one film in Chromium: watch.py PAGE_URL SECONDS SCREENSHOT. Run by the Python of var/browser.

Prints what the page saw, as one JSON object (see `window.told` of page.html). The picture on the screen is saved when
half of the film was played.
"""

from __future__ import annotations

import json
import sys
import tempfile
from typing import Any

import chromium
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLong

FLAGS = (*chromium.FLAGS, "--autoplay-policy=no-user-gesture-required")
SLACK_S = 40.0  # what a film may take beyond its length, its making and a busy machine included
WINDOW = {"width": 512, "height": 512}


def main(url: str, seconds: float, screenshot: str) -> None:
    """Watch it to the end, or until the time is over."""
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium.program(), args=list(FLAGS), viewport=WINDOW, chromium_sandbox=False
        )
        try:
            page = context.pages[0]
            page.goto(url)
            told = watched(page, seconds, screenshot)
        finally:
            context.close()
    sys.stdout.write(json.dumps(told) + "\n")


def watched(page: Page, seconds: float, screenshot: str) -> dict[str, Any]:
    """What the page saw, once the film ended, broke or ran out of time."""
    until(page, f"seen.error || seen.ended || document.querySelector('video').currentTime > {seconds / 2}", seconds)
    page.screenshot(path=screenshot)
    until(page, "seen.error || seen.ended", seconds)
    return page.evaluate("told()")


def until(page: Page, condition: str, seconds: float) -> None:
    """Wait for it; a film that never gets there is told as it is."""
    try:
        # Polled slowly: asking for each frame would cost the player time.
        page.wait_for_function(condition, timeout=(seconds + SLACK_S) * 1000, polling=250)
    except TooLong:
        sys.stderr.write(f"after {seconds + SLACK_S:.0f} s still not: {condition}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
