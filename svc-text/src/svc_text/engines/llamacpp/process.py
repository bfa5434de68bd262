"""The life of one child process (see `child`): started, asked, watched, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from troupe.wire.errors import CheckpointBroken, EngineFailed, EngineMissing

PROGRAM = Path(__file__).with_name("child.py")
LOOK_S = 0.1
END_S = 5.0
STILL_S = 120.0  # loading that does not grow for so long has hung
KEPT_LINES = 40
SPIN_COUNT = "1000"  # rounds; what libgomp takes by itself once it has more threads than cores
CPUCLOCK_SCHED = 2  # a process's own processor time, in the numbering of Linux' clock ids
SOCKET = "llamacpp.sock"
NO_XLLAMACPP = "xllamacpp is not installed"
ERROR_LINE = re.compile(r"(?:^|\s)E\s+(?:\w+\s+)?(?P<what>\S.*)")
INSTALL_LIBGOMP = "sudo apt-get install -y libgomp1"
INSTALL_XLLAMACPP = "make setup"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What a child must load, and how."""

    path: str
    name: str
    socket: str
    slots: int
    context: int  # tokens of one chat
    batch: int  # tokens of a prompt read at once
    threads: int
    cache_mib: int
    gpu_layers: int
    verbose: bool = False


class Child:
    """One running process with a loaded model."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, name: str) -> None:
        self._process = process
        self._folder = folder
        self._name = name
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.device = "cpu"
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, order: Order, loading: Callable[[float], None], size: int) -> Child:
        """Load the model of `size` bytes; `loading` hears how far (0..1).

        Raises `EngineMissing` where llama.cpp cannot run here and `CheckpointBroken` where it cannot load the model.
        """
        folder = Path(tempfile.mkdtemp(prefix="troupe-text-"))  # nobody else may enter it
        order = _with_socket(order, folder / SOCKET)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(PROGRAM), json.dumps(asdict(order)), stdin=pipe, stdout=pipe, stderr=pipe,
            start_new_session=True, env=_environment(),
        )  # fmt: skip
        child = cls(process, folder, order.name)
        try:
            await child._loaded(loading, size)
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def socket(self) -> str:
        """The file that its server listens on."""
        return str(self._folder / SOCKET)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def processor_s(self) -> float:
        """Processor time it has used, seconds; it stands still while the process is stopped or has nothing to do."""
        if not self.alive:
            return 0.0
        try:
            return time.clock_gettime(~self._process.pid << 3 | CPUCLOCK_SCHED)
        except OSError:  # just ended
            return 0.0

    async def failure(self) -> EngineFailed:
        """Why a chat on it broke: what became of the process, in a sentence."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._process.wait()
        if self.alive:
            return EngineFailed(f"The process that holds {self._name} broke the connection. Try again.")
        words = self._last_words()
        status = self._process.returncode
        how = f"was ended by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
        why = f" ({words})" if words else ""
        return EngineFailed(
            f"The process that holds {self._name} {how}{why}. It is started again for the next chat.", engine="llamacpp"
        )

    async def end(self) -> None:
        """End it now, whatever it does."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._listener
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _loaded(self, loading: Callable[[float], None], size: int) -> None:
        assert self._process.stdout is not None  # noqa: S101  # always a pipe here
        reply = asyncio.ensure_future(self._process.stdout.readline())
        most, moved = 0, time.monotonic()
        while not (await asyncio.wait({reply}, timeout=LOOK_S))[0]:
            if (resident := self._resident()) > most:
                most, moved = resident, time.monotonic()
            elif time.monotonic() - moved > STILL_S:
                reply.cancel()
                raise self._unloadable(f"nothing more of it was loaded for {STILL_S:.0f} s")
            loading(min(1.0, resident / max(1, size)))
        self._judge(reply.result())

    def _judge(self, line: bytes) -> None:
        told = json.loads(line) if line else {"error": "its process ended while it loaded"}
        if "missing" in told and told.get("libgomp"):
            raise EngineMissing("the library libgomp1 is not there, and llama.cpp needs it", remedy=INSTALL_LIBGOMP)
        if "missing" in told:
            raise EngineMissing(f"{NO_XLLAMACPP}: {told['missing']}", remedy=INSTALL_XLLAMACPP)
        if "error" in told:
            raise self._unloadable(self._last_words() or told["error"])
        self.device = told["device"]

    def _unloadable(self, why: str) -> CheckpointBroken:
        return CheckpointBroken(
            f"llama.cpp cannot load {self._name}: {why}. Fetch the file again, or another model.", remedy="make model"
        )

    def _resident(self) -> int:
        """Bytes of it that are in memory."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    async def _listen(self) -> None:
        """Keep what llama.cpp says of errors: the reasons stand there."""
        assert self._process.stderr is not None  # noqa: S101  # always a pipe here
        async for raw in self._process.stderr:
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            log.debug("%s: %s", self._name, line)

    def _last_words(self) -> str:
        errors = [match["what"] for line in self._lines if (match := ERROR_LINE.search(line))]
        said = errors[0] if errors else (self._lines[-1] if self._lines else "")
        return said.strip().removesuffix(".")


def _environment() -> dict[str, str]:
    """OpenMP's threads wait without spinning, unless told otherwise.

    Beside other work on the same cores, spinning threads keep each other from computing: 60 tokens read and 40 written
    took 20 to 60 s with libgomp's default and 1.5 to 4 s with this; alone on the machine both take the same.
    """
    return {"GOMP_SPINCOUNT": SPIN_COUNT} | dict(os.environ)


def _with_socket(order: Order, socket: Path) -> Order:
    return Order(**(asdict(order) | {"socket": str(socket)}))
