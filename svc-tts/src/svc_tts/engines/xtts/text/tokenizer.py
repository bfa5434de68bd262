"""Text of 17 languages -> numbers of XTTS v2's vocabulary (byte pair encoding, by `tokenizers`)."""

from __future__ import annotations

from pathlib import Path

import tokenizers

from svc_tts.engines.xtts.text.cleaning import clean
from svc_tts.engines.xtts.text.cutting import MAX_TEXT_TOKENS, TextPiece, cut
from svc_tts.engines.xtts.text.foreign import romanize_foreign
from svc_tts.engines.xtts.text.languages import LANGUAGES, language_of, token_of
from svc_tts.engines.xtts.text.mending import mend
from svc_tts.engines.xtts.text.tidying import tidy
from svc_tts.frontend.aligned import AlignedText
from troupe.wire.errors import EmptyText, EngineMissing, UnsupportedLanguage

_SPACE, _UNKNOWN = "[SPACE]", "[UNK]"


class Tokenizer:
    """A released `vocab.json`. Raises `EngineMissing` where the file is none, or lacks what the model needs."""

    def __init__(self, vocabulary: Path, *, max_text_tokens: int = MAX_TEXT_TOKENS) -> None:
        self._bpe = _read(vocabulary)
        self._unknown = self._bpe.token_to_id(_UNKNOWN)
        self._max_tokens = max_text_tokens
        self.languages = tuple(lang for lang in LANGUAGES if self._bpe.token_to_id(token_of(lang)) is not None)
        if not self.languages or self._bpe.token_to_id(_SPACE) is None:
            raise EngineMissing(f"{vocabulary} is no vocabulary of XTTS: it lacks [SPACE] or every language.")

    @property
    def size(self) -> int:
        """One more than the largest number."""
        return max(self._bpe.get_vocab().values()) + 1

    def encode(self, text: str, language: str) -> list[int]:
        """The numbers that coqui-tts makes of `text`, [language] first; raises `UnsupportedLanguage`.

        `language` is a BCP 47 tag. Start and stop are not among the numbers.
        """
        language = self._language(language)
        return self._numbers(clean(text, language), language)

    def cut(self, text: str, language: str) -> list[TextPiece]:
        """`text` tidied and cut into what the model speaks in one go, with the numbers of each piece.

        The pieces' spans lie end to end and cover the whole of `text`. Raises `EmptyText` where nothing of it can be
        said, and `UnsupportedLanguage`.
        """
        language = self._language(language)
        tidied = mend(tidy(romanize_foreign(AlignedText.of(text), language), language), language)
        pieces = cut(tidied, language, lambda part: self._known(part, language), self._max_tokens)
        if not pieces:
            raise EmptyText(f'"{text[:40]}" holds nothing that XTTS can say in {language}. Send words in its letters.')
        return _end_to_end(pieces, len(text))

    def pieces(self, text: str, language: str) -> list[str]:
        """The texts of `cut`."""
        return [piece.text for piece in self.cut(text, language)]

    def _known(self, text: str, language: str) -> list[int]:
        """As `encode`, but nothing in it is unknown to the vocabulary: for that the model says noise.

        Words that num2words begins with a capital ("Komma", "Euro") are unknown, too, so these are made small.
        """
        numbers = self._numbers(clean(text, language).lower(), language)
        return [number for number in numbers if number != self._unknown]

    def _numbers(self, cleaned: str, language: str) -> list[int]:
        return list(self._bpe.encode(f"{token_of(language)}{cleaned}".replace(" ", _SPACE)).ids)

    def _language(self, tag: str) -> str:
        language = language_of(tag)
        if language not in self.languages:
            known = ", ".join(self.languages)
            raise UnsupportedLanguage(f'This model does not speak "{tag}". It speaks {known}.', language=tag)
        return language


def _end_to_end(pieces: list[TextPiece], length: int) -> list[TextPiece]:
    """Each piece's span up to the next one's beginning, so that none of the input lies between two."""
    starts = [0, *(piece.start for piece in pieces[1:]), length]
    return [
        TextPiece(piece.text, piece.tokens, start, end)
        for piece, start, end in zip(pieces, starts, starts[1:], strict=False)
    ]


def _read(vocabulary: Path) -> tokenizers.Tokenizer:
    remedy = "Fetch the model's vocab.json anew: make xtts."
    if not vocabulary.is_file():
        raise EngineMissing(f"{vocabulary} is not there.", remedy=remedy)
    try:
        return tokenizers.Tokenizer.from_file(str(vocabulary))
    except Exception as error:  # tokenizers raises Exception itself
        raise EngineMissing(f"{vocabulary} cannot be read as a vocabulary: {error}.", remedy=remedy) from error
