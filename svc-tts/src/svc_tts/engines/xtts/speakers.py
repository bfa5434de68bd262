"""The voices that come with the XTTS v2 release: each speaks all its languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from svc_tts.engine import EngineVoice, Gender

PREFIX = "xtts-"

_FEMALE = (
    "Claribel Dervla", "Daisy Studious", "Gracie Wise", "Tammie Ema", "Alison Dietlinde", "Ana Florence",
    "Annmarie Nele", "Asya Anara", "Brenda Stern", "Gitta Nikolina", "Henriette Usha", "Sofia Hellen", "Tammy Grit",
    "Tanja Adelina", "Vjollca Johnnie", "Nova Hogarth", "Maja Ruoho", "Uta Obando", "Lidiya Szekeres",
    "Chandra MacFarland", "Szofi Granger", "Camilla Holmström", "Lilya Stainthorpe", "Zofija Kendrick",
    "Narelle Moon", "Barbora MacLean", "Alexandra Hisakawa", "Alma María", "Rosemary Okafor",
)  # fmt: skip
_MALE = (
    "Andrew Chipper", "Badr Odhiambo", "Dionisio Schuyler", "Royston Min", "Viktor Eka", "Abrahan Mack",
    "Adde Michal", "Baldur Sanjin", "Craig Gutsy", "Damien Black", "Gilberto Mathias", "Ilkin Urbano",
    "Kazuhiko Atallah", "Ludvig Milivoj", "Suad Qasim", "Torcull Diarmuid", "Viktor Menelaos", "Zacharie Aimilios",
    "Ige Behringer", "Filip Traverse", "Damjan Chapman", "Wulf Carlevaro", "Aaron Dreschner", "Kumar Dahl",
    "Eugenio Mataracı", "Ferran Simen", "Xavier Hayasaka", "Luis Moray", "Marcos Rudaski",
)  # fmt: skip
_GENDERS = dict.fromkeys(_FEMALE, Gender.FEMALE) | dict.fromkeys(_MALE, Gender.MALE)


def voices_of(speakers: Iterable[str]) -> Mapping[str, EngineVoice]:
    """Speaker's name -> voice; its language is empty, for it speaks all."""
    return {name: EngineVoice(_id(name), name, "", _GENDERS.get(name, Gender.UNKNOWN)) for name in speakers}


def _id(name: str) -> str:
    """ASCII, as it goes into addresses: "Camilla Holmström" is `xtts-camilla-holmstrom`."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i")).encode("ascii", "ignore").decode()
    return PREFIX + "-".join(re.findall(r"[a-z0-9]+", plain.lower()))
