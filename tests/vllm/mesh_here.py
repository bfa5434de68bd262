"""The mesh as `troupe up` runs it, with the parts that talk: `python -m tests.vllm.mesh_here`, settings as ever."""

from __future__ import annotations

import sys

from gateway.cli.mesh import PARTS, Mesh

if __name__ == "__main__":
    sys.exit(Mesh({}, parts=[part for part in PARTS if part.name in {"text", "gateway"}]).run())
