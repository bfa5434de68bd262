"""Certificates of CAs of the tests' own, made by what `make certs` runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from troupe.wire.papers import TlsFiles
from troupe.wire.tls import Identity

SOURCE = Path(__file__).parents[2] / "tools" / "certs.py"
SPEC = importlib.util.spec_from_file_location("certs", SOURCE)
certs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(certs)

EXPIRED = -1  # days


def files(folder: Path, part: str) -> TlsFiles:
    """Of one part, in a folder that `make` filled."""
    return TlsFiles(folder / part / "tls.crt", folder / part / "tls.key", folder / part / "ca.crt")


def make(folder: Path, days: int = 90) -> Path:
    """A CA where there is none yet, and a certificate for every part."""
    certs.make(folder, days)
    return folder


def identity(folder: Path, part: str) -> Identity:
    return Identity(files(folder, part))


def environ(folder: Path, part: str) -> dict[str, str]:
    """The settings of a part that shows its certificate."""
    named = files(folder, part)
    return {
        "TROUPE_TLS_CERT": str(named.certificate),
        "TROUPE_TLS_KEY": str(named.key),
        "TROUPE_TLS_CA": str(named.ca),
    }
