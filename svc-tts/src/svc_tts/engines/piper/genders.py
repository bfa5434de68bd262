"""Which of Piper's released voices are women's and which men's: their files do not tell."""

from __future__ import annotations

from svc_tts.engine import Gender

_WOMEN = """
    alba amy cori eva_k gosia hfc_female huayan irina jenny_dioco kathleen kerstin kristin lada lessac lili lisa
    ljspeech nathalie paola ramona siwis southern_english_female
"""
_MEN = """
    alan arctic_bdl bryce cadu carlfm darkman davefx denis dmitri faber fahrettin fettah gilles harri hfc_male
    joe john karlsson kusal norman northern_english_male pavoque pim riccardo ronnie ruslan ryan sam thorsten
    thorsten_emotional tom
"""
_KNOWN = dict.fromkeys(_WOMEN.split(), Gender.FEMALE) | dict.fromkeys(_MEN.split(), Gender.MALE)


def gender_of(dataset: str) -> Gender:
    """The gender of the voice made from a data set; unknown where the name does not tell."""
    return _KNOWN.get(dataset.casefold(), Gender.UNKNOWN)
