"""`make up-with-fake-cloud`: the mesh, with a fake MiniMax as the last rung of every chain, until Ctrl-C.

What the environment or `.env` says about chains comes first; the key and the host are always the fake's.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from gateway.cli.mesh import PARTS, Mesh, Part
from troupe.wire.environment import read_env_file

FAKES = Path(__file__).parents[1] / "tests" / "fakes"
KEY = "sk-api-fake-global"
CHAINS = {
    "PROVIDER_TEXT": "echo",
    "PROVIDER_TEXT_FALLBACK": "minimax",
    "PROVIDER_TTS": "flite",
    "PROVIDER_TTS_FALLBACK": "espeak,minimax",
    "PROVIDER_VIDEO": "portrait",
    "PROVIDER_VIDEO_FALLBACK": "minimax",
}
INTERRUPTED = 130
HELP = """\
The fake MiniMax cloud is at {cloud} (failures on request: tests/fakes/minimax/README.md). In another terminal:
  curl {gateway}/providers                                                          who serves, who is ill
  curl -N {gateway}/api/text -H 'Content-Type: application/json' -d '{{"prompt": "count the cranes"}}' -i
  kill -STOP $(pgrep -f -- '-m svc_text')    then ask again: the cloud answers; kill -CONT mends it
  curl {cloud}/_seen                                                                what the cloud was asked
"""


def main() -> int:
    """Run the mesh with the cloud until Ctrl-C, which is a good end."""
    read_env_file()
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = str(held.getsockname()[1])
    cloud = f"http://127.0.0.1:{port}"
    chosen = {name: os.environ.get(name, usual) for name, usual in CHAINS.items()}
    ours = {
        "FAKE_MINIMAX_PORT": port,
        "MINIMAX_API_HOST": cloud,
        "MINIMAX_API_KEY": KEY,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(FAKES), os.environ.get("PYTHONPATH")))),
    }
    print(HELP.format(cloud=cloud, gateway=f"http://127.0.0.1:{os.environ.get('TROUPE_PORT', '8000')}"), flush=True)
    status = Mesh(chosen | ours, parts=(Part("cloud", "minimax", ("FAKE_MINIMAX_PORT",)), *PARTS)).run()
    return 0 if status == INTERRUPTED else status


if __name__ == "__main__":
    sys.exit(main())
