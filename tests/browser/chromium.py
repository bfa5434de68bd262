"""The Chromium of this machine, as the programs that var/browser's Python runs start it."""

from __future__ import annotations

import shutil

BROWSERS = ("chromium", "google-chrome")  # as tools/browser.sh installs the first
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program() -> str:
    """Its path."""
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        raise SystemExit("No Chromium is installed: `make test-browser` says how to get it.")
    return path
