"""What a process takes from itself before it reads a stranger's bytes: memory, time, files, rights, system calls.

Each measure stands alone. Where the system does not have one (a pod that forbids it, an old kernel), the others hold
and what lacks is told; a decoder never fails for it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from troupe.wire import seccomp

_OPEN_FILES = 32
_KEPT_OF_THE_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "TMPDIR", "SYSTEMROOT")
_BROKE = "the decoder broke"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a process may use."""

    memory_bytes: int  # of address space
    cpu_s: int


def environment() -> Mapping[str, str]:
    """What such a process is told of its surroundings: where Python is, and no key or setting of the service."""
    kept = {name: os.environ[name] for name in _KEPT_OF_THE_ENVIRONMENT if name in os.environ}
    return {**kept, "MALLOC_ARENA_MAX": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def enter(limits: Limits) -> tuple[str, ...]:
    """Confine this process for good; gives what the system would not do, each as "measure: why".

    Everything that is to be imported must be imported before: no file opens afterwards.
    """
    refused = {
        "rlimits": _bound(limits),
        "no_new_privs": seccomp.forbid_new_privileges(),
        "seccomp": seccomp.install(),
    }
    return tuple(f"{measure}: {why}" for measure, why in refused.items() if why)


def complain(**what: str) -> None:
    """Say something to who started this process: `why` it fails, or what of its sandbox is `lacking`."""
    sys.stderr.write(json.dumps(what) + "\n")


def complaint(said: bytes) -> str:
    """Why such a process failed, by its standard error; what its sandbox lacks goes to the log, once."""
    why = _BROKE
    for line in said.splitlines():
        with contextlib.suppress(ValueError, AttributeError):  # a line of a library's
            told = json.loads(line)
            why = str(told.get("why", why))
            _warn_once(str(told.get("lacking", "")))
    return why


@functools.cache
def _warn_once(lacking: str) -> None:
    if lacking:
        log.warning("files of strangers are decoded in a weaker sandbox: %s", lacking)


def _bound(limits: Limits) -> str:
    """Set every rlimit, never above what is allowed already; gives why one could not be set, or nothing."""
    lacking = []
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (least, least))
        except (OSError, ValueError) as error:
            lacking.append(str(error))
    return ", ".join(lacking)
