"""How vLLM samples, in this process (engine `vllm`) or behind its own server (engine `openai`), and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping

from svc_text.engine import Sampling

TAKEN: Mapping[str, tuple[float, float]] = {"temperature": (0.0, 2.0), "top_p": (1e-6, 1.0)}
"""Where vLLM takes less than the limits of this service: what is beyond means nearly the same as the end of these."""
GREEDY = 1e-5  # vLLM takes a lower temperature for none


def copies(sampling: Sampling) -> int:
    """How often one answer is told: vLLM makes no more than one at temperature 0, where all are the same."""
    return sampling.n if sampling.temperature is not None and sampling.temperature < GREEDY else 1


def within(name: str, value: float) -> float:
    """The value of that parameter, or the nearest one that vLLM takes."""
    least, most = TAKEN.get(name, (value, value))
    return min(max(value, least), most)
