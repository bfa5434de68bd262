"""The names in the environment: which are known, which Kubernetes made, and which are a slip of the pen.

One `.env` feeds the whole mesh, so the known names are the union over all services.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from troupe.wire.errors import InvalidArgument, nearest

RUNG_FIELDS = (
    "ENGINE",
    "TARGET",
    "MODEL",
    "TIMEOUT_S",
    "FIRST_S",
    "ATTEMPTS",
    "LOCAL",
    "CAP_USD_DAY",
    "HEDGE_MS",
    "MAX_CONCURRENCY",
)
"""`PROVIDER_<RUNG>_<FIELD>` defines or changes any rung."""

SERVICE_PREFIXES = ("TROUPE_SPEECH_", "TROUPE_VIDEO_", "TROUPE_TEXT_")
"""Names of the services' own settings; each service judges its own."""

SEED_NAMES = frozenset(
    {
        "PROVIDER_VLLM_BASE_URL",
        "PROVIDER_VLLM_API_KEY",
        "PROVIDER_VLLM_MODEL",
        "PROVIDER_COQUI_MODE",
        "PROVIDER_COQUI_SERVICE_URL",
        "PROVIDER_SADTALKER_CHECKPOINT",
        "PROVIDER_SADTALKER_DEVICE",
        "PROVIDER_XTTS_CHECKPOINT",
        "PROVIDER_LLAMACPP_MODEL",
        "PROVIDER_PORTRAIT_CODEC",
    }
)

_RUNG_FIELD = re.compile(rf"PROVIDER_([A-Z0-9]+(?:_[A-Z0-9]+)*?)_({'|'.join(RUNG_FIELDS)})")
_SERVICE_LINK = re.compile(r".+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://")


def is_service_link(name: str, value: str) -> bool:
    """Whether Kubernetes set this variable because a Service has that name (`TROUPE_PORT=tcp://10.0.0.7:8000`)."""
    return bool(_SERVICE_LINK.fullmatch(name)) or (name.endswith("_PORT") and bool(_LINK_VALUE.match(value)))


def without_service_links(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as a person wrote it."""
    return {name: value for name, value in environ.items() if not is_service_link(name, value)}


def refuse_unknown(environ: Mapping[str, str], known: Iterable[str]) -> None:
    """Raise `InvalidArgument` for a PROVIDER_ or TROUPE_ name that nothing reads, naming the nearest known one."""
    names = frozenset(known) | SEED_NAMES
    for name in sorted(environ):
        ours = name.startswith(("PROVIDER_", "TROUPE_"))
        if ours and name not in names and not name.startswith(SERVICE_PREFIXES) and rung_field(name) is None:
            raise InvalidArgument(f"Nothing reads the setting {name}.{nearest(name, names)}", setting=name)


def rung_field(name: str) -> tuple[str, str] | None:
    """`PROVIDER_MY_TTS_TIMEOUT_S` -> ("my_tts", "TIMEOUT_S")."""
    match = _RUNG_FIELD.fullmatch(name)
    return (match[1].lower(), match[2]) if match else None


def rung_fields(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Rung -> field -> value, for all rungs that the environment defines or changes."""
    fields: dict[str, dict[str, str]] = {}
    for name, value in environ.items():
        if (found := rung_field(name)) is not None and value:
            fields.setdefault(found[0], {})[found[1]] = value
    return fields
