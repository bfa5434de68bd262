"""`troupe key`: create an API key."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gateway.guard.keys import create_key
from troupe.wire.environment import read_env_file

DEFAULT_FILE = "keys.json"


def run(name: str, file: Path | None, scopes: Sequence[str]) -> int:
    """Add a key to the file and print it, this once."""
    read_env_file()
    named = os.environ.get("TROUPE_API_KEYS_FILE")
    path = file or Path(named or DEFAULT_FILE)
    print(create_key(path, name, scopes))
    print(f"\nThe key of “{name}” is shown this once; {path} keeps its hash only.")
    if not named:
        print(f"Ask for keys from now on by setting TROUPE_API_KEYS_FILE={path} (in .env, for example).")
    return 0
