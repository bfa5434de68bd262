"""The environment a service starts in: one `.env` feeds all, and a slip of the pen is an error with the right name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dotenv import load_dotenv

from troupe.wire.errors import InvalidArgument, nearest

ENV_FILE = "TROUPE_ENV_FILE"


def read_env_file() -> None:
    """Take over what `TROUPE_ENV_FILE` (or `.env` here) says; the environment itself wins. Raises `InvalidArgument`."""
    named = os.environ.get(ENV_FILE)
    path = Path(named or ".env")
    if named and not path.is_file():
        raise InvalidArgument(f"{ENV_FILE}={named}: there is no such file.", setting=ENV_FILE)
    if path.is_file():
        load_dotenv(path, override=False)


def refuse_unknown(prefix: str, known: Iterable[str]) -> None:
    """Raise `InvalidArgument` for a variable of this prefix that nothing reads, naming the nearest one."""
    names = {name.upper() for name in known}
    for name in sorted(os.environ):
        if name.startswith(prefix) and name not in names:
            raise InvalidArgument(f"Nothing reads the setting {name}.{nearest(name, names)}", setting=name)
