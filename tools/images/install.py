"""Fills an image's environment: what `tools/images/closure.py` picked from the locks, by hash, then our own parts.

Called by the Dockerfiles, with the Python that builds (its environment stays behind):

    install.py packages svc-tts --into /opt/troupe --extra xtts --torch 2.13.0
    install.py parts svc-tts --into /opt/troupe/parts
    install.py bill --of /opt/troupe --folders /app

- Third parties and our own code go into layers of their own: an upgrade of ours ships few megabytes.
- Wheels are built and checked here and installed from disk, so that no build tool enters the environment.
- `bill` lists what the environment holds as CycloneDX JSON, licences included.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from closure import ROOT, select
from settings import environ

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
FOLDERS = ("voices", "portraits", "models", "var")
"""Where volumes are mounted, under the working folder: a fresh volume takes over who owns them."""
PARTS_FOLDER = "parts"
"""Under the environment: where our own code lies, outside site-packages, whose path names Python's version."""


def environment(home: Path) -> None:
    """An empty environment without pip, which also looks for code in its folder of parts."""
    run(sys.executable, "-m", "venv", "--without-pip", str(home))
    version = f"python{sysconfig.get_python_version()}"
    link = home / "lib" / version / "site-packages" / "troupe-parts.pth"
    link.write_text(f"{home / PARTS_FOLDER}\n")


def packages(part: str, home: Path, extras: Sequence[str], without: Sequence[str]) -> None:
    """What the part needs, checked by hash."""
    with tempfile.TemporaryDirectory() as folder:
        lock, wheels = Path(folder) / "lock.txt", Path(folder) / "wheels"
        lock.write_text(select(part, extras, without))
        built(wheels, "--require-hashes", "-r", str(lock))
        into(home, wheels)


def prune(home: Path) -> None:
    """Take out the tests of third parties: NumPy's own are 15 MB."""
    for folder in sorted(home.glob("lib/python*/site-packages/**/tests")):
        shutil.rmtree(folder, ignore_errors=True)  # one may have gone with the one around it


def pytorch(version: str, index: str, home: Path) -> None:
    """PyTorch, which no lock holds, as pip finds it, or from an index such as the one of its builds for CPUs."""
    from_there = ("--index-url", index) if index else ()
    run(*PIP, "--python", str(home / "bin" / "python"), "install", *from_there, f"torch=={version}")


def locked(lock: Path, home: Path) -> None:
    """A whole lock, checked by hash: an environment that is resolved by itself, such as vLLM's."""
    run(*PIP, "--python", str(home / "bin" / "python"), "install", "--no-deps", "--require-hashes", "-r", str(lock))


def parts(names: Sequence[str], folder: Path) -> None:
    """Our own code, the wire first; its commands run by the environment around the folder."""
    with tempfile.TemporaryDirectory() as wheels:
        built(Path(wheels), *(str(ROOT / name) for name in ("protos", *names)))
        found = sorted(map(str, Path(wheels).glob("*.whl")))
        python = str(folder.parent / "bin" / "python")
        run(*PIP, "--python", python, "install", "--no-deps", "--no-index", "--target", str(folder), *found)


def bill(home: Path, folders: Path) -> None:
    """Write `sbom.json`, in CycloneDX, into the environment it describes; make the folders a part may fill."""
    for name in FOLDERS:
        (folders / name).mkdir(parents=True, exist_ok=True)
    cyclonedx = Path(sys.executable).with_name("cyclonedx-py")
    python, out = home / "bin" / "python", home / "sbom.json"
    run(str(cyclonedx), "environment", "--output-reproducible", "--of", "JSON", "-o", str(out), str(python))


def built(wheels: Path, *what: str) -> None:
    """Wheels of `what`, made by the tools of this environment."""
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), *what)


def into(home: Path, wheels: Path) -> None:
    """Install these wheels, and nothing else, into another environment."""
    python = str(home / "bin" / "python")
    run(*PIP, "--python", python, "install", "--no-deps", "--no-index", *map(str, sorted(wheels.glob("*.whl"))))


def run(*command: str) -> None:
    """Run it; what it says goes to the build's log."""
    subprocess.run(command, check=True, env=environ())


def fill(told: argparse.Namespace) -> None:
    """The step `packages`; vLLM's lock for CUDA holds PyTorch already."""
    environment(told.into)
    if told.torch and b"torch==" not in (told.lock.read_bytes() if told.lock else b""):
        pytorch(told.torch, told.torch_index, told.into)
    if told.lock:
        locked(told.lock, told.into)
    else:
        packages(told.part, told.into, told.extra, " ".join(told.without).split())
    prune(told.into)


def main() -> int:
    """Do one step of the three."""
    told = _parser().parse_args()
    if told.step == "packages":
        fill(told)
    elif told.step == "parts":
        parts(told.part, told.into)
    else:
        bill(told.of, told.folders)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    steps = parser.add_subparsers(dest="step", required=True)
    third, own, of = (steps.add_parser(name) for name in ("packages", "parts", "bill"))
    third.add_argument("part")
    third.add_argument("--extra", action="append", default=[])
    third.add_argument("--without", action="append", default=[], help="distributions to leave out, with spaces")
    third.add_argument("--torch", default="", help="PyTorch's version; empty = none")
    third.add_argument("--torch-index", default="", help="where PyTorch comes from; empty = as pip is set up")
    third.add_argument("--lock", type=Path, help="a lock of its own instead of the part's")
    own.add_argument("part", nargs="+")
    for step in (third, own):
        step.add_argument("--into", type=Path, required=True)
    of.add_argument("--of", type=Path, required=True)
    of.add_argument("--folders", type=Path, required=True, help="the working folder of the image")
    return parser


if __name__ == "__main__":
    sys.exit(main())
