"""Which components are put together: every pair of choices in every overlay."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence

OVERLAYS = ("cpu", "a100", "a100x2", "dgx-spark", "dgx-spark-pair", "cluster")
CHOICES: dict[str, Sequence[Sequence[str]]] = {
    "card": ((), ("mig",)),
    "volumes": ((), ("shared-volumes",), ("own-state",), ("shared-volumes", "own-state")),
    "watching": ((), ("monitoring",)),
    "scaling": ((), ("autoscaling",), ("autoscaling-cpu",)),
    "doors": ((), ("ingress",), ("gateway-api",), ("ingress", "gateway-api")),
    "certificates": ((), ("mtls",), ("tls", "mtls")),
    "machines": ((), ("spanning", "network-policies/spanning")),
}
"""In the order in which they are listed."""
SEAM = ("spanning/mtls", {"spanning", "mtls"})  # a component for those who have both
Row = tuple[str, tuple[str, ...]]
CANDIDATES = 40
SEED = 9


def possible(overlay: str, components: Sequence[str]) -> bool:
    """Whether somebody may mean that; what is left out is what the components' own comments rule out."""
    chosen = set(components)
    if overlay == "cpu" and chosen & {"mig", "spanning"}:
        return False  # no vLLM, no card
    if "mig" in chosen and overlay != "a100":
        return False  # its parts are those of one A100 with 80 GB
    if "spanning" in chosen and (overlay != "dgx-spark-pair" or chosen & {"autoscaling", "autoscaling-cpu"}):
        return False  # one model over two machines: nothing to scale
    if overlay == "cluster":  # has these itself
        return not chosen & {"monitoring", "autoscaling", "autoscaling-cpu", "shared-volumes", "own-state"}
    return not (overlay == "dgx-spark-pair" and chosen & {"shared-volumes", "own-state"})


def product(overlay: str, choices: Iterable[Sequence[Sequence[str]]] = CHOICES.values()) -> list[Row]:
    """All combinations for that overlay."""
    rows = (tuple(itertools.chain(*choice)) for choice in itertools.product(*choices))
    return [(overlay, with_seam(components)) for components in rows if possible(overlay, components)]


def extremes(overlay: str) -> list[Row]:
    """All combinations of nothing and the most of each kind."""
    return product(overlay, [(choice[0], choice[-1]) for choice in CHOICES.values()])


def with_seam(components: tuple[str, ...]) -> tuple[str, ...]:
    """These, and what two of them need between them."""
    seam, both = SEAM
    return (*components, seam) if both <= set(components) else components


def covering() -> list[Row]:
    """Rows in which, for each overlay, every two choices that can stand together do (greedy, the same at each run)."""
    return list(itertools.chain(*(_covering(overlay) for overlay in OVERLAYS)))


def _covering(overlay: str) -> list[Row]:
    rows, shuffle = product(overlay), random.Random(SEED)
    open_pairs = set().union(*(_pairs(components) for _, components in rows))
    chosen: list[Row] = [(overlay, ())]
    while open_pairs:
        some = shuffle.sample(rows, min(CANDIDATES, len(rows)))
        best = max(some, key=lambda row: len(_pairs(row[1]) & open_pairs))
        gained = _pairs(best[1]) & open_pairs
        if gained:
            chosen.append(best)
            open_pairs -= gained
    return chosen


def _pairs(components: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(pair) for pair in itertools.combinations(components, 2)} | {(each,) for each in components}
