"""Who may call a part: known by the names in the certificate that the caller shows.

TLS itself lets in whoever has a certificate of the mesh's CA. A service that was taken over has one too, and must not
ask the others in the gateway's name: calls of troupe.v1 are the gateway's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import grpc.aio

from troupe.wire.errors import PermissionDenied

GATEWAY = "gateway"
_NAMES = "x509_subject_alternative_name"  # what gRPC calls them; there is nothing under it in plaintext


def check_caller(context: grpc.aio.ServicerContext[Any, Any], allowed: frozenset[str]) -> None:
    """Raises `PermissionDenied` for a caller whose certificate has none of the names; without any, all may call."""
    if not allowed:
        return
    shown = names_in(context.auth_context())
    if not shown & allowed:
        raise PermissionDenied(
            f"Calls are taken of {' or '.join(sorted(allowed))} alone, and this caller's certificate is for "
            f"{', '.join(sorted(shown)) or 'no name'}. Give each part its own: TROUPE_TLS_CERT."
        )


def names_in(told: Mapping[str, Iterable[bytes]]) -> frozenset[str]:
    """The names of a certificate, as gRPC tells of them."""
    return frozenset(name.decode(errors="replace") for name in told.get(_NAMES, ()))
