"""Drives Chromium for the tests of the Studio: studio_driver.py AXE_JS WATCH_JS [FLAG…], by the Python of var/browser.

One command a line as JSON on stdin, `{"do": "press", "keys": "Enter"}`, and one answer a line on stdout:
`{"value": …}` or `{"error": "…"}`. One page is open at a time; each begins with a browser that knows nothing.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import chromium
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Response,
    Route,
    sync_playwright,
)

STEP_MS = 30_000.0
POLL_S = 0.05
AXE = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


class Driver:
    """The browser, its one page, and everything that went wrong on it. Its public methods are the commands."""

    def __init__(self, playwright: Playwright, axe: str, watch: str, flags: list[str]) -> None:
        launch = playwright.chromium.launch
        # Sound without a press of a person is as forbidden as in everybody's browser.
        args = [*chromium.FLAGS, *flags]
        self.browser = launch(executable_path=chromium.program(), args=args, chromium_sandbox=False)
        self.axe_script, self.watch_script = axe, watch
        self.context: BrowserContext | None = None
        self.page: Page
        self.held: list[Route]
        self.pattern: str

    def new(self, *, width: int, height: int, dark: bool, phone: bool) -> None:
        """Another page, of a browser that knows nothing."""
        self.close()
        self.context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            is_mobile=phone,
            device_scale_factor=2 if phone else 1,
            accept_downloads=True,
        )
        self.context.set_default_timeout(STEP_MS)
        self.context.add_init_script(self.watch_script)
        self.console: list[str] = []
        self.errors: list[str] = []
        self.urls: list[str] = []
        self.scenes: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        self.page.on("request", lambda request: self.urls.append(request.url))
        self.page.on("response", self._answered)

    def hold(self, pattern: str) -> None:
        """Keep requests for these addresses waiting until `release`."""
        self.held, self.pattern = [], pattern
        self.page.route(pattern, self._hold)

    def release(self, *, lost: bool) -> None:
        """Once there is one, let them go their way, or be lost on it."""
        deadline = time.monotonic() + STEP_MS / 1000
        while not self.held and time.monotonic() < deadline:
            self.page.wait_for_timeout(POLL_S * 1000)
        for route in self.held:
            route.abort() if lost else route.continue_()
        self.page.unroute(self.pattern)

    def goto(self, url: str) -> None:
        """Open an address."""
        self.page.goto(url)

    def reload(self) -> None:
        """As F5 does."""
        self.page.reload()

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.page.set_viewport_size({"width": width, "height": height})

    def press(self, keys: str, times: int = 1) -> None:
        """Press keys where the focus is."""
        for _ in range(times):
            self.page.keyboard.press(keys)

    def write(self, text: str) -> None:
        """Type a text where the focus is."""
        self.page.keyboard.insert_text(text)

    def click(self, selector: str) -> None:
        """Click in the middle of an element, once it is there, steady and not covered."""
        self.page.click(selector)

    def choose_file(self, selector: str, path: str) -> None:
        """Pick a file in a file field."""
        self.page.set_input_files(selector, path)

    def evaluate(self, expression: str, given: Any = None) -> Any:
        """The value of an expression, or of a function of `given`."""
        return self.page.evaluate(expression, given)

    def wait(self, expression: str, seconds: float) -> Any:
        """The value of an expression once it is true. Polled from here: asking for each frame costs the player time."""
        deadline = time.monotonic() + seconds
        while not (value := self.page.evaluate(expression)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"After {seconds:.0f} s still not: {expression}")
            self.page.wait_for_timeout(POLL_S * 1000)
        return value

    def picture(self, path: str, *, whole: bool = False) -> None:
        """Save what is on the screen, or the whole page."""
        self.page.screenshot(path=path, full_page=whole)

    def download(self, selector: str, folder: str) -> str:
        """Click, and keep the file that comes; gives its path."""
        with self.page.expect_download() as coming:
            self.page.click(selector)
        path = Path(folder) / coming.value.suggested_filename
        coming.value.save_as(path)
        return str(path)

    def axe(self) -> list[dict[str, Any]]:
        """What axe-core finds wrong on the page as it stands."""
        self.page.evaluate(self.axe_script)
        return self.page.evaluate(AXE)

    def told(self) -> dict[str, Any]:
        """What the browser complained of, what it asked for, and which scenes it was told of."""
        return {
            "console": self.console,
            "errors": self.errors,
            "refused": self.page.evaluate("seen.refused"),
            "urls": [*self.urls, self.page.url],
            "scenes": self.scenes,
        }

    def close(self) -> None:
        """Close the page."""
        if self.context:
            self.context.close()
            self.context = None

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _hold(self, route: Route) -> None:
        self.held.append(route)

    def _answered(self, response: Response) -> None:
        if scene := response.headers.get("x-troupe-scene"):
            self.scenes.append(scene)


def main(axe: str, watch: str, *flags: str) -> None:
    """Take commands until there are none."""
    with sync_playwright() as playwright:
        driver = Driver(playwright, Path(axe).read_text("utf-8"), Path(watch).read_text("utf-8"), list(flags))
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = {"value": getattr(driver, command.pop("do"))(**command)}
            except (Error, TimeoutError) as error:
                answer = {"error": str(error)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        driver.close()
        driver.browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
