"""What comes before the networks: a line of text becomes tokens, its voice becomes latents."""

from __future__ import annotations

from pathlib import Path

from svc_tts.engines.xtts.guard import closed, expect
from svc_tts.engines.xtts.machine import Passage, Sampling, Script
from svc_tts.engines.xtts.orders import Line
from svc_tts.engines.xtts.shelf import Shelf
from svc_tts.engines.xtts.text.tokenizer import Tokenizer
from troupe.wire.errors import EmptyText, UnsupportedMedia


class Desk:
    """Makes scripts of lines."""

    def __init__(self, tokenizer: Tokenizer, shelf: Shelf, longest: int) -> None:
        self._tokenizer = tokenizer
        self._shelf = shelf
        self._longest = longest  # codes of one passage

    def script(self, number: int, line: Line) -> Script:
        """Ready to be made; raises the leaf that says what is wrong with the line or with its sample."""
        sampling = Sampling(line.temperature, line.top_p, line.top_k, line.repetition_penalty)
        passages = self._passages(line.text, line.language)
        return Script(number, tuple(passages), self.voice(line), sampling, line.seed, line.speed)

    def voice(self, line: Line) -> object:
        """Its latents; raises `UnsupportedMedia` where the recording cannot be read."""
        try:
            return self._shelf.of(line)
        except (OSError, RuntimeError, ValueError) as error:
            name = Path(line.sample.wav).name if line.sample else line.speaker
            raise UnsupportedMedia(
                f"The sample {name} of this voice cannot be read ({error}). Clone it anew."
            ) from error

    def forget(self, key: str) -> None:
        """See `Shelf.forget`."""
        self._shelf.forget(key)

    def _passages(self, text: str, language: str) -> list[Passage]:
        """None where nothing of the text can be said: one such sentence must not end a long answer."""
        try:
            pieces = self._tokenizer.cut(closed(text, language), language)
        except EmptyText:
            return []
        return [Passage(piece.tokens, expect(piece.text, language, self._longest)) for piece in pieces]
