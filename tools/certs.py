"""Makes the certificates of a mesh's own CA, and renews them: `make certs`, into var/certs (or FOLDER).

    var/certs/ca.key ca.crt                   the CA, made once, for ten years; its key is needed here only
    var/certs/svc-text/tls.crt tls.key ca.crt what svc-text gets, and likewise gateway, svc-tts and svc-video
    var/certs/mesh/...                        one with all names, for `make up`, where the parts share one .env

Every call makes all but the CA anew, for 90 days (OWASP's sheet on gRPC: no longer). Each file is replaced at once, so
that a part that looks meanwhile sees the old or the new one. The work is openssl's.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path("var/certs")
DAYS = 90
CA_DAYS = 3650
PARTS = ("gateway", "svc-text", "svc-tts", "svc-video")
MESH = "mesh"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
CA_EXTENSIONS = ("basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign")
LEAF_EXTENSIONS = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName={names}
"""
MINE = 0o600
SERIAL_BYTES = 16


def main() -> int:
    """Make what is missing, renew what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--days", type=int, default=DAYS, help=f"how long they hold; {DAYS}")
    asked = parser.parse_args()
    try:
        make(asked.folder, asked.days)
    except FileNotFoundError as error:
        sys.exit(f"certs: {error.filename} is not there. Install openssl by your system's package manager.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"certs: openssl said: {error.stderr.strip()}")
    print(f"{asked.folder}: certificates of {', '.join((*PARTS, MESH))} for {asked.days} days")
    return 0


def make(folder: Path, days: int = DAYS) -> None:
    """The CA where there is none, and a certificate for each part."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / "ca.crt").is_file():
        _authority(folder)
    for part in PARTS:
        _certificate(folder, part, names_of(part), days)
    _certificate(folder, MESH, [name for part in PARTS for name in names_of(part)], days)


def names_of(part: str) -> list[str]:
    """What a part may be called: by its neighbours, by Kubernetes, and by itself."""
    return [part, f"{part}.troupe.svc", f"{part}.troupe.svc.cluster.local", "localhost"]


def _authority(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        key, certificate = Path(scratch, "ca.key"), Path(scratch, "ca.crt")
        extensions = [word for extension in CA_EXTENSIONS for word in ("-addext", extension)]
        subject = ("-x509", "-days", str(CA_DAYS), "-subj", "/CN=troupe-ca")
        _openssl("req", *CURVE, *subject, *extensions, "-keyout", str(key), "-out", str(certificate))
        _put(key, folder / "ca.key")
        _put(certificate, folder / "ca.crt")


def _certificate(folder: Path, part: str, names: Sequence[str], days: int) -> None:
    (folder / part).mkdir(exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        key, request, certificate, extensions, ca = (
            Path(scratch, name) for name in ("tls.key", "tls.csr", "tls.crt", "extensions", "ca.crt")
        )
        extensions.write_text(LEAF_EXTENSIONS.format(names=",".join(f"DNS:{name}" for name in dict.fromkeys(names))))
        _openssl("req", *CURVE, "-subj", f"/CN={part}", "-keyout", str(key), "-out", str(request))
        signer = ("-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"), "-days", str(days))
        out = (
            "-set_serial",
            f"0x{secrets.token_hex(SERIAL_BYTES)}",
            "-extfile",
            str(extensions),
            "-out",
            str(certificate),
        )
        _openssl("x509", "-req", "-in", str(request), *signer, *out)
        ca.write_bytes((folder / "ca.crt").read_bytes())
        for path in (ca, key, certificate):
            _put(path, folder / part / path.name)


def _put(made: Path, place: Path) -> None:
    """In one step, for the owner alone."""
    made.chmod(MINE)
    made.replace(place)


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, text=True)  # noqa: S607  # whichever is there


if __name__ == "__main__":
    sys.exit(main())
