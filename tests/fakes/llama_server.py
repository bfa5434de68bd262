"""llama.cpp's own HTTP server on a free port: `python llama_server.py MODEL.gguf`; it ends when its input does.

Not a fake: it is the `llama-server` that people run, out of the same library as the engine `llamacpp`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import xllamacpp

SLOTS, CONTEXT = 4, 2048


def main() -> None:
    """Serve until nobody holds the other end of our input."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what llama.cpp prints is no reply
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {Path(sys.argv[1]).stem}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_parallel, params.n_ctx, params.kv_unified = SLOTS, SLOTS * CONTEXT, False
    params.n_batch = params.n_ubatch = 64
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.fit_params = params.warmup = params.ui = False
    params.verbosity = 1
    server = xllamacpp.Server(params)
    print(json.dumps({"address": server.listening_address}), file=replies, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
