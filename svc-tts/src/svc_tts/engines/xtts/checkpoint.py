"""Reads a release: its folder holds config.json, model.pth or model.safetensors, vocab.json and speakers_xtts.pth.

Trainer checkpoints (`xtts.` before each name, and the networks only training needs) and those that still hold the
inference copy of the transformer are read too. Everything the networks want must be there, in the right shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file

from svc_tts.engines.xtts import layout, unpickling
from svc_tts.engines.xtts.config import XttsConfig
from svc_tts.engines.xtts.latents import VoiceLatents
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound

Tensors = dict[str, torch.Tensor]

TRAINING = ("torch_mel_spectrogram_style_encoder.", "torch_mel_spectrogram_dvae.", "dvae.", "gpt.gpt_inference.")
"""Networks that no one needs for speaking; v1.1 checkpoints hold a second copy of the transformer."""
UNUSED = ("gpt.gpt.wte.", "gpt.text_head.")
"""Held by checkpoints and never computed: the tokens GPT-2 would have had, and the logits of text."""
NORM_NAMES = (
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
    (".weight_g", ".weight_v"),
)
SHOWN = 6  # names of missing tensors in a message


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A release in memory."""

    config: XttsConfig
    tensors: Tensors  # fp32, by the names of `layout`; on the CPU they may be mapped from the file
    speakers: dict[str, VoiceLatents]  # the built-in voices, always on the CPU
    identity: str  # of the networks that listen to voices: latents are valid for one identity only
    folder: Path

    def under(self, prefix: str) -> Tensors:
        """The tensors whose name begins so, without that beginning."""
        return {name.removeprefix(prefix): tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}


def load(folder: Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Read the release in that folder, and its tensors onto the device.

    Raises `CheckpointNotFound` where a file is absent, `CheckpointBroken` where one is damaged or a tensor is missing.
    """
    config = XttsConfig.read(folder)
    held = named(_raw(folder))
    config = sized(config, held)
    wanted = {name: held[name] for name in _checked(layout.tensors(config), held)}
    return Checkpoint(
        config=config,
        tensors={name: _on(tensor, device) for name, tensor in wanted.items()},
        speakers=_speakers(folder / "speakers_xtts.pth", config),
        identity=_identity(wanted),
        folder=folder,
    )


def named(raw: Mapping[str, torch.Tensor]) -> Tensors:
    """The tensors by the names of `layout`: prefixes and training parts gone, weight norm folded into the weights."""
    stripped = {name.removeprefix("xtts."): tensor for name, tensor in raw.items()}
    kept = {name: tensor for name, tensor in stripped.items() if not name.startswith(TRAINING)}
    for magnitude, direction in NORM_NAMES:
        for name in [name for name in kept if name.endswith(direction)]:
            stem = name.removesuffix(direction)
            if stem + magnitude in kept:
                kept[f"{stem}.weight"] = _folded(kept.pop(stem + magnitude), kept.pop(name))
    return kept


def sized(config: XttsConfig, held: Mapping[str, torch.Tensor]) -> XttsConfig:
    """The config with the sizes that only the tensors tell: channels of the vocoder and of the speaker encoder."""
    vocoder, speaker = config.vocoder, config.speaker
    first = held.get(f"{layout.VOCODER}conv_pre.weight")
    if first is not None and first.ndim:
        vocoder = replace(vocoder, channels=first.shape[0])
    stages = [_stage(held, stage) for stage in range(1, len(speaker.filters) + 1)]
    if all(blocks for _, blocks in stages):
        speaker = replace(speaker, filters=tuple(f for f, _ in stages), blocks=tuple(b for _, b in stages))
    return replace(config, vocoder=vocoder, speaker=speaker)


def _stage(held: Mapping[str, torch.Tensor], stage: int) -> tuple[int, int]:
    """Filters and blocks of that stage of the speaker encoder; (0, 0) where it has none."""
    weights = [held.get(f"{layout.SPEAKER}layer{stage}.{block}.conv1.weight") for block in range(len(held))]
    found = [weight for weight in weights if weight is not None]
    return (found[0].shape[0], len(found)) if found else (0, 0)


def _raw(folder: Path) -> Mapping[str, torch.Tensor]:
    safe, pickled = folder / "model.safetensors", folder / "model.pth"
    if safe.exists():
        try:
            return load_file(safe)
        except safetensors.SafetensorError as error:
            raise CheckpointBroken(f"{safe} is damaged ({error}). Fetch it anew.") from error
    if not pickled.exists():
        raise CheckpointNotFound(f"There is neither model.pth nor model.safetensors in {folder}.")
    content = unpickling.read(pickled)
    model = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(model, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in model.values()):
        raise CheckpointBroken(f"{pickled} holds no tensors by name. Fetch the XTTS v2 release anew.")
    return model


def _folded(magnitude: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Weight norm (arXiv:1602.07868) over all but the first axis, computed once."""
    magnitude, direction = magnitude.float(), direction.float()
    length = torch.linalg.vector_norm(direction, dim=tuple(range(1, direction.ndim)), keepdim=True)
    return direction * (magnitude / length)


def _checked(wanted: Mapping[str, layout.Shape], held: Mapping[str, torch.Tensor]) -> Iterable[str]:
    names = [name for name in wanted if not name.startswith(UNUSED)]
    missing = [name for name in names if name not in held]
    if missing:
        raise CheckpointBroken(f"The checkpoint lacks {len(missing)} tensors: {_some(missing)}. Fetch XTTS v2 anew.")
    wrong = [name for name in names if tuple(held[name].shape) != wanted[name]]
    if wrong:
        name = wrong[0]
        raise CheckpointBroken(
            f"{len(wrong)} tensors do not fit config.json: {name} is {tuple(held[name].shape)}, "
            f"{wanted[name]} is wanted. Both files must be of one release."
        )
    return names


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def _on(tensor: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    return tensor.to(device, torch.float32) if tensor.is_floating_point() else tensor.to(device)


def _identity(tensors: Tensors) -> str:
    """A digest of the networks that make latents: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if name.startswith(("mel_stats", layout.CONDITIONING, layout.PERCEIVER, layout.SPEAKER)):
            digest.update(name.encode())
            digest.update(_on(tensors[name], "cpu").contiguous().view(-1).numpy())
    return digest.hexdigest()[:16]


def _speakers(path: Path, config: XttsConfig) -> dict[str, VoiceLatents]:
    """The voices in the file; none where it is absent (fine-tuned models often come without)."""
    if not path.exists():
        return {}
    content = unpickling.read(path)
    try:
        return {
            str(name): VoiceLatents(
                conditioning=voice["gpt_cond_latent"].float().reshape(layout.LATENTS, config.gpt.width),
                speaker=voice["speaker_embedding"].float().reshape(config.vocoder.speaker_width),
            )
            for name, voice in content.items()
        }
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise CheckpointBroken(f"{path} holds no voices of this model ({error}). Fetch it anew.") from error
