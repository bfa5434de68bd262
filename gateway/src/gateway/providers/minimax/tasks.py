"""Video tasks at MiniMax: created, asked about, fetched. Both generations of the API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.providers.minimax import faults, files
from gateway.providers.minimax.client import Asking
from gateway.providers.minimax.desk import Desk
from gateway.providers.minimax.replies import Created, Empty, TaskReplyV2, TaskV1
from troupe.wire.errors import EngineFailed, RequestError, TroupeError

log = logging.getLogger(__name__)
QUERY_S = 15.0
CANCEL_S = 2.0

WAITING: Mapping[str, str] = {
    "preparing": "being prepared by MiniMax",
    "queueing": "queued by MiniMax",
    "queued": "queued by MiniMax",
    "processing": "rendered by MiniMax",
    "running": "rendered by MiniMax",
}
DONE = frozenset({"success", "succeeded"})
FAILED = frozenset({"fail", "failed", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a query told: the film's address, or how the task failed; neither = it is not done yet."""

    url: str = ""
    stage: str = ""
    error: TroupeError | None = None


class Task:
    """One task, and the address of its film once there is one."""

    def __init__(self, desk: Desk, *, v2: bool) -> None:
        self._desk = desk
        self._v2 = v2
        self._id = ""
        self.url = ""

    async def create(self, body: Mapping[str, Any]) -> None:
        """Send the order."""
        path = "/v2/video_generation" if self._v2 else "/v1/video_generation"
        created = await self._desk.client.ask(Asking(path, body, first_s=self._desk.first_s), Created)
        self._id = created.task_id

    async def stages(self) -> AsyncGenerator[str]:
        """Ask until it is done, telling each new stage; then `url` is known. The attempt's time limit bounds it."""
        pace, failed, stage = self._desk.pace, 0, ""
        pause_s = pace.first_s
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * pace.growth, pace.longest_s)
            try:
                asked = await (self._ask_v2() if self._v2 else self._ask_v1())
            except RequestError as error:  # ours, and not the caller's: the order was good
                raise EngineFailed(f"MiniMax does not tell how the video is: {error.message}") from error
            except TroupeError as error:
                failed += 1
                if failed >= pace.patience or _is_final(error):
                    raise
                log.info("MiniMax did not say how far a video is: %s", error.message)
                continue
            failed = 0
            if asked.error is not None:
                raise asked.error
            if asked.url:
                self.url = asked.url
                return
            if asked.stage and asked.stage != stage:
                stage = asked.stage
                yield stage

    async def leave(self) -> None:
        """Nobody waits any more: cancel it where that can still be done, so that it costs nothing."""
        if not (self._v2 and self._id):
            return
        try:
            async with asyncio.timeout(CANCEL_S):
                asking = Asking(f"/v2/video_generation/{self._id}", method="DELETE", first_s=CANCEL_S)
                await self._desk.client.ask(asking, Empty)
        except (TroupeError, TimeoutError) as error:
            log.info("a video that nobody waits for is still made at MiniMax: %s", error)

    async def _ask_v1(self) -> _Asked:
        path, params = "/v1/query/video_generation", {"task_id": self._id}
        asking = Asking(path, method="GET", params=params, first_s=QUERY_S)
        task = await self._desk.client.ask(asking, TaskV1, judged=False)
        fault = self._desk.client.fault(task)
        state = task.status.casefold()
        if state in FAILED:
            return _Asked(error=fault or _could_not(task.status))
        if fault is not None:
            raise fault
        if state not in DONE:
            return _Asked(stage=WAITING.get(state, ""))
        if not task.file_id:
            return _Asked(error=faults.not_its_api("a film without a file"))
        return _Asked(url=await files.download_url(self._desk, task.file_id))

    async def _ask_v2(self) -> _Asked:
        asking = Asking(f"/v2/query/video_generation/{self._id}", method="GET", first_s=QUERY_S)
        task = (await self._desk.client.ask(asking, TaskReplyV2)).task
        state = task.status.casefold()
        if state in FAILED:
            told = task.error is not None and (task.error.code or task.error.message)
            return _Asked(error=self._desk.client.of_error(task.error) if task.error and told else _could_not(state))
        if state not in DONE:
            return _Asked(stage=WAITING.get(state, ""))
        if task.content is None or not task.content.url:
            return _Asked(error=faults.not_its_api("a film without an address"))
        return _Asked(url=task.content.url)


def _could_not(status: str) -> EngineFailed:
    return EngineFailed(f"MiniMax could not make the video ({faults.printable(status)}).")


def _is_final(error: TroupeError) -> bool:
    """Whether asking again is of no use: the key is not taken any more."""
    rule = faults.rule_of(error)
    return rule is not None and rule.scope is faults.Scope.ACCOUNT
