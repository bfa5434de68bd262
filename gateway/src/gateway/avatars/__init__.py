"""The avatars that ship with the house: svc-video's pictures under the same ids, kept once for all of the gateway.

The Studio shows them, and the MiniMax rung makes films of them when svc-video is down. `make avatars` draws them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
CATALOGUE = "avatars.json"


@dataclass(frozen=True, slots=True)
class Avatar:
    """One shipped portrait: a square WebP of a person who does not exist."""

    avatar_id: str
    name: str
    gender: str  # "female" or "male"
    path: Path


@cache
def shipped() -> Mapping[str, Avatar]:
    """Id -> avatar, the default one first. Reads a small file once."""
    rows = json.loads((FOLDER / CATALOGUE).read_text(encoding="utf-8"))
    return {row["id"]: Avatar(row["id"], row["name"], row["gender"], FOLDER / f"{row['id']}.webp") for row in rows}
