"""Whether an engine, as it describes itself, can do what a request needs; when not, the reason for a person to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.routing.need import Need
from troupe.v1.engine_pb2 import ENGINE_STATE_MISSING, TASK_UNSPECIFIED, EngineInfo, Task
from troupe.wire.chats import FEW_STOPS, MOST_FEW_STOPS

OFFLINE_RENDER = "offline_render"
"""The feature of a rung that takes minutes and gives its answer as a whole."""
SLOW = "slow"
"""The feature of an engine that is far from real time on its machine: where nobody named it, the others come first."""
DOCUMENTS_ONLY = "documents_only"
"""The feature of a text engine that sums up what it is given and knows nothing else."""
SLOW = "slow"
"""The feature of an engine that is far from real time where it runs: a chain that nobody configured passes it over."""
KEEPS_REFERENCES = "keeps-references"
"""The feature of a speech service of the house: it keeps cloned voices, whatever its engines can."""
UNWANTED: Mapping[str, str] = {
    OFFLINE_RENDER: "it takes minutes; ask with cloud_video=wait",
    FEW_STOPS: f"it takes {MOST_FEW_STOPS} stop strings",
    DOCUMENTS_ONLY: "it only sums up pages that it is given; a prompt needs a language model (run: make model)",
}
"""Why a rung with a feature is passed over, where the request must do without it."""

LEAVES = "it sends data out of the house and the request is local_only"


def obstacle(info: EngineInfo, need: Need) -> str | None:
    """Why this engine must be skipped, or None when it can serve."""
    for check in (_present, _allowed, _task, _language, _format, _size, _features):
        if (reason := check(info, need)) is not None:
            return reason
    return None


def speaks(languages: Iterable[str], wanted: str) -> bool:
    """Whether a BCP 47 language is among these; the region does not matter, an empty list is every language."""
    listed = [primary(language) for language in languages]
    return not listed or primary(wanted) in listed


def primary(language: str) -> str:
    """`zh-CN` -> `zh`."""
    return language.replace("_", "-").partition("-")[0].casefold()


def _present(info: EngineInfo, need: Need) -> str | None:
    if info.state != ENGINE_STATE_MISSING or need.service_only:
        return None
    remedy = f" (run: {info.remedy})" if info.remedy else ""
    return f"it cannot run: {info.reason or 'no reason given'}{remedy}"


def _allowed(info: EngineInfo, need: Need) -> str | None:
    if need.service_only and KEEPS_REFERENCES in info.features:
        return None  # it stays with the service, wherever the engine would send it and whatever its weights allow
    if need.local_only and info.cloud:
        return LEAVES
    if need.commercial_only and not info.licence.commercial_use:
        return (
            f"its licence ({info.licence.name or 'unknown'}) forbids commercial use and TROUPE_COMMERCIAL_ONLY is set"
        )
    if need.engines and info.name not in need.engines:
        return f"only {', '.join(sorted(need.engines))} has this voice"
    return None


def _task(info: EngineInfo, need: Need) -> str | None:
    if need.task == TASK_UNSPECIFIED or not info.tasks or need.task in info.tasks:
        return None
    return f"it does no {Task.Name(need.task).removeprefix('TASK_').lower().replace('_', ' ')}"


def _language(info: EngineInfo, need: Need) -> str | None:
    if need.language and not speaks(info.languages, need.language):
        return f"it has no voice for {need.language}, only for {', '.join(sorted(info.languages))}"
    unread = sorted(language for language in need.reads if not speaks(info.languages, language))
    return f"it cannot read what the text has in {', '.join(unread)}" if unread else None


def _format(info: EngineInfo, need: Need) -> str | None:
    if not need.format or not info.formats or need.format in info.formats:
        return None
    return f"it makes no {need.format}, only {', '.join(info.formats)}"


def _size(info: EngineInfo, need: Need) -> str | None:
    limits = info.limits
    if limits.max_text_chars and need.text_chars > limits.max_text_chars:
        return f"the text has {need.text_chars} characters, it takes {limits.max_text_chars}"
    too_wide = limits.max_width and need.width > limits.max_width
    if too_wide or (limits.max_height and need.height > limits.max_height):
        return f"{need.width}x{need.height} is larger than its {limits.max_width}x{limits.max_height}"
    return None


def _features(info: EngineInfo, need: Need) -> str | None:
    missing = {feature for feature in need.features if not _has(info, feature)}
    if missing:
        return f"it lacks {', '.join(sorted(missing))}"
    unwanted = sorted(need.without.intersection(info.features))
    return "; ".join(UNWANTED.get(feature, f"it has {feature}") for feature in unwanted) or None


def _has(info: EngineInfo, feature: str) -> bool:
    """`json_schema` includes every `json_schema:NAME`."""
    return feature in info.features or feature.partition(":")[0] in info.features
