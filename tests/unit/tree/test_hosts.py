"""No tracked file names a package registry of this machine, or a path of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[3]
URL = re.compile(r"https?://[^\s'\"\]]+")
LARGEST = 4 * 1024 * 1024


def settings() -> str:
    """What pip, uv and apt are told about where packages come from."""
    pip = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60, check=False
    )
    told = [pip.stdout, *(value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "NPM_")))]
    files = [Path("/etc/apt/sources.list"), Path.home() / ".npmrc", *Path("/etc/apt").glob("*.d/*")]
    told += [path.read_text(errors="replace") for path in files if path.is_file() and path.stat().st_size < LARGEST]
    lines = "\n".join(told).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("#", "//", ";")))


def hosts() -> set[str]:
    return {host for url in URL.findall(settings()) if (host := urlsplit(url).hostname) and "." in host}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=60, check=True).stdout
    paths = [ROOT / name for name in listed.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and path.stat().st_size < LARGEST]


def naming(words: set[str]) -> list[str]:
    found = []
    for path in tracked():
        text = path.read_bytes().decode(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in text]
    return found


def test_no_registry_host_is_named() -> None:
    assert naming(hosts()) == []


def test_no_path_of_this_machine_is_named() -> None:
    assert naming({f"{ROOT}/"}) == []


def test_the_search_would_find_one() -> None:
    assert naming({"no registry host" + " is named"}) == []
    assert any("test_hosts.py" in line for line in naming({"LARGEST = 4"}))
    assert len(tracked()) > 20
