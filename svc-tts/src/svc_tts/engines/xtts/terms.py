"""Whether XTTS may and can run here, asked before anything is loaded: its licence, its files, torch. Cheap."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from svc_tts.engine import EngineContext
from troupe.wire.errors import EngineMissing

LICENCE = "CPML"
LICENCE_NOTE = "Coqui Public Model Licence: neither the model nor what it speaks may be used commercially"
WEIGHTS = ("model.safetensors", "model.pth")  # one of them
FILES = ("config.json", "vocab.json", "speakers_xtts.pth")


def require(context: EngineContext) -> None:
    """Raise `EngineMissing`, with what to do, where XTTS may not or cannot run."""
    place = context.xtts
    if context.commercial_only:
        raise EngineMissing(
            f"XTTS v2 stays out: TROUPE_COMMERCIAL_ONLY=1, and its licence ({LICENCE}) forbids commercial use",
            remedy="choose another engine, e.g. TROUPE_SPEECH_ENGINES=piper,flite,espeak",
        )
    if not place.tos_agreed:
        raise EngineMissing(
            f"XTTS v2 waits for your agreement to its licence. {LICENCE_NOTE}, and nobody sells another licence"
            " (https://coqui.ai/cpml)",
            remedy="set COQUI_TOS_AGREED=1 if you agree, or choose another engine",
        )
    if missing := missing_files(place.checkpoint):
        raise EngineMissing(
            f"XTTS v2 is not in {place.checkpoint} (PROVIDER_XTTS_CHECKPOINT): {', '.join(missing)} not found",
            remedy="make xtts",
        )
    if find_spec("torch") is None or find_spec("safetensors") is None:
        raise EngineMissing(
            "XTTS v2 needs PyTorch, which is not installed", remedy="make torch (or your platform's own wheel)"
        )


def missing_files(folder: Path) -> list[str]:
    """Files of a release that are not there."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in WEIGHTS):
        missing.insert(0, " or ".join(WEIGHTS))
    return missing
