"""`python -m svc_tts voice [NAME] [--verify]`, which `make voice` runs: list, fetch, verify."""

from __future__ import annotations

import shlex
from contextlib import closing
from pathlib import Path

from svc_tts.engines.piper.licence import UNKNOWN, licence_of
from svc_tts.weights.judge import judge_piper
from svc_tts.weights.order import Order
from svc_tts.weights.piper_catalogue import CATALOGUE, FIRST_CHOICE, LESSAC_NOTE, REPOSITORY, Commercial, Entry, find
from svc_tts.weights.piper_voices import CONFIG, MODEL, SETTING, VoiceSource, command, source_of
from troupe.weights import session
from troupe.weights.fetch import DAMAGED, Fetcher
from troupe.weights.hub import Hub
from troupe.weights.meter import Meter, amount
from troupe.weights.part import PART
from troupe.wire.errors import CheckpointNotFound, LicenceForbids, TroupeError

COMMAND = "make voice"
_COLUMNS = "{:34} {:>7}  {:7} {:>8}  {:16}{}"


def fetch_voice(order: Order, meter: Meter) -> int:
    """Do it and give the exit status; errors are told as one sentence."""
    work = _verify if order.verify else _fetch if order.name else _list
    return session.run(COMMAND, SETTING, order.folder, meter, lambda: work(order, meter))


def _list(order: Order, meter: Meter) -> int:
    here = {path.name.removesuffix(MODEL) for path in order.folder.glob(f"*{MODEL}")}
    meter.say(_COLUMNS.format("NAME", "SIZE", "GENDER", "SPEAKERS", "LICENCE", "COMMERCIAL USE"))
    for entry in CATALOGUE:
        use = entry.licence.commercial + (", see 1" if _doubtful(entry) else "")
        use += " (it is here)" if entry.name in here else ""
        meter.say(
            _COLUMNS.format(entry.name, amount(entry.size), entry.gender, entry.speakers, entry.licence.name, use)
        )
    meter.say("\nThe licence is that of the recordings that a voice was made of.")
    meter.say(f"1: {LESSAC_NOTE}")
    for licence in dict.fromkeys(entry.licence for entry in CATALOGUE if entry.licence.terms):
        meter.say(f"{licence.name}: {licence.terms}")
    meter.say(f"\nFetch one: {command(FIRST_CHOICE)}")
    meter.say(f"Any other of https://huggingface.co/{REPOSITORY} too: NAME=lang_REGION-name-quality.")
    for name in sorted(here - {entry.name for entry in CATALOGUE}):
        meter.say(f"Also here: {order.folder / name}{MODEL}")
    for path in sorted((*order.folder.glob(f"*{PART}"), *order.folder.glob(f"*{DAMAGED}"))):
        meter.say(f"Not in use: {path}, {amount(path.stat().st_size)}")
    return 0


def _doubtful(entry: Entry) -> bool:
    return entry.from_lessac and entry.licence.commercial is Commercial.YES


def _fetch(order: Order, meter: Meter) -> int:
    source = source_of(order.name, order.hub)
    place = order.folder / source.model.file
    if place.exists() and (order.folder / source.config.file).exists():
        meter.say(f"It is here already: {place}. VERIFY=1 checks every byte.")
        return 0
    _introduce(source, meter)
    _require_allowed(source, order)
    with closing(Hub(order.hub, order.token)) as hub:
        fetcher = Fetcher(hub, order.folder, meter, judge_piper)
        fetcher.fetch_all([source.card])
        _heed_card(order.folder / source.card.file, source, order, meter)
        fetcher.fetch_all([source.config, source.model])
    meter.say(f"Ready: {place}. The engine piper finds it within seconds, without a restart.")
    return 0


def _introduce(source: VoiceSource, meter: Meter) -> None:
    """What is about to be fetched and on which terms, before a byte of it comes."""
    entry = source.entry
    if entry is None:
        meter.say(f"{source.name} is not in the catalogue; its licence is what its MODEL_CARD tells. {source.page}")
        return
    use = {Commercial.YES: "commercial use allowed", Commercial.NO: "no commercial use"}
    meter.say(f"{entry.name}, {amount(entry.size)}, from {source.page}")
    meter.say(f"Licence: {entry.licence.name}, {use.get(entry.licence.commercial, 'commercial use unknown')}.")
    if entry.licence.terms:
        meter.say(entry.licence.terms)
    if _doubtful(entry):
        meter.say(f"Mind: {LESSAC_NOTE}")


def _require_allowed(source: VoiceSource, order: Order) -> None:
    """Raise `LicenceForbids` where only what allows commercial use may come, and the catalogue knows no such thing."""
    if order.commercial_only and source.entry and source.entry.licence.commercial is not Commercial.YES:
        raise _forbidden(source, source.entry.licence.name)


def _heed_card(card: Path, source: VoiceSource, order: Order, meter: Meter) -> None:
    """Tell the licence by the card itself, before the model comes: the engine goes by it too."""
    licence = licence_of(card.read_text(errors="replace"))
    meter.say(f"Its MODEL_CARD tells {'no licence' if licence.name == UNKNOWN else f'the licence: {licence.name}'}")
    if order.commercial_only and not licence.commercial_use:
        raise _forbidden(source, f"{licence.name}, by its MODEL_CARD")


def _forbidden(source: VoiceSource, licence: str) -> LicenceForbids:
    allowed = ", ".join(entry.name for entry in CATALOGUE if entry.licence.commercial is Commercial.YES)
    return LicenceForbids(
        f"TROUPE_COMMERCIAL_ONLY=1 keeps out what is not known to allow commercial use, and {source.name} is not "
        f"(licence: {licence}). Allowed by the catalogue are {allowed}. Its model was not fetched."
    )


def _verify(order: Order, meter: Meter) -> int:
    """Check the named voice, or all of the folder; status 1 when one of them is not whole."""
    if order.name:
        names = [source_of(order.name, order.hub).name]
    else:
        names = sorted(path.name.removesuffix(MODEL) for path in order.folder.glob(f"*{MODEL}"))
    if not names or not (order.folder / f"{names[0]}{MODEL}").exists():
        raise CheckpointNotFound(
            f"There is no voice {order.name or 'of Piper'} in {order.folder} ({SETTING}). Fetch one: `{COMMAND}` lists "
            "what there is."
        )
    return max([_verify_file(order.folder / f"{name}{end}", name, meter) for name in names for end in (MODEL, CONFIG)])


def _verify_file(file: Path, name: str, meter: Meter) -> int:
    entry = find(name)
    pin = entry and (entry.model if file.name.endswith(MODEL) else entry.config)
    again = f"rm -f {shlex.quote(str(file))} && {command(name)}"
    try:
        if not file.exists():
            raise CheckpointNotFound(f"{file} is not there. Fetch it: {command(name)}")
        meter.say(session.verify(file, pin.sha256 if pin else "", again, judge_piper, meter))
    except TroupeError as error:
        meter.say(f"{COMMAND}: {error.message}")
        return 1
    return 0
