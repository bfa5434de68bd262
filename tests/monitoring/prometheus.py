"""A real Prometheus on a free port that watches the processes of a stage, with the hastened alert rules."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.monitoring.rules import RULES, hastened

SCRAPE_S = 0.5
START_S = 30.0
STOP_S = 15.0
LOOK_S = 0.2
STAGED = 'modality!~"tts|video"'
"""Most stages have text alone: that nobody speaks there is no news."""
LISTENING = re.compile(r'msg="Listening on" address=(\S+)')

Targets = Mapping[str, Sequence[str]]
"""Job -> addresses."""


class Prometheus:
    """One process; `targets` are asked twice a second."""

    def __init__(self, folder: Path, targets: Targets) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rules.yml").write_text(hastened(RULES.read_text()))
        (folder / "prometheus.yml").write_text(yaml.safe_dump(_configuration()))
        self.watch(targets)
        self._log = (folder / "prometheus.log").open("w+")
        arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"]
        self._popen = subprocess.Popen(["prometheus", *arguments], cwd=folder, stdout=self._log, stderr=self._log)
        self.client = httpx.AsyncClient(base_url=f"http://{self._address()}", timeout=20)

    def watch(self, targets: Targets) -> None:
        """Ask these from now on; Prometheus notices within a moment."""
        jobs = [{"targets": list(addresses), "labels": {"job": job}} for job, addresses in targets.items()]
        fresh = self._folder / "targets.json.new"
        fresh.write_text(json.dumps(jobs))
        fresh.rename(self._folder / "targets.json")

    def _address(self) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            told = (self._folder / "prometheus.log").read_text()
            found = LISTENING.search(told)
            if found is not None and httpx.get(f"http://{found[1]}/-/ready", timeout=5).status_code == httpx.codes.OK:
                return found[1]
            assert self._popen.poll() is None, told
            time.sleep(0.05)
        raise AssertionError(f"Prometheus is not ready:\n{told}")

    async def query(self, promql: str) -> list[dict[str, Any]]:
        """The samples of an instant query: `metric` and `value`."""
        reply = await self.client.get("/api/v1/query", params={"query": promql})
        told = reply.json()
        assert told["status"] == "success", f"{promql}: {told.get('error')}"
        return list(told["data"]["result"])

    async def firing(self) -> set[str]:
        """The alerts that fire now."""
        samples = await self.query(f'ALERTS{{alertstate="firing", {STAGED}}}')
        return {sample["metric"]["alertname"] for sample in samples}

    async def scraped(self, targets: int) -> None:
        """Wait until so many targets have been asked twice: what changes after that is seen to change."""
        async with asyncio.timeout(START_S):
            while len(await self.query("count_over_time(up[1m]) > 1 and up == 1")) < targets:
                await asyncio.sleep(LOOK_S)

    async def until(self, wanted: set[str], within_s: float, *, quiet: bool = False) -> float:
        """Wait until those alerts all fire, or none of them does; gives the seconds it took."""
        started = time.monotonic()
        while True:
            firing = await self.firing()
            if not wanted & firing if quiet else wanted <= firing:
                return time.monotonic() - started
            took = time.monotonic() - started
            if took > within_s:
                what = f"after {took:.0f} s of {sorted(wanted)} fire {sorted(wanted & firing)}"
                raise AssertionError(f"{what}\n{await self.seen()}")
            await asyncio.sleep(LOOK_S)

    async def seen(self) -> str:
        """The targets, and what of the last scrapes went wrong."""
        told = (await self.client.get("/api/v1/targets")).json()["data"]["activeTargets"]
        return "\n".join(f"{each['scrapeUrl']} {each['health']} {each['lastError']}" for each in told)

    async def close(self) -> None:
        """End it."""
        await self.client.aclose()
        self._popen.terminate()
        await asyncio.to_thread(self._popen.wait, STOP_S)
        self._log.close()


def _configuration() -> dict[str, Any]:
    period = f"{round(SCRAPE_S * 1000)}ms"
    found = {"files": ["targets.json"], "refresh_interval": "1s"}
    return {
        "global": {"scrape_interval": period, "scrape_timeout": period, "evaluation_interval": period},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "stage", "file_sd_configs": [found]}],
    }
