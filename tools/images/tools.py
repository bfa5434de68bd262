"""Makes the environment that builds: `python3 tools/images/tools.py /build`, checked by hash against build.txt.

It runs on the base image's own Python and pip, and reads this machine's settings from build secrets.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from settings import environ

LOCK = Path(__file__).with_name("build.txt")


def main() -> int:
    """Make the environment and fill it."""
    home = Path(sys.argv[1])
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True, env=environ())
    return 0


if __name__ == "__main__":
    sys.exit(main())
