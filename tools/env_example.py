"""Writes `.env.example`: every setting of the four parts, one line each, its default, and what it is for.

.venv/bin/python tools/env_example.py            writes it
.venv/bin/python tools/env_example.py --check    says whether it is what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import svc_text.settings
import svc_tts.settings
import svc_video.settings
from gateway.described import DESCRIPTIONS
from gateway.settings import Settings

FILE = Path(__file__).parents[1] / ".env.example"
SERVICES = {
    "svc-text: who writes": svc_text.settings,
    "svc-tts: who speaks": svc_tts.settings,
    "svc-video: who makes films": svc_video.settings,
}
HEAD = """\
# Every setting of Troupe. Copy this file to .env and take the # off what you change: each line shows the default.
# One .env feeds the whole mesh (`make up`, `docker compose up`); the environment wins over it.
# Any rung of a chain may be changed or defined: PROVIDER_<RUNG>_ENGINE, _TARGET, _MODEL, ...: docs/ROUTING.md.
# Written by tools/env_example.py.
"""
COMPOSE = {
    "HARDWARE": ("cpu", "docker compose: cpu, a100, a100x2, dgx-spark, or host-vllm for a vLLM on this machine"),
    "HF_TOKEN": ("", "Hugging Face's token, for models that ask for one; only what fetches reads it"),
    "TROUPE_ENV_FILE": ("", "Another file than .env; it is set in the environment, not here"),
}


def text() -> str:
    """The whole file."""
    seen: set[str] = set()
    parts = {"The gateway": dict(_gateway())} | {title: dict(_service(module)) for title, module in SERVICES.items()}
    parts["docker compose, and fetching weights"] = dict(COMPOSE)
    blocks = [HEAD]
    for title, settings in parts.items():
        lines = [_line(name, *told) for name, told in settings.items() if name not in seen]
        seen |= set(settings)
        blocks.append("\n".join([f"# {title}", *lines]) + "\n")
    return "\n".join(blocks)


def _gateway() -> Iterator[tuple[str, tuple[str, str]]]:
    for field in Settings.model_fields.values():
        if field.alias:
            yield field.alias, (_default(field), DESCRIPTIONS[field.alias])


def _service(module: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, field in module.Settings.model_fields.items():
        alias = field.validation_alias
        named = alias.choices[0] if isinstance(alias, AliasChoices) else alias
        yield str(named or f"{module.PREFIX}{name.upper()}"), (_default(field), field.description or "")


def _default(field: FieldInfo) -> str:
    if field.default in {None, PydanticUndefined}:
        return ""  # unset, or found out at the start
    return str(int(field.default)) if isinstance(field.default, bool) else str(field.default)


def _line(name: str, default: str, what: str) -> str:
    return f"{f'#{name}={default}':58} # {what}"


def main() -> int:
    """Write it, or compare."""
    if "--check" in sys.argv:
        return 0 if FILE.read_text() == text() else 1
    FILE.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
