"""The process that holds SadTalker: `python -m svc_video.engines.sadtalker.worker LOAD`, LOAD as JSON of `orders.Load`.

Over its pipes go packets (see `packets`). In:
{"prepare": N, "width", "height", "mode", "size"} with a picture
{"film": N, "order", "source", "sizes"} with the source's arrays, a reference film and the picture, of those sizes
{"sound": N} with PCM, {"end": N} after the last of it, {"room": N, "frames": M}: M more frames may come
{"cancel": N}, {"ping": N}
Out: {"loading": 0..1}, then {"hello"} or {"missing", "remedy", "kind"} or {"fatal"}; then
{"number": N, "frame": F, "shape"} with the pixels, {"number": N, "done"} or {"number": N, "error", "kind", "details"}.

`dispatcher` carries them out. A fault of the device ends the process, with a sentence; the service starts another one.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from svc_video.engines.sadtalker.dispatcher import Dispatcher
from svc_video.engines.sadtalker.machine import Renderer, Stage
from svc_video.engines.sadtalker.orders import Load
from svc_video.engines.sadtalker.packets import Out
from troupe.wire.errors import CheckpointNotFound, EngineMissing, TroupeError

PR_SET_PDEATHSIG = 1

log = logging.getLogger("sadtalker")


@dataclass(frozen=True, slots=True)
class Loaded:
    """SadTalker in memory, ready to draw."""

    stage: Stage
    renderer: Renderer
    hello: dict[str, Any]  # device, precision, batch, identity, frames_per_s


Loader = Callable[[Load, Callable[[float], None]], Loaded]


def main() -> int:
    """Load, then serve until the other side closes the pipe."""
    return run(_load)


def run(load: Loader) -> int:
    """`main` with that way to load."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # never outlive the service
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this process
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out = Out(_own_stdout())
    try:
        loaded = load(Load(**json.loads(sys.argv[-1])), lambda part: out.send({"loading": part}))
    except (EngineMissing, CheckpointNotFound) as error:
        out.send({"missing": error.message, "remedy": error.details.get("remedy", ""), "kind": error.code})
        return 1
    except TroupeError as error:
        out.send({"fatal": error.message})
        return 1
    dispatcher = Dispatcher(loaded.stage, loaded.renderer, out)
    out.send({"hello": loaded.hello})
    orders = os.fdopen(sys.stdin.fileno(), "rb", buffering=0)
    threading.Thread(target=dispatcher.listen, args=(orders,), daemon=True).start()
    status = _served(dispatcher)
    logging.shutdown()
    os._exit(status)  # at once: nobody waits for what the stage still computes, and Python would


def _served(dispatcher: Dispatcher) -> int:
    try:
        dispatcher.serve()
    except BrokenPipeError:  # the service is gone
        return 0
    except Exception:  # the boundary of the process: a fault of the device leaves nothing to go on with
        log.exception("SadTalker cannot go on")
        return 1
    return 0


def _load(load: Load, loading: Callable[[float], None]) -> Loaded:
    loading(0.01)
    from svc_video.engines.sadtalker.loading import load as load_networks  # noqa: PLC0415  # torch itself takes seconds

    return load_networks(load, loading)


def _own_stdout() -> IO[bytes]:
    """The pipe, for packets alone: what libraries print goes to stderr."""
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(pipe, "wb")


if __name__ == "__main__":
    sys.exit(main())
