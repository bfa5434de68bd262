"""Which of MiniMax's models is asked: PROVIDER_<RUNG>_MODEL where it is of that kind, else the kind's default."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.routing.need import Modality

TEXT_MODEL = "MiniMax-M2"
SPEECH_MODEL = "speech-02-hd"
TEXT_TO_VIDEO = "T2V-01"
IMAGE_TO_VIDEO = "I2V-01"
SUBJECT_TO_VIDEO = "S2V-01"
FRAMES_TO_VIDEO = "MiniMax-Hailuo-02"  # the first one that takes a last frame
TALKING_HEAD = "MiniMax-H3"

DEFAULTS: Mapping[Modality, str] = {
    Modality.TEXT: TEXT_MODEL,
    Modality.TTS: SPEECH_MODEL,
    Modality.VIDEO: TALKING_HEAD,
}
_SPEECH = re.compile(r"^speech-", re.IGNORECASE)
_VIDEO = re.compile(r"^(?:[tis]2v-|minimax-(?:hailuo|h\d))", re.IGNORECASE)
_V2 = re.compile(r"^minimax-h\d", re.IGNORECASE)
_TEXT = re.compile(r"^(?:minimax-(?!hailuo|h\d)|abab)", re.IGNORECASE)
_KINDS: Mapping[Modality, re.Pattern[str]] = {Modality.TEXT: _TEXT, Modality.TTS: _SPEECH, Modality.VIDEO: _VIDEO}
_M3 = re.compile(r"^minimax-m[3-9]", re.IGNORECASE)


def model_for(modality: Modality, written: str) -> str:
    """The model of a rung: one setting serves three chains, so a model of another kind is passed over."""
    return written if is_of(modality, written) else DEFAULTS[modality]


def is_of(modality: Modality, model: str) -> bool:
    """Whether the name is one of MiniMax's of that kind."""
    return bool(_KINDS[modality].match(model))


def is_v2(model: str) -> bool:
    """Whether the video model is asked by the second generation of the API."""
    return bool(_V2.match(model))


def is_newest(model: str) -> bool:
    """Whether the text model is of the generation that sees pictures, warms up to 2 and may think or not."""
    return bool(_M3.match(model))
