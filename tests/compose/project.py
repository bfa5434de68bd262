"""A user's folder with the compose files, and what one does there: up, kill, look inside, down."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMAND_S = 240.0
WELL_S = 120.0
CLOUD_KEY = "canary-of-the-cloud-7341"
HUB_TOKEN = "canary-of-the-hub-9920"
SETTINGS = f"""\
# As the seed's, with addresses of this machine.
PROVIDER_TEXT=echo
PROVIDER_TEXT_FALLBACK=
PROVIDER_TTS=flite
PROVIDER_TTS_FALLBACK=espeak
PROVIDER_VIDEO=portrait
PROVIDER_VIDEO_FALLBACK=
PROVIDER_COQUI_SERVICE_URL=http://localhost:5050
TROUPE_TEXT_ENGINES=echo,extractive
TROUPE_SPEECH_ENGINES=flite,espeak
TROUPE_VIDEO_ENGINES=portrait
TROUPE_VERSION=0.1.0
MINIMAX_API_KEY={CLOUD_KEY}
HF_TOKEN={HUB_TOKEN}
"""


def folder_of_a_user(folder: Path) -> Path:
    """The compose files as a clone has them, and a `.env`."""
    shutil.copy(ROOT / "compose.yaml", folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".env").write_text(SETTINGS)
    (folder / ".env").chmod(0o600)
    return folder


@dataclass(frozen=True, slots=True)
class Project:
    """The mesh of one folder."""

    folder: Path
    files: Sequence[str] = ("compose.yaml",)

    def compose(self, *words: str, **environ: str) -> str:
        """What `docker compose` says; an exit status that is not 0 is an error with its last words."""
        files = [word for file in self.files for word in ("-f", file)]
        return self.docker("compose", *files, *words, **environ)

    def up(self, *words: str) -> None:
        """Until every part is healthy, two replicas of every service."""
        self.compose("up", "-d", "--wait", "--no-build", "--scale", "svc-text=2", "--scale", "svc-video=2", *words)

    def docker(self, *words: str, **environ: str) -> str:
        done = subprocess.run(
            ["docker", *words],
            check=False,
            cwd=self.folder,
            env=os.environ | environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
        )
        assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr[-1500:]}"
        return done.stdout

    def containers(self) -> dict[str, Any]:
        """Name -> what `docker inspect` tells, of all that exist."""
        names = self.compose("ps", "-aq").split()
        found = json.loads(self.docker("inspect", *names)) if names else []
        return {container["Name"].strip("/").removeprefix("troupe-"): container for container in found}

    def inside(self, container: str, *command: str) -> tuple[int, str]:
        """Exit status and words of a command inside."""
        done = subprocess.run(
            ["docker", "exec", f"troupe-{container}", *command], check=False, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    def kill_dead(self, container: str) -> None:
        """SIGKILL from outside, as the kernel does when memory runs out: Docker takes it for a crash."""
        os.kill(self.containers()[container]["State"]["Pid"], signal.SIGKILL)

    def wait_well(self, container: str, restarts: int | None = None) -> float:
        """Seconds until it is healthy again, after so many restarts."""
        started = time.monotonic()
        while time.monotonic() - started < WELL_S:
            state = self.containers()[container]
            done = restarts is None or state["RestartCount"] >= restarts
            if done and state["State"].get("Health", {}).get("Status") == "healthy":
                return time.monotonic() - started
            time.sleep(0.5)
        raise AssertionError(f"{container} is not healthy after {WELL_S:.0f} s")
