"""What a request needs of a rung, in the words of `Describe`: routing looks at this and never into the request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from troupe.v1.engine_pb2 import TASK_UNSPECIFIED, Task


class Modality(StrEnum):
    """The three chains."""

    TEXT = "text"
    TTS = "tts"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Need:
    """Empty or zero = no matter."""

    modality: Modality
    task: Task = TASK_UNSPECIFIED
    rungs: tuple[str, ...] = ()  # only these rungs, by rung or engine name, in this order; empty = the chain
    language: str = ""  # BCP 47
    reads: frozenset[str] = frozenset()  # languages whose script stands in the text too
    format: str = ""  # a codec's or container's name, as in EngineInfo.formats
    text_chars: int = 0
    width: int = 0
    height: int = 0
    features: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()  # features a rung must not have
    engines: frozenset[str] = frozenset()  # only these engines have the voice or portrait
    service_only: bool = False  # what is asked for is the service's own work: its engine need not run
    local_only: bool = False
    commercial_only: bool = False
