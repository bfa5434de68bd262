"""Which pins of a part's lock an image needs: those that its own dependencies and the chosen extras lead to.

The locks of the parts hold every extra. `uv pip compile` writes under each pin who asked for it ("via"), so what an
image leaves out, and what only that had asked for, is found without resolving anything anew:

    python tools/images/closure.py svc-tts --extra xtts --without sudachidict-small > lock.txt
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==", re.IGNORECASE)
_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]*", re.IGNORECASE)
_OURS = "troupe-"


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution of a lock: its lines as they stand there, and who asked for it."""

    name: str
    lines: tuple[str, ...]
    via: frozenset[str]


def pins(lock: str) -> dict[str, Pin]:
    """The pins of a lock as `uv pip compile --generate-hashes` writes it, by name."""
    blocks: list[list[str]] = []
    for line in lock.splitlines():
        if _PIN.match(line):
            blocks.append([])
        if blocks and line.strip():
            blocks[-1].append(line)
    found = (_pin(block) for block in blocks)
    return {pin.name: pin for pin in found}


def needed(lock: Mapping[str, Pin], roots: Iterable[str], without: Collection[str] = ()) -> dict[str, Pin]:
    """What `roots` lead to, never through what is left out. Raises `LookupError` for a name the lock does not hold."""
    wanted = [canonical(name) for name in roots]
    out = {canonical(name) for name in without}
    if unknown := sorted({*wanted, *out} - set(lock)):
        raise LookupError(f"The lock does not hold {', '.join(unknown)}. Run `make locks`, or mend the name.")
    kept: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in out or name in kept:
            continue
        kept.add(name)
        wanted += [pin.name for pin in lock.values() if name in pin.via]
    return {name: pin for name, pin in lock.items() if name in kept}


def roots(part: str, extras: Iterable[str] = ()) -> list[str]:
    """The names that the part's pyproject, the wire's, and the part's chosen extras ask for."""
    wire, own = (tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in ("protos", part))
    chosen = [own["project"]["optional-dependencies"][extra] for extra in extras]
    lines = [*wire["project"]["dependencies"], *own["project"]["dependencies"], *itertools.chain(*chosen)]
    names = [match[0] for line in lines if (match := _NAME.match(line))]
    return [name for name in names if not name.startswith(_OURS)]


def canonical(name: str) -> str:
    """A distribution's name as the locks spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def select(part: str, extras: Iterable[str] = (), without: Collection[str] = ()) -> str:
    """The lines of the part's lock that such an image installs."""
    lock = pins((ROOT / part / "requirements.txt").read_text())
    kept = needed(lock, roots(part, extras), without)
    return "".join(f"{line}\n" for pin in kept.values() for line in pin.lines)


def _pin(block: list[str]) -> Pin:
    match = _PIN.match(block[0])
    assert match is not None  # noqa: S101  # a block begins at a pin
    told = [line.strip().lstrip("#").strip().removeprefix("via").strip() for line in block if line.lstrip()[0] == "#"]
    via = {canonical(found[0]) for line in told if (found := _NAME.match(line))}
    return Pin(canonical(match["name"]), tuple(line for line in block if line.lstrip()[0] != "#"), frozenset(via))


def main() -> int:
    """Print the lines; the exit status is 2 where the names are wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("part", choices=("gateway", "svc-text", "svc-tts", "svc-video"))
    parser.add_argument("--extra", action="append", default=[], help="an extra of the part's pyproject")
    parser.add_argument("--without", action="append", default=[], help="a distribution to leave out")
    arguments = parser.parse_args()
    try:
        sys.stdout.write(select(arguments.part, arguments.extra, arguments.without))
    except LookupError as error:
        print(f"closure: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
