"""The release of XTTS v2 on Hugging Face: its files, pinned, and its licence.

Size and sha256 of each file are those that public repositories record for this revision: docs/WEIGHTS.md names them.
"""

from __future__ import annotations

from dataclasses import dataclass

from troupe.weights.source import Source

REPOSITORY = "coqui/XTTS-v2"
REVISION = "6c2b0d75eae4b7047358e3b6bd9325f857d43f77"
SETTING = "PROVIDER_XTTS_CHECKPOINT"
COMMAND = "make xtts"
CONFIG, WEIGHTS, OTHER_WEIGHTS = "config.json", "model.pth", "model.safetensors"
LICENCE = "Coqui Public Model License 1.0.0 (CPML)"
TERMS = (
    "It permits non-commercial use only, of the model and of all that it speaks. Coqui closed in January 2024: nobody "
    "sells another licence."
)


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One file of the release."""

    name: str
    size: int  # bytes
    sha256: str


FILES = (
    ReleaseFile("LICENSE.txt", 4_014, "190f6d7c19b8984f91b97712b94ce92d2b2e640fc677dacab966e955ece9d043"),
    ReleaseFile(CONFIG, 4_368, "ef262b1454dd2a77e1461b0b2cd53e19b8a7624cc131b837d36df67356bc75e8"),
    ReleaseFile("vocab.json", 361_219, "928260878a59da8a72a2a5b7687fea29d5106137669d90945430fe17e415304a"),
    ReleaseFile("speakers_xtts.pth", 7_754_818, "f0f6137c19a4eab0cbbe4c99b5babacf68b1746e50da90807708c10e645b943b"),
    ReleaseFile(WEIGHTS, 1_867_929_118, "c7ea20001c6a0a841c77e252d8409f6a74fb423e79b3206a0771ba5989776187"),
)
"""The largest last: what is wrong with the small ones shows within a second."""


def page(hub: str) -> str:
    """Where a person reads about it."""
    return f"{hub}/{REPOSITORY}"


def licence_page(hub: str) -> str:
    """Where the licence stands, as it was published with these files."""
    return f"{hub}/{REPOSITORY}/blob/{REVISION}/LICENSE.txt"


def source_of(file: ReleaseFile, hub: str) -> Source:
    """Where that file comes from."""
    return Source(
        url=f"{hub}/{REPOSITORY}/resolve/{REVISION}/{file.name}",
        page=page(hub),
        file=file.name,
        command=COMMAND,
        setting=SETTING,
        sha256=file.sha256,
        size=file.size,
    )
