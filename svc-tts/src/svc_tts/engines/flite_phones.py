"""flite's phones in IPA, and which word of the text each phone belongs to.

flite tells the end time of each phone of a sentence but not of each word. The phones of each word by itself are asked
for once and remembered; laid beside the sentence's phones they show where each word begins and ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from svc_tts.engine import Phone, SpokenWord

PAUSE = "pau"
_VOWELS = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "ay": "aɪ", "eh": "ɛ", "er": "ɝ", "ey": "eɪ",
    "ih": "ɪ", "iy": "i", "ow": "oʊ", "oy": "ɔɪ", "uh": "ʊ", "uw": "u",
}  # fmt: skip
_CONSONANTS = {
    "b": "b", "ch": "tʃ", "d": "d", "dh": "ð", "f": "f", "g": "ɡ", "hh": "h", "jh": "dʒ", "k": "k", "l": "l", "m": "m",
    "n": "n", "ng": "ŋ", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "v": "v", "w": "w", "y": "j",
    "z": "z", "zh": "ʒ",
}  # fmt: skip
IPA = _VOWELS | _CONSONANTS | {PAUSE: ""}


@dataclass(frozen=True, slots=True)
class Segment:
    """One phone of flite's, in seconds."""

    name: str
    start_s: float
    end_s: float


def parse_segments(output: str, length_s: float = float("inf")) -> list[Segment]:
    """Read what `flite -psdur` prints: "pau:0.164 hh:0.233 ...", a line per utterance, each counted from its own 0.

    The rounded times may end a little after the sound of `length_s` seconds; none is later than that.
    """
    segments: list[Segment] = []
    before_s = 0.0
    for line in output.splitlines():
        at_s = before_s
        for name, _, end in (pair.partition(":") for pair in line.split()):
            end_s = min(max(at_s, before_s + float(end)), length_s)
            segments.append(Segment(name, at_s, end_s))
            at_s = end_s
        before_s = at_s
    return segments


def faster(segments: Sequence[Segment], rate: float, length_s: float) -> list[Segment]:
    """The same phones, `rate` times as fast, none later than `length_s`."""
    return [Segment(each.name, each.start_s / rate, min(each.end_s / rate, length_s)) for each in segments]


def to_phones(segments: Sequence[Segment], length_s: float) -> tuple[Phone, ...]:
    """IPA cues that cover 0..`length_s` without gap; neighbouring silences are one."""
    phones: list[Phone] = []
    for segment in segments:
        end_s = segment.end_s
        ipa = IPA.get(segment.name, "")
        if phones and not ipa and not phones[-1].ipa:
            phones[-1] = Phone("", phones[-1].start_s, end_s)
        elif end_s > segment.start_s:
            phones.append(Phone(ipa, segment.start_s, end_s))
    if phones and phones[-1].end_s < length_s:
        last = phones[-1]
        tail = Phone("", last.start_s if not last.ipa else last.end_s, length_s)
        phones = [*phones[:-1], tail] if not last.ipa else [*phones, tail]
    return tuple(phones)


def words_of(
    segments: Sequence[Segment], spans: Sequence[tuple[int, int]], phones: Sequence[Sequence[str]]
) -> tuple[SpokenWord, ...]:
    """When each word is heard; `spans` are the words in the text, `phones` the phones of each word by itself."""
    heard = [segment for segment in segments if segment.name != PAUSE]
    owners = [index for index, names in enumerate(phones) for _ in names]
    belongs = _owners([s.name for s in heard], [name for names in phones for name in names], owners)
    times: dict[int, tuple[float, float]] = {}
    for segment, owner in zip(heard, belongs, strict=True):
        start_s = times.get(owner, (segment.start_s, 0.0))[0]
        times[owner] = (start_s, segment.end_s)
    return tuple(SpokenWord(*spans[owner], *times[owner]) for owner in sorted(times))


def _owners(heard: list[str], expected: list[str], owners: list[int]) -> list[int]:
    """The word of each heard phone: where the two rows agree that of the other row, between them by proportion."""
    if not owners:
        return []
    belongs = [0] * len(heard)
    for _, first, end, other_first, other_end in SequenceMatcher(None, heard, expected, autojunk=False).get_opcodes():
        for index in range(first, end):
            at = other_first + (index - first) * (other_end - other_first) // (end - first)
            belongs[index] = owners[min(at, len(owners) - 1)]
    return _monotone(belongs)


def _monotone(belongs: list[int]) -> list[int]:
    for before, after in pairwise(range(len(belongs))):
        belongs[after] = max(belongs[before], belongs[after])
    return belongs
