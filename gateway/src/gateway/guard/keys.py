"""API keys: 256 random bits, shown once, kept as SHA-256.

A slow hash would only be a lever for denial of service: these keys cannot be guessed. Every stored hash is compared,
in constant time, so that neither the time taken nor the order of the file tells anything.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from troupe.wire.errors import InvalidArgument, PermissionDenied, Unauthenticated

PREFIX = "tp_"
SCOPES = ("text", "voice", "clone", "video", "admin")
NOBODY = "local"
"""The principal of every caller where no keys are asked for."""

log = logging.getLogger(__name__)


class StoredKey(BaseModel):
    """One key as the file holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    sha256: str
    name: str
    scopes: Sequence[str] = ()  # none = all
    created: int  # unix seconds


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request came from."""

    key_id: str
    scopes: frozenset[str] = frozenset()  # none = all

    def require(self, *scopes: str) -> None:
        """Raise `PermissionDenied` unless the key may do all of these."""
        missing = [scope for scope in scopes if self.scopes and scope not in self.scopes]
        if missing:
            raise PermissionDenied(
                f"This key may do {', '.join(sorted(self.scopes))}; this request needs {', '.join(missing)}. "
                "Use a key with that scope.",
                scope=",".join(missing),
            )


class Keyring:
    """The keys of one file; without a file everybody is let in as one and the same caller."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._keys: Sequence[StoredKey] = ()
        self.reload()

    @property
    def asks(self) -> bool:
        """Whether a key is asked for."""
        return self._path is not None

    def reload(self) -> None:
        """Read the file again. Raises `InvalidArgument`; the keys known before then stay."""
        if self._path is not None:
            self._keys = read_keys(self._path)
            log.info("%d API keys", len(self._keys))

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who sent these headers (lower-case names). Raises `Unauthenticated`."""
        if not self.asks:
            return Caller(NOBODY)
        presented = presented_key(headers)
        if not presented:
            raise Unauthenticated("An API key is needed: send `Authorization: Bearer KEY` or `x-api-key: KEY`.")
        digest = hashed(presented)
        # No early exit: every key costs the same.
        matches = [key for key in self._keys if hmac.compare_digest(key.sha256, digest)]
        if not matches:
            raise Unauthenticated("This API key is not known here. `troupe key` creates one.")
        return Caller(matches[0].id, frozenset(matches[0].scopes))


def presented_key(headers: Mapping[str, str]) -> str:
    """The key in `Authorization: Bearer` or `x-api-key`; empty when there is none."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    if scheme.casefold() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key", "").strip()


def hashed(key: str) -> str:
    """How a key is kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def read_keys(path: Path) -> list[StoredKey]:
    """The keys in a file; raises `InvalidArgument` saying what is wrong with it."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
        return [StoredKey.model_validate(entry) for entry in entries]
    except FileNotFoundError as error:
        message = f"TROUPE_API_KEYS_FILE={path}: there is no such file. `troupe key --file {path}` creates it."
        raise InvalidArgument(message, setting="TROUPE_API_KEYS_FILE") from error
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        message = f'TROUPE_API_KEYS_FILE={path}: it should hold {{"keys": [{{"id", "sha256", "name", "created"}}]}}.'
        raise InvalidArgument(message, setting="TROUPE_API_KEYS_FILE") from error


def create_key(path: Path, name: str, scopes: Sequence[str] = ()) -> str:
    """Add a key to the file (which is made where it is missing) and give the key itself, which is kept nowhere."""
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise InvalidArgument(f"No scope {', '.join(unknown)}; there are {', '.join(SCOPES)}.")
    key = PREFIX + secrets.token_urlsafe(32)
    entry = StoredKey(
        id=f"key_{secrets.token_hex(6)}", sha256=hashed(key), name=name, scopes=tuple(scopes), created=int(time.time())
    )
    kept = read_keys(path) if path.exists() else []
    _write(path, [*kept, entry])
    return key


def _write(path: Path, keys: Sequence[StoredKey]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"keys": [key.model_dump() for key in keys]}, indent=2)
    # Written beside it and renamed: a gateway that re-reads never sees half a file.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    Path(temporary).replace(path)
