"""`troupe up`: the mesh on its usual ports, with readable interleaved logs, until Ctrl-C."""

from __future__ import annotations

from gateway.cli.mesh import Mesh
from troupe.wire.environment import read_env_file


def run() -> int:
    """Run the mesh; Ctrl-C drains it and is a good end."""
    read_env_file()
    status = Mesh({}).run()
    return 0 if status == 130 else status
