"""MiniMax's subtitle file -> word timings and sentence ends in the caller's terms.

Places are characters of the run's own text and are checked against it: a word that does not stand where MiniMax says is
looked for behind the last one, and left out where it cannot be found. Times never run backwards or past the sound.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from gateway.providers.minimax.faults import not_its_api
from gateway.providers.minimax.replies import Subtitle, SubtitleWord
from troupe.v1.media_pb2 import WordTiming

_FILE = TypeAdapter(list[Subtitle])
MAX_WORDS = 20_000


def read_subtitles(data: bytes) -> list[Subtitle]:
    """The file; raises `EngineFailed` for what is none."""
    try:
        return _FILE.validate_json(data)
    except ValidationError:
        raise not_its_api("no subtitle file") from None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands in the whole answer."""

    text: str
    text_start: int  # code points of the input before it
    start_ms: int
    end_ms: int


def words_of(subtitles: list[Subtitle], place: Place) -> list[WordTiming]:
    """The words of a run, in order."""
    timed: list[WordTiming] = []
    at, now_ms = 0, place.start_ms
    for word in _words(subtitles)[:MAX_WORDS]:
        found = _find(word, place.text, at)
        if found is None:
            continue
        start_ms = min(max(now_ms, place.start_ms + round(word.time_begin)), place.end_ms)
        now_ms = min(max(start_ms, place.start_ms + round(word.time_end)), place.end_ms)
        begin, at = found
        timed.append(
            WordTiming(
                word=place.text[begin:at],
                text_start=place.text_start + begin,
                text_end=place.text_start + at,
                start_ms=start_ms,
                end_ms=now_ms,
            )
        )
    return timed


def sentence_ends(subtitles: list[Subtitle], place: Place) -> list[tuple[int, int]]:
    """Code points of the input and ms of sound at the end of each sentence, growing; the run's own end is the last.

    A sentence ends where the next one begins, so that white space and silence belong to what came before them.
    """
    ends: list[tuple[int, int]] = []
    last = (place.text_start, place.start_ms)
    for following in subtitles[1:MAX_WORDS]:
        here = (place.text_start + following.text_begin, place.start_ms + round(following.time_begin))
        if last[0] < here[0] < place.text_start + len(place.text) and last[1] < here[1] < place.end_ms:
            ends.append(here)
            last = here
    return [*ends, (place.text_start + len(place.text), place.end_ms)]


def _words(subtitles: list[Subtitle]) -> list[SubtitleWord]:
    return [word for subtitle in subtitles for word in subtitle.timestamped_words or [] if word.word.strip()]


def _find(word: SubtitleWord, text: str, behind: int) -> tuple[int, int] | None:
    spoken = word.word.strip()
    if behind <= word.word_begin < word.word_end <= len(text):
        stands = text[word.word_begin : word.word_end].strip()
        if stands.casefold() == spoken.casefold():
            begin = text.index(stands, word.word_begin)
            return begin, begin + len(stands)
    begin = text.find(spoken, behind)
    return (begin, begin + len(spoken)) if begin >= 0 else None
