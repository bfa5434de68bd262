"""Engines by name: a service's own, and those of others as "module:Class"; docs/ENGINES.md tells how to write one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from troupe.wire.errors import UnknownEngine, nearest

_OTHERS = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")  # module:Class


def engine_class(kind: str, name: str, engines: Mapping[str, str]) -> Callable[..., Any]:
    """What makes the `kind` (text, speech, video) engine of that name. Imports it; raises `UnknownEngine`."""
    target = engines.get(name, name if _OTHERS.fullmatch(name) else "")
    if not target:
        known = ", ".join(engines)
        raise UnknownEngine(
            f'There is no {kind} engine "{name}". Known: {known}.{nearest(name, engines)} '
            "An engine of your own is named module:Class.",
            engine=name,
        )
    module, _, attribute = target.partition(":")
    try:
        return cast("Callable[..., Any]", getattr(import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        raise UnknownEngine(
            f'The {kind} engine "{name}" cannot be imported: {error}. '
            "Its folder must be the one the service starts in, or be named in PYTHONPATH.",
            engine=name,
        ) from error
