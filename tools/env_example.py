"""Writes `.env.example`: every setting of the mesh, from the settings classes; `--check`: is it current?.

A line of prose says what a setting is; the line below it, commented out, sets it to its default. What has no default to
show (it depends on the machine) is empty, or has an example from `EXAMPLES`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from gateway.plan import DEFAULTS
from gateway.routing.need import Modality
from gateway.settings import RungSettings
from gateway.settings import Settings as GatewaySettings
from svc_text.settings import Settings as TextSettings
from svc_tts.settings import Settings as SpeechSettings
from svc_video.settings import Settings as VideoSettings
from troupe.wire.settings import PartSettings

FILE = Path(__file__).parents[1] / ".env.example"
HEAD = """\
# Every setting of Troupe, each with its default. Copy this file to `.env`, and take the `#` from the lines you change.
# One `.env` feeds the gateway and the services; the environment wins over it. Written by `make env-example`.
# A rung is a provider in a chain: the first that can serve a request does (docs/ROUTING.md).
"""
SEED = (
    *("PROVIDER_TEXT", "PROVIDER_TTS", "PROVIDER_VIDEO"),
    *("PROVIDER_TEXT_FALLBACK", "PROVIDER_TTS_FALLBACK", "PROVIDER_VIDEO_FALLBACK"),
    *("MINIMAX_API_KEY", "PROVIDER_COQUI_MODE", "PROVIDER_COQUI_SERVICE_URL"),
    *("PROVIDER_VLLM_BASE_URL", "PROVIDER_VLLM_MODEL"),
    *("PROVIDER_SADTALKER_CHECKPOINT", "PROVIDER_SADTALKER_DEVICE"),
)
"""The names of the seed's configuration, in its order; they come first."""

EXAMPLES: Mapping[str, str] = {
    "PROVIDER_TEXT_FALLBACK": ",".join(DEFAULTS[Modality.TEXT]),
    "PROVIDER_TTS_FALLBACK": ",".join(DEFAULTS[Modality.TTS]),
    "PROVIDER_VIDEO_FALLBACK": ",".join(DEFAULTS[Modality.VIDEO]),
    "TROUPE_SPEECH_WORKERS": "4",
    "PROVIDER_SPARE_ENGINE": "openai",
    "PROVIDER_SPARE_TARGET": "127.0.0.1:50061",
}
RUNG = "PROVIDER_SPARE_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One name of the environment."""

    name: str
    told: str
    value: str

    def __str__(self) -> str:
        return f"# {self.told}\n#{self.name}={self.value}\n"


ELSEWHERE = (
    Setting("TROUPE_TEXT_PYTHON", "The Python that `troupe up` starts svc-text with, for example var/vllm's", ""),
    Setting("TROUPE_VERSION", "Tag of the images that Compose builds and runs", "0.1.0"),
    Setting("HARDWARE", "Compose: cpu, a100, a100x2, dgx-spark, or host-vllm for a vLLM on this machine", "cpu"),
    Setting("COMPOSE_PROFILES", "What `docker compose up` starts besides the mesh, with commas: monitoring", ""),
    Setting("PROMETHEUS_IMAGE", "Compose: Prometheus of the profile monitoring", "prom/prometheus:v3.5.0"),
    Setting("GRAFANA_IMAGE", "Compose: Grafana of the profile monitoring", "grafana/grafana:12.1.0"),
    Setting("PIP_CONF", "Compose: pip's settings while images are built, where PyPI is behind a mirror", "/dev/null"),
    Setting(
        "CA_BUNDLE", "Compose: the CAs trusted while images are built, where your network has its own", "/dev/null"
    ),
    Setting("HF_TOKEN", "Hugging Face's token, for models behind a licence: only what fetches models reads it", ""),
    Setting("HF_ENDPOINT", "Where models are fetched from", "https://huggingface.co"),
    Setting("GITHUB_ENDPOINT", "Where SadTalker's weights are fetched from", "https://github.com"),
    Setting("HTTPS_PROXY", "http://host:port of the proxy through which weights are fetched; empty = none", ""),
)
"""What no settings class holds: `troupe up`, Compose and the programs that fetch models read it."""


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` compare it; gives the exit status."""
    text = render()
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text:
        print(".env.example is not what the settings classes say: run `make env-example`.", file=sys.stderr)
        return 1
    return 0


def render() -> str:
    """The whole file."""
    groups = list(_groups())
    every = {setting.name: setting for _, settings in reversed(groups) for setting in settings}
    lines, written = [HEAD], set(SEED)
    lines += _section("Who serves, and where: the names of the first guide", (every[name] for name in SEED))
    for title, settings in groups:
        fresh = [setting for setting in settings if setting.name not in written]
        written |= {setting.name for setting in fresh}
        lines += _section(title, fresh)
    return "\n".join(lines)


def _groups() -> Iterator[tuple[str, list[Setting]]]:
    yield "Every part, each with its own", list(_of(PartSettings))
    yield "The gateway", list(_of(GatewaySettings))
    yield f"Any rung: {RUNG}... is an example, the middle word is its name", list(_of(RungSettings, RUNG))
    yield "svc-text", list(_of(TextSettings, "TROUPE_TEXT_"))
    yield "svc-tts", list(_of(SpeechSettings, "TROUPE_SPEECH_"))
    yield "svc-video", list(_of(VideoSettings, "TROUPE_VIDEO_"))
    yield "Read by the programs around them", list(ELSEWHERE)


def _of(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        if name != "rungs":  # the gateway's, filled from the names of the next group
            called = _name(name, field, prefix)
            yield Setting(called, (field.description or "").rstrip("."), EXAMPLES.get(called, _value(field)))


def _name(name: str, field: FieldInfo, prefix: str) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return str(alias) if alias and prefix != RUNG else f"{prefix}{name.upper()}"


def _value(field: FieldInfo) -> str:
    default: Any = field.default
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(int(default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _section(title: str, settings: Iterable[Setting]) -> list[str]:
    return [f"# --- {title}\n", *(str(setting) for setting in settings)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
