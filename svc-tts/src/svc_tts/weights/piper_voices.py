"""Where a voice of Piper comes from: its name tells its folder in the repository, `lang_REGION-name-quality`."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from urllib.parse import quote

from svc_tts.weights.piper_catalogue import CATALOGUE, REPOSITORY, REVISION, Entry, Pin, find
from troupe.weights.source import Source
from troupe.wire.errors import InvalidArgument, nearest

SETTING = "TROUPE_SPEECH_PIPER_DIR"
MODEL, CONFIG, CARD = ".onnx", ".onnx.json", ".MODEL_CARD"
QUALITIES = ("x_low", "low", "medium", "high")
_NAME = re.compile(r"(?P<code>(?P<family>[a-z]{2,3})_[A-Z]{2})-(?P<voice>\w{1,60})-(?P<quality>x_low|low|medium|high)")


@dataclass(frozen=True, slots=True)
class VoiceSource:
    """The three files of a voice, in the order they come: nothing looks at the first two before the model is there."""

    name: str
    entry: Entry | None  # what the catalogue says of it
    page: str
    card: Source
    config: Source
    model: Source


def source_of(wanted: str, hub: str) -> VoiceSource:
    """The voice that a `NAME=` means; raises `InvalidArgument` for what is no name of a voice."""
    entry = find(wanted)
    name = entry.name if entry else wanted
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise _unknown(wanted)
    folder = "/".join(quote(parts[key]) for key in ("family", "code", "voice", "quality"))
    base, page = f"{hub}/{REPOSITORY}/resolve/{REVISION}/{folder}", f"{hub}/{REPOSITORY}/tree/{REVISION}/{folder}"

    def source(there: str, here: str, pin: Pin | None) -> Source:
        return Source(
            url=f"{base}/{there}",
            page=page,
            file=f"{name}{here}",
            command=command(name),
            setting=SETTING,
            sha256=pin.sha256 if pin else "",
            size=pin.size if pin else 0,
        )

    return VoiceSource(
        name=name,
        entry=entry,
        page=page,
        card=source("MODEL_CARD", CARD, None),
        config=source(f"{quote(name)}{CONFIG}", CONFIG, entry.config if entry else None),
        model=source(f"{quote(name)}{MODEL}", MODEL, entry.model if entry else None),
    )


def command(name: str) -> str:
    """What a person types to fetch it."""
    return f"make voice NAME={shlex.quote(name)}"


def _unknown(wanted: str) -> InvalidArgument:
    names = [entry.name for entry in CATALOGUE]
    return InvalidArgument(
        f'"{wanted}" is no name of a voice.{nearest(wanted, names)} One has the form lang_REGION-name-quality, such as '
        f"en_US-joe-medium; qualities are {', '.join(QUALITIES)}. `make voice` lists a choice of them, and "
        f"https://huggingface.co/{REPOSITORY} has more.",
        setting="NAME",
    )
