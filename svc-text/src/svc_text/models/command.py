"""`python -m svc_text model [NAME] [--verify]`, which `make model` runs: list, fetch, verify."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from svc_text.models.catalogue import CATALOGUE, CHAT_TOKENS, FIRST_CHOICE, Entry, find, of_file
from svc_text.models.checksum import verify
from svc_text.models.folder import models
from svc_text.models.inspect import SUFFIX, ModelCard, inspect, judge
from svc_text.models.source import SETTING, source_of
from troupe.weights import session
from troupe.weights.fetch import DAMAGED, Fetcher
from troupe.weights.hub import Hub
from troupe.weights.meter import Meter, amount
from troupe.weights.part import PART
from troupe.weights.source import HUB, Source
from troupe.wire.errors import CheckpointNotFound, TroupeError

_COLUMNS = "{:14} {:>8} {:>8}  {:11} {:10}  {}"


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line and the environment ask for."""

    name: str
    verify: bool
    folder: Path
    hub: str = HUB
    token: str = ""

    @classmethod
    def of(cls, name: str, folder: Path, environ: Mapping[str, str] = os.environ, *, verify: bool = False) -> Order:
        """The order for that name; HF_ENDPOINT and HF_TOKEN are huggingface_hub's own names."""
        return cls(name.strip(), verify, folder, environ.get("HF_ENDPOINT") or HUB, environ.get("HF_TOKEN", ""))


def run(order: Order, meter: Meter) -> int:
    """Do it and give the exit status; errors are told as one sentence."""
    return session.run("make model", SETTING, order.folder, meter, lambda: _work(order, meter))


def _work(order: Order, meter: Meter) -> int:
    if order.verify:
        return _verify(order, meter)
    if order.name:
        _fetch(source_of(order.name, order.hub), find(order.name), order, meter)
    else:
        _list(order.folder, meter)
    return 0


def _list(folder: Path, meter: Meter) -> None:
    entries = {path: of_file(path.name) for path in models(folder)}
    meter.say(_COLUMNS.format("NAME", "SIZE", "RAM", "LICENCE", "COMMERCIAL", "WHAT FOR"))
    for entry in CATALOGUE:
        commercial = "yes" if entry.licence.commercial_use else "no"
        commercial += ", terms" if entry.licence.terms else ""
        purpose = entry.purpose + (" (it is here)" if entry in entries.values() else "")
        meter.say(
            _COLUMNS.format(
                entry.name, amount(entry.size), amount(entry.memory()), entry.licence.name, commercial, purpose
            )
        )
    for licence in dict.fromkeys(entry.licence for entry in CATALOGUE if entry.licence.terms):
        meter.say(f"\n{licence.name}: {licence.terms} {licence.url}")
    meter.say(f"\nRAM is for one chat of {CHAT_TOKENS} tokens. Fetch one: make model NAME={FIRST_CHOICE}")
    meter.say("Any other: make model NAME=owner/repository/file.gguf (of Hugging Face), or an https address.")
    for path in (path for path, entry in entries.items() if entry is None):
        meter.say(f"Also here: {path}")
    for path in sorted((*folder.glob(f"*{PART}"), *folder.glob(f"*{DAMAGED}"))):
        meter.say(f"Not in use: {path}, {amount(path.stat().st_size)}")


def _fetch(source: Source, entry: Entry | None, order: Order, meter: Meter) -> None:
    place = order.folder / source.file
    if place.exists():
        meter.say(f"It is here already: {describe(inspect(place))}. VERIFY=1 checks every byte.")
        return
    _introduce(source, entry, meter)
    with closing(Hub(order.hub, order.token)) as hub:
        Fetcher(hub, order.folder, meter, judge).fetch(source)
    meter.say(f"Ready: {describe(inspect(place))}. svc-text takes it when it starts next.")


def _introduce(source: Source, entry: Entry | None, meter: Meter) -> None:
    """What is about to be fetched and on which terms, before a byte of it comes."""
    if entry is None:
        meter.say(f"{source.file} is not in the catalogue. Its licence is not known here: see {source.page}")
        return
    use = "commercial use allowed" if entry.licence.commercial_use else "no commercial use"
    meter.say(f"{entry.title}, {amount(entry.size)}, from {source.page}")
    meter.say(f"Licence: {entry.licence.name}, {use}. {entry.licence.url}")
    if entry.licence.terms:
        meter.say(entry.licence.terms)
    _warn_of_memory(entry, meter)


def _warn_of_memory(entry: Entry, meter: Meter) -> None:
    there = psutil.virtual_memory().total
    if there < entry.memory():
        meter.say(f"Mind: it takes about {amount(entry.memory())} of memory, and this machine has {amount(there)}.")


def _verify(order: Order, meter: Meter) -> int:
    """Check the named model, or all of the folder; status 1 when one of them is not whole."""
    found = [_meant(order)] if order.name else list(models(order.folder))
    if not found:
        raise CheckpointNotFound(f"There is no model in {order.folder}. Fetch one: `make model` lists what there is.")
    status = 0
    for path in found:
        try:
            meter.say(verify(path, meter))
        except TroupeError as error:
            meter.say(f"make model: {error.message}")
            status = 1
    return status


def _meant(order: Order) -> Path:
    """The file that a name means here: one of the folder, else where the file of that source would be."""
    named = order.folder / f"{order.name.removesuffix(SUFFIX)}{SUFFIX}"
    return named if named.is_file() else order.folder / source_of(order.name, order.hub).file


def describe(card: ModelCard) -> str:
    """One line on a model file: what doctor and `make model` say of it."""
    memory = card.size + card.kv_cache(CHAT_TOKENS)
    template = "" if card.chat_template else ", no chat template"
    return (
        f"{card.path} ({card.title}, {card.architecture}, {amount(card.size)}, context {card.context_length} tokens, "
        f"about {amount(memory)} of memory{template})"
    )
