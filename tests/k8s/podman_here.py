"""podman with a root of its own, that runs in a container or a virtual machine without systemd."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONF = """[containers]
default_ulimits = ["nofile=10000:10000", "nproc=10000:10000"]
"""
"""podman's own limits are higher than a machine without CAP_SYS_RESOURCE may set."""
COMMAND_S = 240.0


@dataclass(frozen=True, slots=True)
class Podman:
    """Everything it keeps is in `folder`."""

    folder: Path

    def __call__(self, *arguments: str | Path, check: bool = True) -> str:
        """Run it and give what it said; raises `AssertionError` with its own words."""
        conf = self.folder / "containers.conf"
        conf.write_text(CONF)
        command = ["podman", "--runtime", shutil.which("runc"), "--cgroup-manager=cgroupfs", "--events-backend=file"]
        command += [f"--{name}={self.folder / name}" for name in ("root", "runroot", "tmpdir")]
        environ = os.environ | {"CONTAINERS_CONF": str(conf), "TMPDIR": str(self.folder)}
        done = subprocess.run(
            [*command, *arguments], env=environ, capture_output=True, text=True, timeout=COMMAND_S, check=False
        )
        assert done.returncode == 0 or not check, f"podman {arguments}: {done.stderr}"
        return done.stdout

    def play(self, manifests: Path) -> None:
        """Start these pods."""
        self("kube", "play", "--build=false", "--log-driver=k8s-file", manifests)

    def running(self) -> list[str]:
        """Names of the containers that run, without the pods' own."""
        return [name for name in self("ps", "--format", "{{.Names}}").split() if not name.endswith("-infra")]

    def remove(self) -> None:
        """Everything: pods, images, volumes, mounts."""
        self("system", "reset", "--force", check=False)
