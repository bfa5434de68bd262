"""One voice of Piper's as its `.onnx.json` tells it, checked before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError, field_validator

from svc_tts.engine import EngineVoice
from svc_tts.engines.piper.genders import gender_of
from svc_tts.engines.piper.licence import Licence, licence_of
from troupe.wire.errors import CheckpointBroken

PAD, START, END = "_", "^", "$"
_MAX_JSON_BYTES = 4 << 20
_MOST_LISTED_SPEAKERS = 128  # of a voice with more (libritts has 904) only the first is listed; `speaker` reaches all
_TAGS = {"no": "nb"}  # what Piper calls Bokmål


class PhonemeKind(StrEnum):
    """What the voice was trained to read."""

    ESPEAK = "espeak"  # IPA as espeak writes it
    TEXT = "text"  # letters
    PINYIN = "pinyin"  # initial, final and tone of each Chinese syllable


class _Audio(BaseModel):
    sample_rate: int = Field(ge=8_000, le=48_000)
    quality: str = ""


class _Espeak(BaseModel):
    voice: str = Field(pattern=r"^[\w+-]{1,40}$")


class _Inference(BaseModel):
    noise_scale: float = Field(0.667, ge=0, le=10)
    length_scale: float = Field(1.0, gt=0, le=10)
    noise_w: float = Field(0.8, ge=0, le=10)


class _Language(BaseModel):
    code: str = ""


class _File(BaseModel):
    """The JSON beside a voice; fields it lacks are those of Piper's first release."""

    audio: _Audio
    espeak: _Espeak = _Espeak(voice="en-us")
    inference: _Inference = Field(default_factory=lambda: _Inference.model_validate({}))
    phoneme_type: PhonemeKind = PhonemeKind.ESPEAK
    phoneme_map: dict[str, list[str]] = {}
    phoneme_id_map: dict[str, list[Annotated[int, Field(ge=0)]]]
    vowel_clusters: list[list[str]] = []
    num_symbols: int = Field(ge=1)
    num_speakers: int = Field(1, ge=1, le=100_000)
    speaker_id_map: dict[str, int] = {}
    language: _Language = Field(default_factory=_Language)
    dataset: str = ""
    license: str = ""

    @field_validator("phoneme_type", mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        """Some tools wrote the name of the enumeration with it: "PhonemeType.ESPEAK"."""
        return value.rpartition(".")[2].lower() if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Scales:
    """How much noise, how slow, how uneven."""

    noise: float
    length: float
    noise_w: float


@dataclass(frozen=True, slots=True)
class PiperVoice:
    """A voice that could be loaded."""

    path: Path  # of the .onnx
    name: str  # "en_US-lessac-medium"
    language: str  # BCP 47
    quality: str
    dataset: str
    rate: int  # Hz
    espeak: str
    kind: PhonemeKind
    ids: Mapping[str, tuple[int, ...]]
    scales: Scales
    speakers: int
    speaker_names: Mapping[str, int]
    licence: Licence
    replaced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clusters: frozenset[tuple[str, ...]] = frozenset()

    def entries(self) -> dict[str, tuple[EngineVoice, int]]:
        """What a caller may choose, and the speaker's number: the voice itself, then each of its speakers by name."""
        gender = gender_of(self.dataset)
        shown = f"Piper {self.dataset or self.name}"
        told = f" ({self.quality})" if self.quality else ""
        listed = {self.name: (EngineVoice(self.name, shown + told, self.language, gender), 0)}
        if 1 < self.speakers <= _MOST_LISTED_SPEAKERS:
            for speaker, number in self.speaker_names.items():
                voice_id = f"{self.name}-{speaker}"
                listed[voice_id] = (EngineVoice(voice_id, f"{shown} {speaker}{told}", self.language), number)
        return listed


def read_voice(path: Path, card: str = "") -> PiperVoice:
    """The voice in `path` (.onnx) by its JSON; raises `CheckpointBroken` naming the file and what is wrong with it."""
    beside = Path(f"{path}.json")
    try:
        if beside.stat().st_size > _MAX_JSON_BYTES:
            raise CheckpointBroken(f"{beside.name} has more than {_MAX_JSON_BYTES >> 20} MiB: it is no voice's JSON.")
        told = _File.model_validate(json.loads(beside.read_bytes()))
    except FileNotFoundError as error:
        raise CheckpointBroken(
            f"{path.name} has no {beside.name} beside it. Put it there: it tells the phonemes."
        ) from error
    except OSError as error:
        raise CheckpointBroken(f"{beside.name} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise CheckpointBroken(f"{beside.name} is no voice's JSON: {_reason(error)}.") from error
    except ValueError as error:
        raise CheckpointBroken(f"{beside.name} is not JSON: {error}.") from error
    return _checked(path, told, licence_of(card, told.license))


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"


def _checked(path: Path, told: _File, licence: Licence) -> PiperVoice:
    beside = f"{path.name}.json"
    lacking = [symbol for symbol in (PAD, START, END) if not told.phoneme_id_map.get(symbol)]
    if lacking:
        raise CheckpointBroken(f"{beside}: phoneme_id_map lacks {' '.join(lacking)}, which every voice needs.")
    largest = max(max(ids, default=0) for ids in told.phoneme_id_map.values())
    if largest >= told.num_symbols:
        raise CheckpointBroken(
            f"{beside}: phoneme_id_map has the id {largest}, num_symbols allows 0..{told.num_symbols - 1}."
        )
    if any(not 0 <= number < told.num_speakers for number in told.speaker_id_map.values()):
        raise CheckpointBroken(f"{beside}: speaker_id_map names a speaker outside 0..{told.num_speakers - 1}.")
    name = path.name.removesuffix(".onnx")
    return PiperVoice(
        path=path,
        name=name,
        language=_language(told, name),
        quality=told.audio.quality,
        dataset=told.dataset or [*name.split("-"), ""][1],
        rate=told.audio.sample_rate,
        espeak=told.espeak.voice,
        kind=told.phoneme_type,
        ids={symbol: tuple(ids) for symbol, ids in told.phoneme_id_map.items()},
        scales=Scales(told.inference.noise_scale, told.inference.length_scale, told.inference.noise_w),
        speakers=told.num_speakers,
        speaker_names=dict(sorted(told.speaker_id_map.items(), key=lambda each: each[1])),
        licence=licence,
        replaced={phoneme: tuple(others) for phoneme, others in told.phoneme_map.items()},
        clusters=frozenset(map(tuple, told.vowel_clusters)),
    )


def _language(told: _File, name: str) -> str:
    """BCP 47: of the JSON, else of the file's name ("en_US-..."), else of espeak's voice."""
    code = told.language.code or (name.partition("-")[0] if "_" in name.partition("-")[0] else told.espeak.voice)
    family, _, region = code.replace("_", "-").partition("-")
    family = _TAGS.get(family.lower(), family.lower())
    return f"{family}-{region.upper()}" if region else family
