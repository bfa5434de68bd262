"""Where a model comes from: a name of the catalogue, `owner/repository/file.gguf` of the hub, or any https address."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote, unquote, urlsplit

from svc_text.models.catalogue import CATALOGUE, Entry, find
from svc_text.models.inspect import SUFFIX
from troupe.weights.source import HUB, Source
from troupe.wire.errors import InvalidArgument, nearest

SETTING = "TROUPE_TEXT_MODELS_DIR"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
_PART_OF_MANY = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


def source_of(wanted: str, hub: str = HUB) -> Source:
    """The source that a `NAME=` means, on that hub or a mirror of it.

    Raises `InvalidArgument` for what is neither in the catalogue, nor a file of the hub, nor an https address.
    """
    hub = hub.rstrip("/")
    if (entry := find(wanted)) is not None:
        return _of_entry(entry, hub)
    if "://" in wanted:
        return _of_address(wanted)
    parts = wanted.split("/")
    if len(parts) >= 3 and all(parts):
        repository, path = "/".join(parts[:2]), "/".join(parts[2:])
        url = f"{hub}/{quote(repository)}/resolve/main/{quote(path)}"
        return Source(url, f"{hub}/{quote(repository)}", _file_name(parts[-1], wanted), _command(wanted), SETTING)
    raise _unknown(wanted)


def _of_entry(entry: Entry, hub: str) -> Source:
    return Source(
        url=f"{hub}/{entry.repository}/resolve/{entry.revision}/{entry.file}",
        page=f"{hub}/{entry.repository}",
        file=f"{entry.name}{SUFFIX}",
        command=_command(entry.name),
        setting=SETTING,
        sha256=entry.sha256,
        size=entry.size,
        anyway=_command(f"{entry.repository}/{entry.file}"),
    )


def _command(name: str) -> str:
    return f"make model NAME={shlex.quote(name)}"


def _of_address(address: str) -> Source:
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname:
        raise InvalidArgument(f"{address} is no https address. Give one that begins with https://.", setting="NAME")
    url = address
    if parts.hostname == urlsplit(HUB).hostname:
        url = address.replace("/blob/", "/resolve/", 1)  # the page that shows a file, as people copy it
    return Source(url, address, _file_name(unquote(parts.path.rpartition("/")[2]), address), _command(address), SETTING)


def _file_name(name: str, wanted: str) -> str:
    if _PART_OF_MANY.search(name):
        raise InvalidArgument(
            f"{wanted} is one part of a model split over several files. Take a repository that has it in one file, or "
            "merge the parts with llama.cpp's `llama-gguf-split --merge` and put the result into the folder.",
            setting="NAME",
        )
    if not name.endswith(SUFFIX) or not _FILE_NAME.fullmatch(name):
        raise InvalidArgument(
            f"{wanted} does not end in the name of a {SUFFIX} file (letters, digits and . _ + - only).", setting="NAME"
        )
    return name


def _unknown(wanted: str) -> InvalidArgument:
    names = [entry.name for entry in CATALOGUE]
    return InvalidArgument(
        f'There is no model "{wanted}" in the catalogue.{nearest(wanted, names)} It knows {", ".join(names)}. Any '
        "other is NAME=owner/repository/file.gguf of Hugging Face, or an https address.",
        setting="NAME",
    )
