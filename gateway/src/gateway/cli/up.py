"""`troupe up`: the mesh on its usual ports, with readable interleaved logs, until Ctrl-C."""

from __future__ import annotations

from gateway.cli.mesh import Mesh


def run() -> int:
    """Run the mesh; Ctrl-C drains it and is a good end.

    The parts read `.env` themselves: what stood in their environment would win over the file when they read it again.
    """
    status = Mesh({}).run()
    return 0 if status == 130 else status
