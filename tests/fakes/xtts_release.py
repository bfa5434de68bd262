"""A random release of XTTS v2: every file, name and shape of the released one, at any size, with nothing learnt.

make(folder)                            tiny: about 1 M parameters, written in a moment
make(folder, FULL)                      as the release: 466.9 M parameters, 1.9 GB
make(folder, saved_as="trainer")        as the Trainer saves a fine-tuned one; also "plain", "safetensors"
make(folder, stop_bias=4.0)             one that ends its utterances sooner
"""

from __future__ import annotations

import dataclasses
import io
import json
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tests.fakes.xtts_weights import Arrays, weight_norm_split, weights

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.config import GptSizes, SpeakerSizes, VocoderSizes, XttsConfig

START = 261  # the number of [START] in the release

FULL = XttsConfig()
TINY = XttsConfig(
    gpt=GptSizes(layers=2, width=64, heads=2, text_tokens=START + 1),
    vocoder=VocoderSizes(latent_width=64, channels=32),
    speaker=SpeakerSizes(filters=(8, 8, 16, 16), blocks=(1, 1, 2, 1)),
)
SPEAKERS = ("Claribel Dervla", "Damien Black")  # two names of the release's 58
SAVED = ("release", "plain", "trainer", "old_norm", "safetensors")
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-:;"


def make(
    folder: Path,
    config: XttsConfig = TINY,
    *,
    seed: int = 0,
    saved_as: str = "release",
    stop_bias: float = 0.0,
    vocabulary: Callable[[Path], object] | None = None,
) -> Path:
    """Write the files into that folder; `vocabulary` writes another vocab.json, and the text's size follows it."""
    folder.mkdir(parents=True, exist_ok=True)
    if vocabulary:
        vocabulary(folder / "vocab.json")
    else:
        write_vocabulary(folder / "vocab.json", config.gpt.text_tokens)
    config = with_text_tokens(config, count_tokens(folder / "vocab.json"))
    raw = config_json(config)
    (folder / "config.json").write_text(json.dumps(raw, indent=2))
    arrays = weights(config, seed, stop_bias)
    _save(folder, arrays, raw, saved_as)
    _save_pth(folder / "speakers_xtts.pth", speakers(config, seed))
    return folder


def with_text_tokens(config: XttsConfig, tokens: int) -> XttsConfig:
    """As many rows as the vocabulary has entries: coqui-tts counts those, whatever config.json says."""
    return dataclasses.replace(config, gpt=dataclasses.replace(config.gpt, text_tokens=tokens))


def speakers(config: XttsConfig, seed: int = 0) -> dict[str, Arrays]:
    """The built-in voices, shaped as the release has them."""
    random = np.random.default_rng([seed, 1])
    voices = {}
    for name in SPEAKERS:
        vector = random.standard_normal((1, config.vocoder.speaker_width, 1), dtype=np.float32)
        latent = random.standard_normal((1, layout.LATENTS, config.gpt.width), dtype=np.float32)
        voices[name] = {"gpt_cond_latent": latent, "speaker_embedding": vector / np.linalg.norm(vector)}
    return voices


def config_json(config: XttsConfig) -> dict[str, object]:
    """The fields of the released config.json that matter, with the file's names."""
    gpt, vocoder, rates, sampling, cut = config.gpt, config.vocoder, config.rates, config.sampling, config.reference
    return {
        "model": "xtts",
        "run_name": "run",
        "model_args": {
            "gpt_batch_size": 1,
            "kv_cache": True,
            "gpt_max_audio_tokens": gpt.max_audio,
            "gpt_max_text_tokens": gpt.max_text,
            "gpt_max_prompt_tokens": gpt.max_prompt,
            "gpt_layers": gpt.layers,
            "gpt_n_model_channels": gpt.width,
            "gpt_n_heads": gpt.heads,
            "gpt_number_text_tokens": gpt.text_tokens,
            "gpt_start_text_token": gpt.start_text,
            "gpt_stop_text_token": gpt.stop_text,
            "gpt_num_audio_tokens": gpt.audio_tokens,
            "gpt_start_audio_token": gpt.start_audio,
            "gpt_stop_audio_token": gpt.stop_audio,
            "gpt_code_stride_len": gpt.code_stride,
            "gpt_use_perceiver_resampler": True,
            "input_sample_rate": rates.input,
            "output_sample_rate": rates.output,
            "output_hop_length": rates.hop,
            "decoder_input_dim": vocoder.latent_width,
            "d_vector_dim": vocoder.speaker_width,
            "cond_d_vector_in_each_upsampling_layer": vocoder.speaker_in_each_stage,
        },
        "audio": {"sample_rate": rates.input, "output_sample_rate": rates.output},
        "languages": list(config.languages),
        "temperature": sampling.temperature,
        "length_penalty": 1.0,
        "repetition_penalty": sampling.repetition_penalty,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "num_gpt_outputs": 1,
        "gpt_cond_len": cut.conditioning_s,
        "gpt_cond_chunk_len": cut.chunk_s,
        "max_ref_len": cut.longest_s,
        "sound_norm_refs": cut.peak_normalised,
    }


def write_vocabulary(path: Path, size: int = START + 1) -> None:
    """A vocab.json that reads letters, digits and language tags; [STOP] is 0, [START] 261, as in the release."""
    tags = [f"[{language}]" for language in XttsConfig().languages]
    words = ["[STOP]", "[UNK]", "[SPACE]", *tags, *CHARACTERS]
    words += [f"[PAD{index}]" for index in range(START - len(words))] + ["[START]"]
    words += [f"[MORE{index}]" for index in range(size - len(words))]
    special = [word for word in words if word.startswith("[")]
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": "[UNK]",
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "vocab": {word: index for index, word in enumerate(words)},
        "merges": [],
    }
    kinds = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [{"id": words.index(word), "content": word, **kinds} for word in special]
    parts = {"normalizer": None, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None}
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, **parts, "model": model}
    path.write_text(json.dumps(whole, ensure_ascii=False))


def count_tokens(vocabulary: Path) -> int:
    """Entries of a vocab.json, those added to its model included."""
    content = json.loads(vocabulary.read_text())
    return len(set(content["model"]["vocab"]) | {token["content"] for token in content["added_tokens"]})


def _save(folder: Path, arrays: Arrays, raw: dict[str, object], saved_as: str) -> None:
    if saved_as not in SAVED:
        raise ValueError(f"{saved_as!r} is none of {SAVED}")
    split = dict(weight_norm_split(arrays, old=saved_as == "old_norm"))
    if saved_as == "safetensors":
        from safetensors.numpy import save_file

        save_file(split, folder / "model.safetensors")
    elif saved_as == "trainer":
        extra = {"dvae.codebook.embed": np.ones((4, 4), np.float32), "xtts.gpt.gpt_inference.lm_head": np.ones(3)}
        trained = {f"xtts.{name}": array for name, array in split.items()} | extra
        _save_pth(folder / "model.pth", {"config": raw, "model": trained, "optimizer": {}, "step": 7})
    else:
        with _coqui_classes() as config_object:
            config = config_object(raw) if saved_as == "release" else raw
            _save_pth(folder / "model.pth", {"model": split, "config": config})


def _save_pth(path: Path, content: object) -> None:
    import torch

    def tensors(value: object) -> object:
        if isinstance(value, dict):
            return {key: tensors(item) for key, item in value.items()}
        return torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value

    torch.save(tensors(content), path)


@contextmanager
def _coqui_classes() -> Iterator[Callable[[dict[str, object]], object]]:
    """Classes that pickle under coqui-tts's names, as long as it lasts: the release pickled its config object."""
    names = {
        "XttsConfig": "TTS.tts.configs.xtts_config",
        "XttsArgs": "TTS.tts.models.xtts",
        "XttsAudioConfig": "TTS.tts.models.xtts",
        "BaseDatasetConfig": "TTS.config.shared_configs",
    }
    modules = {place: types.ModuleType(place) for place in ("TTS", *names.values())}
    made = {name: type(name, (), {"__module__": place}) for name, place in names.items()}
    for name, place in names.items():
        setattr(modules[place], name, made[name])

    def pickled(raw: dict[str, object]) -> object:
        parts = {"model_args": "XttsArgs", "audio": "XttsAudioConfig"}
        config = made["XttsConfig"]()
        config.__dict__.update(raw, datasets=[made["BaseDatasetConfig"]()])
        for field, kind in parts.items():
            setattr(config, field, made[kind]())
            getattr(config, field).__dict__.update(raw[field])
        return config

    hidden = {place: sys.modules.get(place) for place in modules}
    sys.modules.update(modules)
    try:
        yield pickled
    finally:
        for place, before in hidden.items():
            if before is None:
                del sys.modules[place]
            else:
                sys.modules[place] = before


def hostile(path: Path, command: str) -> None:
    """A model.pth that would run a shell command when it is unpickled carelessly."""
    import torch

    class Trap:
        def __reduce__(self):
            import os

            return os.system, (command,)

    buffer = io.BytesIO()
    torch.save({"model": {}, "config": Trap()}, buffer)
    path.write_bytes(buffer.getvalue())
