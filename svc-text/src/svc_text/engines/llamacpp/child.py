"""The process that holds one model: llama.cpp's own server, listening on a socket file that only its parent can reach.

Run as a program by its path, so that it imports nothing but xllamacpp. Its one argument is JSON (see `Order`). It says
one line of JSON when the model is loaded or why it is not, and ends when its standard input does: that is its parent's
life. A process of its own because llama.cpp ends the whole process where an assertion fails, and because what a model
held is given back for certain only then.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

OOM_SCORE = 500  # of -1000..1000: where memory runs out the kernel ends this process and not the service
LIBGOMP = "libgomp.so.1"
CPU = 0  # ggml's number of that kind of device
QUIET, INFORMED = 1, 3  # llama.cpp's verbosity: errors, or what it does


def main() -> None:
    """Load, say so, live as long as the parent."""
    replies = _own_stdout()
    order = json.loads(sys.argv[1])
    _be_the_first_to_go()
    server = None  # kept: it ends when nobody has it
    try:
        server, device = _serve(order)
    except ImportError as error:
        reply = {"missing": str(error), "libgomp": LIBGOMP in str(error)}
    except (RuntimeError, ValueError, MemoryError) as error:
        reply = {"error": str(error)}
    else:
        reply = {"ready": server.listening_address, "device": device}
    print(json.dumps(reply), file=replies, flush=True)
    if "ready" in reply:
        sys.stdin.read()
    os._exit(0)  # nothing to tidy, and llama.cpp would wait for its running chats


def _own_stdout() -> TextIO:
    """The parent's pipe for replies; what llama.cpp prints goes to the log with its errors."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return replies


def _be_the_first_to_go() -> None:
    adjust = Path("/proc/self/oom_score_adj")
    if adjust.exists():
        adjust.write_text(str(OOM_SCORE))


def _serve(order: dict[str, Any]) -> tuple[Any, str]:
    """The server, and what computes."""
    import xllamacpp  # noqa: PLC0415  # its absence is told as a reply

    devices = [each["description"] for each in xllamacpp.get_device_info() if int(each["type"]) != CPU]
    params = xllamacpp.CommonParams()
    params.model.path = order["path"]
    params.model_alias = {order["name"]}
    params.hostnames = [order["socket"]]
    params.n_parallel = order["slots"]
    params.n_ctx = order["context"] * order["slots"]  # llama.cpp divides it among the slots
    params.kv_unified = False
    params.n_batch = params.n_ubatch = order["batch"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order["threads"]
    params.cache_ram_mib = order["cache_mib"]
    params.n_gpu_layers = order["gpu_layers"]
    params.fit_params = False  # what does not fit is refused by the parent, with numbers
    params.warmup = False  # the parent's first token is one
    params.ui = params.endpoint_slots = False
    params.verbosity = INFORMED if order["verbose"] else QUIET
    device = ", ".join(devices) if devices and order["gpu_layers"] else "cpu"
    return xllamacpp.Server(params), device


if __name__ == "__main__":
    main()
