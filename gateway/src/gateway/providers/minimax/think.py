"""`<think>…</think>` inside the content: the reasoning of a model that did not keep it apart.

Tags may come in pieces. Only a tag at the very beginning of the content counts: later ones are the model quoting.
"""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Feed it content; it gives back (content, reasoning), each without the empty lines around the tags."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"  # start -> thinking -> content
        self._trim = False  # the next line breaks belong to a tag

    def feed(self, text: str) -> tuple[str, str]:
        """The two parts of what has become certain."""
        if self._state == "content":
            return self._trimmed(text), ""
        self._held += text
        if self._state == "start" and not self._opened():
            return self.flush() if self._state == "content" else ("", "")
        return self._thought()

    def flush(self) -> tuple[str, str]:
        """What was held back, at the end."""
        held, self._held = self._trimmed(self._held), ""
        return ("", held) if self._state == "thinking" else (held, "")

    def _opened(self) -> bool:
        """Whether a thought has begun; decides for content as soon as none can begin."""
        lead = self._held.lstrip()
        if lead.startswith(OPEN):
            self._state, self._held, self._trim = "thinking", lead[len(OPEN) :], True
            return True
        if not OPEN.startswith(lead):
            self._state = "content"
        return False

    def _thought(self) -> tuple[str, str]:
        thought, found, rest = self._held.partition(CLOSE)
        if found:
            thought = self._trimmed(thought)
            self._state, self._held, self._trim = "content", "", True
            return self._trimmed(rest), thought
        keep = next((size for size in range(len(CLOSE) - 1, 0, -1) if thought.endswith(CLOSE[:size])), 0)
        self._held = thought[len(thought) - keep :]
        return "", self._trimmed(thought[: len(thought) - keep])

    def _trimmed(self, text: str) -> str:
        if self._trim:
            text = text.lstrip("\n")
            self._trim = not text
        return text
