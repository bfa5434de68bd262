"""Who may ask: no key is 1004; a wrong one, or one of the other region, is 2049 "invalid api key"."""

from __future__ import annotations

import hmac

from .replies import Refused
from .world import Options

OPEN_PATHS = ("/_", "/cdn/")  # the script and the signed download links ask for no key


def check(path: str, headers: dict[str, str], options: Options) -> None:
    """Raise `Refused` unless the caller has this region's key."""
    if path.startswith(OPEN_PATHS):
        return
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else ""
    if path.startswith("/anthropic/"):
        key = headers.get("x-api-key") or key
    if not key:
        raise Refused(1004)
    if not hmac.compare_digest(key.encode(), options.key.encode()):
        raise Refused(2049)
