"""Writes Grafana's dashboard, `deploy/grafana/dashboards/troupe.json`: `make dashboard`. `ROWS` says what it shows.

The JSON is Grafana's dashboard model (schema version 39: its documentation, "Dashboard JSON model"). Every query is
asked of a real Prometheus that watches a real mesh by `make test-monitoring`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "deploy/grafana/dashboards/troupe.json"
WIDTH, HEIGHT, ROW_HEIGHT = 24, 8, 1  # Grafana's grid
SOURCE = {"type": "prometheus", "uid": "prometheus"}
RATE = "[$__rate_interval]"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its title, unit (Grafana's names), queries with their legends, and what it means."""

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    told: str = ""
    kind: str = "timeseries"


def quantiles(metric: str, by: str, *, where: str = "") -> list[tuple[str, str]]:
    """The median and the 95th percentile of a histogram."""
    inner = f"sum by ({by}, le) (rate({metric}_bucket{where}{RATE}))"
    return [(f"histogram_quantile({q}, {inner})", f"{{{{{by}}}}} p{round(q * 100)}") for q in (0.5, 0.95)]


def per_second(metric: str, by: str, *, where: str = "") -> str:
    """The rate of a counter, summed."""
    return f"sum by ({by}) (rate({metric}{where}{RATE}))"


def ratio(of: str, over: str, by: str) -> str:
    """One counter's rate over another's."""
    return f"{per_second(of, by)} / {per_second(over, by)}"


FIRST = "troupe_rung_first_byte_seconds"
ROWS: Sequence[tuple[str, Sequence[Panel]]] = (
    (
        "Who serves",
        (
            Panel(
                "Chains", "none", [("min by (modality) (troupe_chain_serving)", "{{modality}}")], "1 = served", "stat"
            ),
            Panel("Parts", "none", [("sum by (job) (up)", "{{job}}")], "Processes that answer", "stat"),
            Panel(
                "Breakers open",
                "none",
                [("max by (modality, rung, address) (troupe_replica_ejected)", "{{modality}} {{rung}} {{address}}")],
                "1 = it keeps failing and is asked for a trial only",
            ),
            Panel(
                "Alerts", "none", [('count by (alertname) (ALERTS{alertstate="firing"}) or vector(0)', "{{alertname}}")]
            ),
        ),
    ),
    (
        "Requests",
        (
            Panel(
                "Requests",
                "reqps",
                [(per_second("troupe_http_requests_total", "route, status"), "{{route}} {{status}}")],
                "499 = the caller left",
            ),
            Panel(
                "Answers by provider",
                "reqps",
                [(per_second("troupe_attempts_total", "modality, rung, outcome"), "{{modality}} {{rung}} {{outcome}}")],
            ),
            Panel(
                "Fallbacks",
                "reqps",
                [(per_second("troupe_fallbacks_total", "modality, rung"), "{{modality}} by {{rung}}")],
                "Answers given by a provider in place of those before it",
            ),
            Panel(
                "Refused and broken",
                "reqps",
                [
                    (per_second("troupe_refusals_total", "modality, code"), "refused {{modality}} {{code}}"),
                    (per_second("troupe_broken_streams_total", "route, code"), "broken {{route}} {{code}}"),
                ],
            ),
            Panel(
                "Running",
                "none",
                [("sum by (modality, rung) (troupe_rung_running)", "{{modality}} {{rung}}")],
            ),
            Panel(
                "Queue",
                "none",
                [("sum by (modality, rung) (troupe_rung_waiting)", "{{modality}} {{rung}}")],
                "Calls that wait for a provider: the sign to add a replica",
            ),
        ),
    ),
    (
        "How soon",
        (
            Panel("First token", "s", quantiles(FIRST, "rung", where='{modality="text"}')),
            Panel("First audio", "s", quantiles(FIRST, "rung", where='{modality="tts"}')),
            Panel("First frame", "s", quantiles(FIRST, "rung", where='{modality="video"}')),
            Panel(
                "The gateway's own part",
                "s",
                quantiles("troupe_gateway_overhead_seconds", "route"),
                "Of the time to the first byte, all but the provider's",
            ),
            Panel("Event loop lag", "s", [("max by (instance) (troupe_loop_lag_seconds)", "{{instance}}")]),
        ),
    ),
    (
        "Speech and film",
        (
            Panel(
                "Speech: real-time factor",
                "none",
                [
                    (
                        ratio("troupe_speech_making_seconds_total", "troupe_speech_audio_seconds_total", "engine"),
                        "{{engine}}",
                    )
                ],
                "Seconds of work per second of sound; below 1 is faster than real time",
            ),
            Panel(
                "Speech made",
                "none",
                [(per_second("troupe_speech_audio_seconds_total", "engine"), "{{engine}}")],
                "Seconds of sound per second",
            ),
            Panel(
                "Film: frames per second of one film",
                "none",
                [(ratio("troupe_video_frames_total", "troupe_video_making_seconds_total", "engine"), "{{engine}}")],
                "Waiting for its speech included; at 25 and more a film plays while it is made",
            ),
            Panel("Films being made", "none", [("sum by (engine) (troupe_video_films)", "{{engine}}")]),
        ),
    ),
    (
        "vLLM",
        (
            Panel(
                "Chats inside vLLM",
                "none",
                [
                    ('sum by (instance) ({__name__="vllm:num_requests_running"})', "running {{instance}}"),
                    ('sum by (instance) ({__name__="vllm:num_requests_waiting"})', "waiting {{instance}}"),
                ],
            ),
            Panel(
                "Memory for chats",
                "percentunit",
                [('max by (instance) ({__name__="vllm:kv_cache_usage_perc"})', "{{instance}}")],
            ),
        ),
    ),
    (
        "What runs out",
        (
            Panel(
                "GPU memory",
                "percentunit",
                [("troupe_gpu_memory_used_bytes / troupe_gpu_memory_bytes", "{{job}} {{instance}} card {{gpu}}")],
                "A DGX Spark has one memory for all: see the next panel",
            ),
            Panel(
                "Memory left",
                "bytes",
                [("min by (job, instance) (troupe_memory_available_bytes)", "{{job}} {{instance}}")],
            ),
            Panel("Memory of the processes", "bytes", [("process_resident_memory_bytes", "{{job}} {{instance}}")]),
            Panel(
                "CPU",
                "none",
                [(per_second("process_cpu_seconds_total", "job, instance"), "{{job}} {{instance}}")],
                "Cores",
            ),
            Panel("Disk left", "percentunit", [("troupe_disk_free_bytes / troupe_disk_bytes", "{{job}} {{folder}}")]),
            Panel(
                "Cloud spend today",
                "currencyUSD",
                [("troupe_spend_usd", "{{rung}}"), ("troupe_spend_cap_usd", "cap of {{rung}}")],
            ),
        ),
    ),
)


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    return {
        "uid": "troupe",
        "title": "Troupe",
        "tags": ["troupe"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": list(_placed()),
    }


def _placed() -> Iterator[dict[str, Any]]:
    """Rows, and below each its panels, as many beside each other as fit: three, or four small ones."""
    number, y = 1, 0
    for title, panels in ROWS:
        place = {"x": 0, "y": y, "w": WIDTH, "h": ROW_HEIGHT}
        yield {"id": number, "type": "row", "title": title, "gridPos": place, "collapsed": False, "panels": []}
        number, y = number + 1, y + ROW_HEIGHT
        beside = 4 if len(panels) == 4 else min(3, len(panels))  # four fill a line
        width = WIDTH // beside
        for index, panel in enumerate(panels):
            place = {"x": index % beside * width, "y": y + index // beside * HEIGHT, "w": width, "h": HEIGHT}
            yield _drawn(panel, number, place)
            number += 1
        y += -(-len(panels) // beside) * HEIGHT


def _drawn(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + index), "expr": promql, "legendFormat": legend, "datasource": SOURCE}
        for index, (promql, legend) in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "gridPos": place,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {} if panel.kind == "stat" else {"tooltip": {"mode": "multi"}, "legend": {"displayMode": "list"}},
        "targets": targets,
    }


def render() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
