"""`python -m svc_video sadtalker`, which `make sadtalker` runs: show the terms, fetch, verify."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from svc_video.engines.sadtalker.files import COMMAND, SETTING, find, not_found
from svc_video.settings import Settings
from svc_video.weights import sadtalker_release as release
from svc_video.weights.judge import judge
from svc_video.weights.sadtalker_release import FACES, Faces, ReleaseFile, Sizes
from troupe.weights import session
from troupe.weights.checksum import recorded
from troupe.weights.fetch import Fetcher
from troupe.weights.hub import Hub
from troupe.weights.meter import Meter, amount
from troupe.weights.source import GITHUB, GITHUB_MIRROR
from troupe.wire.errors import LicenceForbids, TroupeError


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line, the settings and the environment ask for."""

    folder: Path
    size: Sizes = "256"
    faces: Faces = "awing"
    verify: bool = False
    github: str = GITHUB
    commercial_only: bool = False

    @classmethod
    def of(
        cls,
        settings: Settings,
        size: Sizes,
        faces: Faces = "awing",
        environ: Mapping[str, str] = os.environ,
        *,
        verify: bool = False,
    ) -> Order:
        """The order; GITHUB_ENDPOINT names what stands for https://github.com."""
        return cls(
            folder=settings.sadtalker_checkpoint.expanduser(),
            size=size,
            faces=faces,
            verify=verify,
            github=(environ.get(GITHUB_MIRROR) or GITHUB).rstrip("/"),
            commercial_only=settings.commercial_only,
        )

    @property
    def wanted(self) -> Sequence[ReleaseFile]:
        """The files it is about."""
        return release.wanted(self.size, self.faces)

    @property
    def command(self) -> str:
        """What a person types for it."""
        return release.command(self.size, self.faces)


def fetch_sadtalker(order: Order, meter: Meter) -> int:
    """Do it and give the exit status; errors are told as one sentence."""
    work = _verify if order.verify else _fetch
    return session.run(COMMAND, SETTING, order.folder, meter, lambda: work(order, meter))


def _fetch(order: Order, meter: Meter) -> int:
    _introduce(order, meter)
    _require_allowed(order)
    missing = [file for file in order.wanted if find(order.folder, file.name) is None]
    _tell_of_others(order, meter)
    if not missing:
        meter.say(f"SadTalker is here already: {order.folder}. VERIFY=1 checks every byte.")
        return 0
    with closing(Hub(order.github)) as hub:
        fetcher = Fetcher(hub, order.folder, meter, judge)
        fetcher.fetch_all([release.source_of(file, order.command, order.github) for file in missing])
    meter.say(
        f"Ready: {order.folder}. The engine sadtalker needs PyTorch too (make torch); `make doctor` says whether all "
        "is there."
    )
    return 0


def _introduce(order: Order, meter: Meter) -> None:
    """What is about to be fetched and on which terms, before a byte of it comes."""
    size = sum(file.size for file in order.wanted)
    places = dict.fromkeys(release.source_of(file, github=order.github).page for file in order.wanted)
    meter.say(f"SadTalker v0.0.2-rc, {len(order.wanted)} files, {amount(size)}, from {', '.join(places)}")
    meter.say(release.TERMS)


def _require_allowed(order: Order) -> None:
    if order.commercial_only:
        raise LicenceForbids(
            "TROUPE_COMMERCIAL_ONLY=1 keeps out what is not known to allow commercial use, and of SadTalker's weights "
            "that is disputed. The engine portrait draws films without them. Nothing was fetched."
        )


def _tell_of_others(order: Order, meter: Meter) -> None:
    """Name the files that are not the release's: they stay."""
    for file in order.wanted:
        path = find(order.folder, file.name)
        if path is not None and path.stat().st_size != file.size:
            meter.say(f"Mind: {path} is another file than the release's ({path.stat().st_size} bytes); it stays.")


def _verify(order: Order, meter: Meter) -> int:
    """Check what is here; status 1 when a file is not whole, or one of the size asked for is not there."""
    every = dict.fromkeys(file for faces in FACES for file in release.wanted("both", faces))
    here = {file: find(order.folder, file.name) for file in every}
    if not any(here.values()):
        raise not_found(order.folder, "all of its files are")
    status = 0
    for file, path in here.items():
        if path is not None:
            status |= _verify_one(file, path, order, meter)
        elif file in order.wanted:
            again = order.command
            meter.say(f"{COMMAND}: {order.folder / file.name} is not there. Fetch it: {again}")
            status = 1
    return status


def _verify_one(file: ReleaseFile, path: Path, order: Order, meter: Meter) -> int:
    # What was fetched is the release's; a model of one's own, put there by hand, has no checksum to have.
    pinned = file.sha256 if recorded(path) or path.stat().st_size == file.size else ""
    again = f"rm {shlex.quote(str(path))} && {order.command}"
    try:
        meter.say(session.verify(path, pinned, again, judge, meter))
    except TroupeError as error:
        meter.say(f"{COMMAND}: {error.message}")
        return 1
    return 0
