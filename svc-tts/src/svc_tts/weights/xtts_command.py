"""`python -m svc_tts xtts [--verify]`, which `make xtts` runs: show the licence, fetch, verify."""

from __future__ import annotations

import shlex
from contextlib import closing
from pathlib import Path

from svc_tts.weights.judge import judge_xtts
from svc_tts.weights.order import Order
from svc_tts.weights.xtts_release import (
    COMMAND,
    FILES,
    LICENCE,
    OTHER_WEIGHTS,
    SETTING,
    TERMS,
    WEIGHTS,
    ReleaseFile,
    licence_page,
    page,
    source_of,
)
from troupe.weights import session
from troupe.weights.checksum import recorded
from troupe.weights.fetch import Fetcher
from troupe.weights.hub import Hub
from troupe.weights.meter import Meter, amount
from troupe.wire.errors import CheckpointNotFound, LicenceForbids, TroupeError


def fetch_xtts(order: Order, meter: Meter) -> int:
    """Do it and give the exit status; errors are told as one sentence."""
    work = _verify if order.verify else _fetch
    return session.run(COMMAND, SETTING, order.folder, meter, lambda: work(order, meter))


def _fetch(order: Order, meter: Meter) -> int:
    _introduce(order, meter)
    _require_agreement(order)
    missing = _missing(order.folder)
    _tell_of_others(order.folder, meter)
    if not missing:
        meter.say(f"XTTS v2 is here already: {order.folder}. VERIFY=1 checks every byte.")
        return 0
    with closing(Hub(order.hub, order.token)) as hub:
        Fetcher(hub, order.folder, meter, judge_xtts).fetch_all([source_of(file, order.hub) for file in missing])
    meter.say(
        f"Ready: {order.folder}. The engine xtts needs PyTorch too (make torch) and reads COQUI_TOS_AGREED=1; `make "
        "doctor` says whether all is there."
    )
    return 0


def _introduce(order: Order, meter: Meter) -> None:
    """What is about to be fetched and on which terms, before a byte of it comes."""
    meter.say(f"XTTS v2, {amount(sum(file.size for file in FILES))}, from {page(order.hub)}")
    meter.say(f"Licence: {LICENCE}, no commercial use. {licence_page(order.hub)}")
    meter.say(TERMS)


def _require_agreement(order: Order) -> None:
    """Raise `LicenceForbids` unless its licence may be and is agreed to."""
    if order.commercial_only:
        raise LicenceForbids(
            "TROUPE_COMMERCIAL_ONLY=1 keeps out what forbids commercial use, and XTTS v2 does. Speak with piper (`make "
            "voice` lists its voices and their licences), or unset it where nothing commercial is done."
        )
    if not order.agreed:
        raise LicenceForbids(
            "To fetch and use it you have to agree to that licence. Read it; if you agree, run COQUI_TOS_AGREED=1 "
            f"{COMMAND} (or put COQUI_TOS_AGREED=1 into .env, where svc-tts reads it too). Nothing was fetched."
        )


def _missing(folder: Path) -> list[ReleaseFile]:
    """Files of the release that are not there; weights as safetensors stand for model.pth."""
    absent = [file for file in FILES if not (folder / file.name).exists()]
    if (folder / OTHER_WEIGHTS).exists():
        absent = [file for file in absent if file.name != WEIGHTS]
    return absent


def _tell_of_others(folder: Path, meter: Meter) -> None:
    """Name the files in the folder that are not the release's, such as those of a fine-tuned model: they stay."""
    for file in FILES:
        here = folder / file.name
        if here.exists() and here.stat().st_size != file.size:
            meter.say(f"Mind: {here} is another file than the release's ({here.stat().st_size} bytes); it stays.")
    if (folder / OTHER_WEIGHTS).exists():
        meter.say(f"Mind: {folder / OTHER_WEIGHTS} is there and used in place of {WEIGHTS}.")


def _verify(order: Order, meter: Meter) -> int:
    """Check what is in the folder; status 1 when a file is not whole or not there."""
    here = [file for file in FILES if (order.folder / file.name).exists()]
    if not here:
        raise CheckpointNotFound(f"XTTS v2 is not in {order.folder} ({SETTING}). Fetch it: {COMMAND}")
    status = 0
    for file in here:
        path = order.folder / file.name
        try:
            # What was fetched is the release's; a model of one's own, put there by hand, has no checksum to have.
            pinned = file.sha256 if recorded(path) or path.stat().st_size == file.size else ""
            again = f"rm {shlex.quote(str(path))} && {COMMAND}"
            meter.say(session.verify(path, pinned, again, judge_xtts, meter))
        except TroupeError as error:
            meter.say(f"{COMMAND}: {error.message}")
            status = 1
    for file in _missing(order.folder):
        meter.say(f"{COMMAND}: {order.folder / file.name} is not there. Fetch it: {COMMAND}")
        status = 1
    return status
