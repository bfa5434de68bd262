"""`troupe doctor`: what works on this machine, and what mends the rest.

Each service examines itself in a process of its own (`python -m svc_x doctor --json`): every engine is really started
and really makes a token, a word or a frame. The gateway imports none of them, and where one is not installed, as in
the gateway's own container, says where to ask.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec

import psutil

from gateway.cli.mesh import PARTS, Part, interpreter
from gateway.cli.surroundings import examine_gateway
from troupe.wire.doctor.cards import examine_cards
from troupe.wire.doctor.findings import Finding, State, from_json
from troupe.wire.doctor.machine import ENOUGH_FOR_A_GATEWAY, ENOUGH_MEMORY, examine_machine
from troupe.wire.doctor.report import tell

EXAMINATION_S = 900.0  # vLLM reads 40 GB of weights
GONE_S = 5.0  # a process that holds a card takes a while to die
SERVICES = tuple(part for part in PARTS if part.target)


def run(*, as_json: bool) -> int:
    """Print the report; status 1 where something that is needed failed."""
    return tell(examine(os.environ), as_json=as_json)


def examine(environ: Mapping[str, str]) -> list[Finding]:
    """The gateway and the machine, then what every service says of itself."""
    with ThreadPoolExecutor() as pool:
        gateway, machine = pool.submit(examine_gateway, environ), pool.submit(_machine)
        found = list(pool.map(lambda part: _service(part, environ), SERVICES))
    own = [*gateway.result(), *machine.result()]
    known = {(finding.part, finding.name, finding.state) for finding in own}  # of another Python's PyTorch all is new
    others = [finding for each in found for finding in each]
    return [*own, *(finding for finding in others if (finding.part, finding.name, finding.state) not in known)]


def _machine() -> list[Finding]:
    alone = not any(_is_here(part) for part in SERVICES)
    return [*examine_machine(ENOUGH_FOR_A_GATEWAY if alone else ENOUGH_MEMORY), *([] if alone else examine_cards())]


def _is_here(part: Part) -> bool:
    return find_spec(part.module) is not None


def _service(part: Part, environ: Mapping[str, str]) -> list[Finding]:
    """Ask one service to examine itself."""
    python = interpreter(part, environ)
    mine = python == sys.executable
    if mine and not _is_here(part):
        return [_elsewhere(part)]
    command = [python, "-m", part.module, "doctor", "--json", *(["--part-only"] if mine else [])]
    try:
        said, wrong = _heard(command)
        return from_json(said)
    except subprocess.TimeoutExpired:
        return [_silent(part, f"its examination took longer than {EXAMINATION_S:.0f} s")]
    except OSError as error:
        return [_silent(part, f"{python} does not start: {error.strerror}")]
    except ValueError:
        return [_silent(part, (wrong.strip().splitlines() or ["it said nothing"])[-1])]


def _heard(command: Sequence[str]) -> tuple[str, str]:
    """What it wrote to standard output and error; whatever it started ends with it, where it is late."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            return process.communicate(timeout=EXAMINATION_S)
        except subprocess.TimeoutExpired:
            with suppress(psutil.NoSuchProcess):
                _end(psutil.Process(process.pid))
            raise


def _end(process: psutil.Process) -> None:
    """The process, which is stopped before so that it starts no others, and its children: vLLM computes in some."""
    process.suspend()
    children = process.children(recursive=True)
    for each in (process, *children):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(children, timeout=GONE_S)


def _elsewhere(part: Part) -> Finding:
    reason = f"{part.module} is not installed here: it runs elsewhere, and examines itself"
    return Finding(part.name, "doctor", State.MISSING, reason, f"python -m {part.module} doctor, where it runs")


def _silent(part: Part, reason: str) -> Finding:
    remedy = f"python -m {part.module} doctor says more; make setup installs what a part needs."
    return Finding(part.name, "doctor", State.BROKEN, reason, remedy, needed=True)
