"""IPA to visemes: what the lips do for a phone, for every letter espeak-ng writes in any language.

A phone may hold several letters: a diphthong or an affricate moves from one shape to the next. Marks that the lips do
not show (stress, length, tone, nasalisation, ...) are dropped; a letter not listed opens the mouth a little.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

SILENCE = "sil"
UNKNOWN = "schwa"
BILABIALS = frozenset({"p"})


@dataclass(frozen=True, slots=True)
class Viseme:
    """Where the lips go, and how much the phone insists on it: (target, dominance), both 0..1.

    A dominance near zero leaves the parameter to the neighbours: /k/ is said with whatever lips the vowel has.
    """

    jaw: tuple[float, float]
    wide: tuple[float, float] = (0.0, 0.2)
    pucker: tuple[float, float] = (0.0, 0.2)
    press: tuple[float, float] = (0.0, 0.3)
    upper: tuple[float, float] = (0.0, 0.3)
    lower: tuple[float, float] = (0.0, 0.3)
    fv: tuple[float, float] = (0.0, 0.6)
    tongue: tuple[float, float] = (0.0, 0.4)
    close: float = 0.0  # the lips touch: no neighbour can open them
    touch: float = 0.0  # the lower lip touches the upper teeth, likewise


# The jaw's dominances: 1 where the teeth must meet (/s/), half of that for vowels, which yield to their neighbours,
# little for /k/ and /h/, which are said behind the lips. Tongue: 0.8 at the ridge, 1 between the teeth.
VISEMES: dict[str, Viseme] = {
    SILENCE: Viseme(jaw=(0.0, 0.4), wide=(0.0, 0.15), pucker=(0.0, 0.15), fv=(0.0, 0.3), tongue=(0.0, 0.3)),
    # consonants, by where the lips and teeth are
    "p": Viseme(jaw=(0.06, 0.7), press=(0.25, 0.8), tongue=(0.0, 0.1), close=1.0),
    "phi": Viseme(jaw=(0.06, 0.6), press=(0.2, 0.6), tongue=(0.0, 0.1), close=0.7),
    "f": Viseme(jaw=(0.06, 0.85), upper=(0.1, 0.4), fv=(1.0, 1.0), tongue=(0.0, 0.1), touch=0.95),
    "th": Viseme(jaw=(0.13, 0.8), upper=(0.05, 0.4), lower=(0.16, 0.5), tongue=(1.0, 1.0)),
    "t": Viseme(jaw=(0.1, 0.7), upper=(0.04, 0.3), lower=(0.12, 0.4), tongue=(0.8, 0.9)),
    "s": Viseme(jaw=(0.02, 1.0), wide=(0.3, 0.35), upper=(0.1, 0.5), lower=(0.2, 0.6), tongue=(0.5, 0.7)),
    "sh": Viseme(jaw=(0.03, 1.0), pucker=(0.38, 0.7), upper=(0.15, 0.6), lower=(0.2, 0.6), tongue=(0.4, 0.6)),
    "k": Viseme(jaw=(0.22, 0.36), wide=(0.0, 0.05), pucker=(0.0, 0.05), tongue=(0.1, 0.3)),
    "h": Viseme(jaw=(0.25, 0.08), wide=(0.0, 0.03), pucker=(0.0, 0.03), tongue=(0.0, 0.1)),
    "l": Viseme(jaw=(0.2, 0.5), upper=(0.06, 0.3), lower=(0.14, 0.3), tongue=(0.85, 0.9)),
    "r": Viseme(jaw=(0.1, 0.6), pucker=(0.32, 0.6), lower=(0.08, 0.3), tongue=(0.3, 0.5)),
    "rr": Viseme(jaw=(0.18, 0.5), lower=(0.12, 0.3), tongue=(0.75, 0.7)),
    "w": Viseme(jaw=(0.02, 0.9), pucker=(0.8, 1.0), press=(0.3, 0.8)),
    "j": Viseme(jaw=(0.12, 0.5), wide=(0.5, 0.6), lower=(0.1, 0.3), tongue=(0.2, 0.4)),
    # vowels, by opening and rounding
    "i": Viseme(jaw=(0.17, 0.5), wide=(0.75, 0.9), upper=(0.05, 0.3), lower=(0.1, 0.4), tongue=(0.15, 0.5)),
    "ih": Viseme(jaw=(0.28, 0.45), wide=(0.42, 0.6), lower=(0.1, 0.3), tongue=(0.1, 0.4)),
    "e": Viseme(jaw=(0.57, 0.65), wide=(0.48, 0.8), lower=(0.08, 0.3)),
    "ae": Viseme(jaw=(0.84, 0.75), wide=(0.34, 0.7), upper=(0.08, 0.3)),
    "a": Viseme(jaw=(0.95, 0.75), wide=(0.08, 0.6)),
    "uh": Viseme(jaw=(0.68, 0.62), wide=(0.08, 0.4)),
    UNKNOWN: Viseme(jaw=(0.34, 0.4), wide=(0.05, 0.15), pucker=(0.05, 0.15), tongue=(0.0, 0.3)),
    "er": Viseme(jaw=(0.38, 0.55), pucker=(0.26, 0.6), tongue=(0.2, 0.4)),
    "oh": Viseme(jaw=(0.68, 0.6), pucker=(0.4, 0.9)),
    "o": Viseme(jaw=(0.42, 0.55), pucker=(0.66, 0.95)),
    "u": Viseme(jaw=(0.12, 0.55), pucker=(0.75, 1.0), press=(0.2, 0.6)),
    "y": Viseme(jaw=(0.1, 0.55), pucker=(0.62, 1.0), press=(0.15, 0.5)),
    "oe": Viseme(jaw=(0.4, 0.55), pucker=(0.5, 0.9)),
}
VOWELS = frozenset({"i", "ih", "e", "ae", "a", "uh", UNKNOWN, "er", "oh", "o", "u", "y", "oe"})
ROUNDED = frozenset({"w", "oh", "o", "u", "y", "oe"})

_LETTERS = {
    "p": "pbmɓʙʘ",
    "phi": "ɸβ",
    "f": "fvɱʋⱱ",
    "th": "θð",
    "t": "tdnɗɳʈɖǀǃ",
    "s": "szɬɮ",
    "sh": "ʃʒʂʐɕʑɧ",
    "k": "kgɡŋxɣqɢɴχʟɠʛcɟɲç",
    "h": "hɦʔħʕʡʜ",
    "l": "lɫɭʎɺ",
    "r": "ɹɻ",
    "rr": "rɾɽʀʁ",
    "w": "wʍɥ",
    "j": "jʝɰ",
    "i": "i",
    "ih": "ɪɨᵻɿʅ",
    "e": "eɛ",
    "ae": "æ",
    "a": "aɑɐɶ",
    "uh": "ʌɤ",
    UNKNOWN: "əɘɯ",
    "er": "ɜɚɝɞ",
    "oh": "ɔɒ",
    "o": "oɵ",
    "u": "uʊʉ",
    "y": "yʏ",
    "oe": "øœ",
}
VISEME_OF = {letter: viseme for viseme, letters in _LETTERS.items() for letter in letters}

# Modifier letters and signs that are letters to Unicode and nothing to the lips.
_UNSEEN = frozenset("ˈˌːˑʲʰʱʷˠˤˀʼ˞ⁿˡ˔˕˥˦˧˨˩|‖.-_ ‿͡'\"")


@lru_cache(maxsize=2048)
def visemes_of(ipa: str) -> tuple[str, ...]:
    """The shapes of a phone, one after the other; of silence for an empty one."""
    letters = [
        letter
        for letter in unicodedata.normalize("NFD", ipa)
        if not unicodedata.combining(letter) and letter not in _UNSEEN and not letter.isdigit()
    ]
    if not letters:
        return (SILENCE,)
    shapes = [VISEME_OF.get(letter.lower(), UNKNOWN) for letter in letters]
    return tuple(shape for at, shape in enumerate(shapes) if at == 0 or shape != shapes[at - 1])
