"""What `make xtts` and `make voice` are asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from svc_tts.settings import Settings
from troupe.weights.source import HUB


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line, the settings and the environment ask for."""

    name: str
    verify: bool
    folder: Path
    hub: str = HUB
    token: str = ""
    agreed: bool = False  # COQUI_TOS_AGREED=1
    commercial_only: bool = False

    @classmethod
    def xtts(cls, settings: Settings, environ: Mapping[str, str] = os.environ, *, verify: bool = False) -> Order:
        """The order for the release of XTTS v2."""
        return cls._of("", settings.xtts_checkpoint, settings, environ, verify=verify)

    @classmethod
    def voice(
        cls, name: str, settings: Settings, environ: Mapping[str, str] = os.environ, *, verify: bool = False
    ) -> Order:
        """The order for a voice of Piper; without a name, for the list of them."""
        return cls._of(name.strip(), settings.piper_dir, settings, environ, verify=verify)

    @classmethod
    def _of(
        cls, name: str, folder: Path, settings: Settings, environ: Mapping[str, str], verify: bool
    ) -> Order:  # the callers name it
        return cls(
            name=name,
            verify=verify,
            folder=folder.expanduser(),
            hub=(environ.get("HF_ENDPOINT") or HUB).rstrip("/"),  # huggingface_hub's own names, as for text models
            token=environ.get("HF_TOKEN", ""),
            agreed=settings.coqui_tos_agreed,
            commercial_only=settings.commercial_only,
        )
