"""What XTTS needs to know of a voice, and the small file it is kept in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from troupe.wire.errors import CheckpointBroken

FORMAT = "troupe-xtts-latents-1"


@dataclass(frozen=True, slots=True)
class VoiceLatents:
    """A voice, as the networks of one release hear it. Both in fp32."""

    conditioning: torch.Tensor  # (32, width): stands before the text
    speaker: torch.Tensor  # (512,): colours the vocoder

    def to(self, device: torch.device | str) -> VoiceLatents:
        """The same on that device."""
        return VoiceLatents(self.conditioning.to(device), self.speaker.to(device))

    def save(self, path: Path, *, model: str) -> None:
        """Write them (about 130 kB), marked with the release's `identity`; a reader never sees half a file."""
        tensors = {
            "conditioning": self.conditioning.detach().float().cpu().contiguous(),
            "speaker": self.speaker.detach().float().cpu().contiguous(),
        }
        raw = safetensors.torch.save(tensors, metadata={"format": FORMAT, "model": model})
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(raw)
        draft.replace(path)

    @classmethod
    def read(cls, path: Path, *, model: str) -> VoiceLatents:
        """What `save` wrote for that release; `CheckpointBroken` where it is damaged or of another release.

        `FileNotFoundError` where there is none.
        """
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                made_by = (file.metadata() or {}).get("model")
                if made_by != model:
                    raise CheckpointBroken(
                        f"The latents in {path.name} were made by another model ({made_by}); compute them anew."
                    )
                # Copied: what is mapped ends the process where another one shortens the file.
                return cls(file.get_tensor("conditioning").clone(), file.get_tensor("speaker").clone())
        except safetensors.SafetensorError as error:
            raise CheckpointBroken(f"{path.name} holds no latents of a voice ({error}); compute them anew.") from error
