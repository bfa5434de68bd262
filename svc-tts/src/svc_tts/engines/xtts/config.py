"""What a release's config.json says: sizes of the networks, rates, sampling, and how a reference is cut.

Fields carry the names of this project; the file's own names stand beside them. Values that the file lacks are those of
the XTTS v2 release. What the file does not say at all (channels of the vocoder and of the speaker encoder) is read off
the tensors by `checkpoint.load`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from troupe.wire.errors import CheckpointBroken, CheckpointNotFound

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh-cn", "hu", "ko", "ja", "hi")


@dataclass(frozen=True, slots=True)
class GptSizes:
    """The transformer that turns text into audio codes."""

    layers: int = 30
    width: int = 1024
    heads: int = 16
    text_tokens: int = 6681  # of the vocabulary
    start_text: int = 261
    stop_text: int = 0
    audio_tokens: int = 1026
    start_audio: int = 1024
    stop_audio: int = 1025
    max_text: int = 402  # tokens of one utterance, start and stop not counted; upstream takes fewer than this
    max_audio: int = 605  # codes a position is learnt for, before what `audio_positions` adds
    max_prompt: int = 70  # positions of conditioning
    code_stride: int = 1024  # samples of the input rate per code

    @property
    def head_width(self) -> int:
        """Channels of one attention head."""
        return self.width // self.heads

    @property
    def text_positions(self) -> int:
        """Rows of the table of text positions: start and stop are added."""
        return self.max_text + 2

    @property
    def audio_positions(self) -> int:
        """Rows of the table of audio positions: start, stop and one of conditioning are added."""
        return self.max_audio + 3

    @property
    def max_codes(self) -> int:
        """Codes that are generated at most for one utterance (602, 28 s, in the release)."""
        return self.max_audio - 3


@dataclass(frozen=True, slots=True)
class VocoderSizes:
    """HiFi-GAN (arXiv:2010.05646), generator V1, as XTTS v2 builds it."""

    latent_width: int = 1024
    speaker_width: int = 512
    speaker_in_each_stage: bool = True
    channels: int = 512  # before the first stage; each stage halves them
    strides: tuple[int, ...] = (8, 8, 2, 2)
    residual_kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[int, ...] = (1, 3, 5)

    @property
    def kernels(self) -> tuple[int, ...]:
        """Taps of each stage's transposed convolution."""
        return tuple(2 * stride for stride in self.strides)


@dataclass(frozen=True, slots=True)
class SpeakerSizes:
    """The speaker encoder: a residual network with squeeze-and-excitation (H/ASP, arXiv:2009.14153)."""

    mels: int = 64
    filters: tuple[int, ...] = (32, 64, 128, 256)
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    attention: int = 128
    width: int = 512


@dataclass(frozen=True, slots=True)
class AudioRates:
    """Sample rates in Hz, and samples of the input rate per vocoder frame."""

    input: int = 22050
    output: int = 24000
    hop: int = 256


@dataclass(frozen=True, slots=True)
class Sampling:
    """How codes are drawn where the caller says nothing."""

    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 5.0


@dataclass(frozen=True, slots=True)
class ReferenceCut:
    """How much of a sample is heard, in seconds."""

    conditioning_s: int = 30  # of all samples together, for the transformer; 0 = all
    chunk_s: int = 4
    longest_s: int = 30  # of each sample
    peak_normalised: bool = False


@dataclass(frozen=True, slots=True)
class XttsConfig:
    """Everything a release says about itself."""

    gpt: GptSizes = GptSizes()
    vocoder: VocoderSizes = VocoderSizes()
    speaker: SpeakerSizes = SpeakerSizes()
    rates: AudioRates = AudioRates()
    sampling: Sampling = Sampling()
    reference: ReferenceCut = ReferenceCut()
    languages: tuple[str, ...] = LANGUAGES

    @classmethod
    def read(cls, path: Path) -> XttsConfig:
        """From a config.json, or from the one in that folder; `CheckpointNotFound`, or `CheckpointBroken` and why."""
        file = path / "config.json" if path.is_dir() else path
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CheckpointNotFound(f"There is no {file}. It comes with the XTTS v2 release.") from None
        except (OSError, ValueError) as error:
            raise CheckpointBroken(f"{file} cannot be read as JSON ({error}). Fetch it anew.") from error
        try:
            return cls.of(raw)
        except (TypeError, ValueError, AttributeError) as error:
            raise CheckpointBroken(f"{file} is no config.json of XTTS: {error}. Fetch it anew.") from error

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> XttsConfig:
        """From the parsed file; raises `ValueError` with what is not supported."""
        model = _Section(raw.get("model_args"))
        whole = _Section(raw)
        if raw.get("model") != "xtts":
            raise ValueError(f'its model is {raw.get("model")!r}, "xtts" is wanted')
        if not model.flag("gpt_use_perceiver_resampler", otherwise=True):
            raise ValueError("it is XTTS v1 (no perceiver resampler); v2 is wanted")
        return cls(
            gpt=_gpt(model),
            vocoder=VocoderSizes(
                latent_width=model.whole("decoder_input_dim", 1024),
                speaker_width=model.whole("d_vector_dim", 512),
                speaker_in_each_stage=model.flag("cond_d_vector_in_each_upsampling_layer", otherwise=True),
            ),
            rates=AudioRates(
                input=model.whole("input_sample_rate", 22050),
                output=model.whole("output_sample_rate", 24000),
                hop=model.whole("output_hop_length", 256),
            ),
            sampling=_sampling(whole),
            reference=ReferenceCut(
                conditioning_s=whole.whole("gpt_cond_len", 30, least=-1),
                chunk_s=whole.whole("gpt_cond_chunk_len", 4),
                longest_s=whole.whole("max_ref_len", 30),
                peak_normalised=whole.flag("sound_norm_refs", otherwise=False),
            ),
            languages=tuple(str(language) for language in raw.get("languages") or LANGUAGES),
        )


def _gpt(model: _Section) -> GptSizes:
    sizes = GptSizes(
        layers=model.whole("gpt_layers", 30),
        width=model.whole("gpt_n_model_channels", 1024),
        heads=model.whole("gpt_n_heads", 16),
        text_tokens=model.whole("gpt_number_text_tokens", 6681),
        start_text=model.whole("gpt_start_text_token", 261, least=0),
        stop_text=model.whole("gpt_stop_text_token", 0, least=0),
        audio_tokens=model.whole("gpt_num_audio_tokens", 1026),
        start_audio=model.whole("gpt_start_audio_token", 1024, least=0),
        stop_audio=model.whole("gpt_stop_audio_token", 1025, least=0),
        max_text=model.whole("gpt_max_text_tokens", 402),
        max_audio=model.whole("gpt_max_audio_tokens", 605, least=4),
        max_prompt=model.whole("gpt_max_prompt_tokens", 70),
        code_stride=model.whole("gpt_code_stride_len", 1024),
    )
    if sizes.width % sizes.heads:
        raise ValueError(f"gpt_n_model_channels {sizes.width} is not divisible by gpt_n_heads {sizes.heads}")
    return sizes


def _sampling(whole: _Section) -> Sampling:
    return Sampling(
        temperature=whole.number("temperature", 0.75),
        top_k=whole.whole("top_k", 50, least=0),
        top_p=whole.number("top_p", 0.85),
        repetition_penalty=whole.number("repetition_penalty", 5.0),
    )


class _Section:
    """A part of the file; null and absent both mean: as in the release."""

    def __init__(self, raw: object) -> None:
        if not isinstance(raw, Mapping):
            raise ValueError("it holds no section model_args")  # noqa: TRY004 -- one kind of error for a bad file
        self._raw = raw

    def whole(self, name: str, otherwise: int, *, least: int = 1) -> int:
        value = self.number(name, otherwise)
        if value != int(value) or value < least:
            raise ValueError(f"{name} is {value}, a whole number from {least} is wanted")
        return int(value)

    def number(self, name: str, otherwise: float) -> float:
        value = self._raw.get(name)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} is {value!r}, a number is wanted")  # noqa: TRY004 -- as above
        return value

    def flag(self, name: str, *, otherwise: bool) -> bool:
        value = self._raw.get(name)
        return otherwise if value is None else bool(value)
