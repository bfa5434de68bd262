"""One file to fetch: where it is, what it is to be, and what a person typed to get it."""

from __future__ import annotations

from dataclasses import dataclass

HUB = "https://huggingface.co"
HUB_MIRROR = "HF_ENDPOINT"
GITHUB = "https://github.com"
GITHUB_MIRROR = "GITHUB_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `sha256` and `size` are what a catalogue says; empty and 0 = it is in none."""

    url: str
    page: str  # where a person reads about it and its licence
    file: str  # its name in the folder
    command: str  # that fetches it
    setting: str  # that names the folder
    sha256: str = ""
    size: int = 0  # bytes
    anyway: str = ""  # the command that takes what is there even if it is not what the catalogue means
    mirror: str = HUB_MIRROR  # the setting that names another server for the same files; empty = there is none
