"""The Studio as the tests see it: a page in Chromium, driven by a process of its own (studio_driver.py)."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STEP_S = 60.0  # what one step may take beyond the time it waits for something
PATIENCE = 3
DESKTOP = (1280, 900)
ANSWERED = re.compile(r"the server responded with a status of (\d+)")
NO_ANSWER = "net::ERR_"
SERIOUS = frozenset({"serious", "critical"})


class Browser:
    """The process that drives Chromium, started with more flags where a test needs them."""

    def __init__(self, folder: Path, *flags: str) -> None:
        axe = folder / "node/node_modules/axe-core/axe.min.js"
        command = [folder / "bin/python", HERE / "studio_driver.py", axe, HERE / "studio_watch.js", *flags]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answers: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.popen.stdout
        with self.popen.stdout as lines:
            for line in lines:
                self.answers.put(line)
        self.answers.put("")

    def do(self, command: str, within_s: float = STEP_S, **given: Any) -> Any:
        """Have one command done; what went wrong in the browser is an AssertionError."""
        assert self.popen.stdin
        self.popen.stdin.write(json.dumps({"do": command, **given}) + "\n")
        self.popen.stdin.flush()
        line = self.answers.get(timeout=within_s)
        assert line, f"the browser's driver ended with status {self.popen.wait(5)}"
        answer = json.loads(line)
        assert "error" not in answer, f"{command} {given}: {answer['error']}"
        return answer["value"]

    def close(self) -> None:
        """End it, and the browser."""
        assert self.popen.stdin
        self.popen.stdin.close()
        self.popen.wait(STEP_S)
        self.reader.join()


@dataclass
class Studio:
    """One page. `#id` are the page's own ids."""

    browser: Browser
    url: str
    allowed: set[int] = field(default_factory=set)  # statuses of answers that a test brings about; 0 = no answer

    def open(
        self, size: tuple[int, int] = DESKTOP, *, dark: bool = False, phone: bool = False, hold: str = ""
    ) -> Studio:
        """As somebody who was never here. `hold`: a pattern of addresses that are not answered until `release`."""
        self.browser.do("new", width=size[0], height=size[1], dark=dark, phone=phone)
        if hold:
            self.browser.do("hold", pattern=hold)
        self.browser.do("goto", url=f"{self.url}/")
        self.wait("document.querySelectorAll('[name=face]').length > 0", 10)
        return self

    def release(self, *, lost: bool = False) -> None:
        """Let what was held go its way, or be lost on it; what comes later goes its way."""
        self.browser.do("release", lost=lost)

    def press(self, keys: str, times: int = 1) -> None:
        self.browser.do("press", keys=keys, times=times)

    def click(self, selector: str) -> None:
        self.browser.do("click", selector=selector)

    def fill(self, field_id: str, text: str) -> None:
        """Type a text into a field, in place of what is there."""
        self.evaluate("id => document.getElementById(id).focus()", field_id)
        self.press("ControlOrMeta+a")
        self.browser.do("write", text=text) if text else self.press("Delete")

    def evaluate(self, expression: str, given: Any = None) -> Any:
        return self.browser.do("evaluate", expression=expression, given=given)

    def wait(self, expression: str, seconds: float) -> Any:
        """The value of an expression of the page once it is true; a loaded machine gets more time than that."""
        seconds *= PATIENCE
        try:
            return self.browser.do("wait", seconds + STEP_S, expression=expression, seconds=seconds)
        except AssertionError as error:
            told = self.evaluate("document.getElementById('error').textContent")
            error.add_note(f"the page says: {told!r}")
            raise

    def text(self, selector: str) -> str:
        """What is to be read there; empty where nothing is to be seen."""
        script = "s => { const e = document.querySelector(s); return e?.checkVisibility() ? e.innerText.trim() : '' }"
        return self.evaluate(script, selector)

    def focused(self) -> str:
        """The id of what has the focus, or its tag."""
        return self.evaluate("document.activeElement.id || document.activeElement.tagName")

    def shown(self, selector: str, seconds: float = 10) -> str:
        """Wait until it is to be seen; gives what is to be read there."""
        self.wait(f"!!document.querySelector({json.dumps(selector)})?.checkVisibility()", seconds)
        return self.text(selector)

    def told(self) -> dict[str, Any]:
        """What `told()` of studio_watch.js tells of the last film."""
        return self.evaluate("told()")

    def to_the_end(self, seconds: float = 60) -> None:
        """Wait until the film was played to its end, faster where its pace is nothing to the test."""
        self.wait("seen.playing", seconds)
        self.evaluate("document.querySelector('video').playbackRate = 3")
        self.wait("seen.ended", seconds)

    def stop(self) -> None:
        """Have no more of the film made. Until now nothing may be wrong; of its sudden end Chromium may complain."""
        self.judge()
        self.allowed.add(0)
        self.press("Escape")
        self.wait("document.getElementById('play').checkVisibility()", 10)

    def picture(self, path: Path, *, whole: bool = False) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.browser.do("picture", path=str(path), whole=whole)
        return path

    def download(self, selector: str, folder: Path) -> Path:
        return Path(self.browser.do("download", selector=selector, folder=str(folder)))

    def offences(self) -> list[str]:
        """What axe-core finds serious or critical: rule, and where."""
        found = [each for each in self.browser.do("axe") if each["impact"] in SERIOUS]
        return [f"{each['id']} at {node['target']}: {node['html'][:120]}" for each in found for node in each["nodes"]]

    def scene(self) -> str:
        """The last scene that the page was told of."""
        return self.browser.do("told")["scenes"][-1]

    def urls(self) -> list[str]:
        """Every address that was asked for, and that of the page."""
        return self.browser.do("told")["urls"]

    def judge(self) -> None:
        """Nothing may have gone wrong that the test did not bring about."""
        told = self.browser.do("told")
        assert not told["refused"], f"the page's own policy refused {told['refused']}"
        assert not told["errors"], f"a script of the page failed: {told['errors']}"
        unexpected = [line for line in told["console"] if not self._brought_about(line)]
        assert not unexpected, f"the console complains: {unexpected}"

    def _brought_about(self, line: str) -> bool:
        if NO_ANSWER in line:
            return 0 in self.allowed
        answered = ANSWERED.search(line)
        return bool(answered) and int(answered[1]) in self.allowed
