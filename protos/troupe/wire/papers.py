"""What a process shows to its peers and whom it trusts: certificate, key and CA, judged by a handshake with itself.

OpenSSL judges them as a peer would: whether the key is the certificate's, who signed it, since when and until when it
holds, and whether it may be shown by a server and by a client. Nothing is connected for it: both ends are in memory.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from troupe.wire.errors import InvalidArgument

SETTINGS = ("TROUPE_TLS_CERT", "TROUPE_TLS_KEY", "TROUPE_TLS_CA")
FLIGHTS = 4
"""Turns of each side until both are content, or one is not; TLS 1.3 takes two."""
REMEDY = "`make certs` makes all of them anew."
PLAINLY = {
    "KEY_VALUES_MISMATCH": "the key is not this certificate's",
    "NO_CERTIFICATE_OR_CRL_FOUND": "there is no certificate in the CA's file",
    "PEM lib": "there is no certificate, or no key, in PEM",
}
"""OpenSSL's words -> what they mean; the first that is found."""

Marks = tuple[tuple[int, int, int], ...]
"""Of each file: which it is, when it was written, and its size."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where they are: PEM files of a certificate (with what stands between it and the CA), its key and the CA."""

    certificate: Path
    key: Path
    ca: Path

    @classmethod
    def of(cls, certificate: str, key: str, ca: str) -> TlsFiles | None:
        """The files that the three settings name; None where none is set. Raises `InvalidArgument` for some of them."""
        given = (certificate, key, ca)
        missing = [name for name, value in zip(SETTINGS, given, strict=True) if not value]
        if len(missing) == len(SETTINGS):
            return None
        if missing:
            raise InvalidArgument(
                f"{' and '.join(missing)} must be set too: TLS between the parts needs all of {', '.join(SETTINGS)}, "
                "and is off where none is set.",
                setting=missing[0],
            )
        return cls(*map(Path, given))

    def marks(self) -> Marks:
        """What changes when a file does; links are followed, as Kubernetes renews a Secret by one."""
        found = (path.stat() for path in (self.certificate, self.key, self.ca))
        return tuple((file.st_ino, file.st_mtime_ns, file.st_size) for file in found)

    def read(self) -> tuple[bytes, bytes, bytes]:
        """Certificate, key and CA as they are now. Raises `OSError`."""
        return self.certificate.read_bytes(), self.key.read_bytes(), self.ca.read_bytes()


@dataclass(frozen=True, slots=True, eq=False)
class Papers:
    """Read and found good; `expires` is when the first of certificate and CA does, seconds of the epoch."""

    certificate: bytes
    key: bytes
    ca: bytes
    names: frozenset[str]
    expires: float


def examine(files: TlsFiles) -> Papers:
    """Read and judge them. Raises `InvalidArgument` saying what is wrong, as a peer would find it."""
    try:
        read = files.read()
        contexts = _context(files, ssl.PROTOCOL_TLS_SERVER), _context(files, ssl.PROTOCOL_TLS_CLIENT)
        shown = _handshake(*contexts)
        same = files.read() == read
    except ssl.SSLCertVerificationError as error:
        raise _wrong(files, f"{error.verify_message} (judged by {files.ca})") from error
    except ssl.SSLError as error:
        raise _wrong(files, f"{_plainly(error)} (the key is {files.key}, the CA {files.ca})") from error
    except OSError as error:
        raise _wrong(files, f"{error.filename} cannot be read: {error.strerror}") from error
    if not same:  # what was judged and what would be shown may be two certificates
        raise _wrong(files, "the files changed while they were read")
    ends = [_end(ca) for ca in contexts[1].get_ca_certs()]
    if not ends:  # a certificate that signed itself passes as its own CA, with OpenSSL and not with gRPC's peers
        raise _wrong(files, f"{files.ca} holds no certificate of a CA (basicConstraints CA:TRUE)")
    names = frozenset(str(name) for kind, name in shown.get("subjectAltName", ()) if kind == "DNS")
    return Papers(*read, names, min(_end(shown), max(ends)))


def _context(files: TlsFiles, side: ssl._SSLMethod) -> ssl.SSLContext:
    """One end that shows these papers, and wants to see such of the other."""
    context = ssl.SSLContext(side)
    context.check_hostname = False  # which name is asked for depends on the peer
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(files.ca)
    context.load_cert_chain(files.certificate, files.key, password=_untold)
    return context


def _untold() -> str:
    """In place of OpenSSL's question on the terminal, at which a service would wait for ever."""
    raise ssl.SSLError(ssl.SSL_ERROR_SSL, "the key has a pass phrase, and nobody is there to say it: take one without")


def _plainly(error: ssl.SSLError) -> str:
    said = str(getattr(error, "reason", "") or error)  # one that Python raises has a reason
    return next((meaning for words, meaning in PLAINLY.items() if words in said), said)


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, Any]:
    """The certificate as the client saw it. Raises `ssl.SSLError` where either side refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(FLIGHTS):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return dict(ends[0].getpeercert() or {})


def _end(certificate: dict[str, Any]) -> float:
    return float(ssl.cert_time_to_seconds(certificate["notAfter"]))


def _wrong(files: TlsFiles, why: str) -> InvalidArgument:
    return InvalidArgument(f"TROUPE_TLS_CERT={files.certificate}: {why}. {REMEDY}", setting=SETTINGS[0])
