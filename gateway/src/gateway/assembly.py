"""Where routing and providers meet: from settings to a house with its chains. Nothing is connected yet."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.guard.keys import Keyring
from gateway.guard.limits import Limits
from gateway.house import House
from gateway.metrics import Metrics
from gateway.plan import ChainPlan, RungPlan, plan_chains
from gateway.providers.absent import AbsentRung
from gateway.providers.mesh import MeshRung
from gateway.providers.target import MeshTarget
from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.routing.rung import Rung
from gateway.settings import Settings


def build(settings: Settings) -> House:
    """The house of these settings. Raises `InvalidArgument` for what cannot work."""
    plans = plan_chains(settings)
    metrics = Metrics()
    targets = _targets(plans.values())
    return House(
        settings=settings,
        chains={modality: _chain(plan, targets, settings, metrics) for modality, plan in plans.items()},
        neighbours=tuple(targets.values()),
        keyring=Keyring(settings.api_keys_file),
        limits=Limits(upload_bytes=settings.max_upload_bytes),
        metrics=metrics,
    )


def _targets(plans: Iterable[ChainPlan]) -> dict[tuple[Modality, str], MeshTarget]:
    """One watched target per service and address, however many rungs share it."""
    watched: dict[tuple[Modality, str], list[str]] = {}
    for plan in plans:
        for rung in plan.rungs:
            if not rung.absent:
                watched.setdefault((rung.modality, rung.target), []).extend(rung.engines)
    return {key: MeshTarget(*key, watched=dict.fromkeys(engines)) for key, engines in watched.items()}


def _chain(
    plan: ChainPlan, targets: dict[tuple[Modality, str], MeshTarget], settings: Settings, metrics: Metrics
) -> Chain:
    rungs = [_rung(rung, targets, settings) for rung in plan.rungs]
    return Chain(plan.modality, rungs, unasked=plan.unasked, on_fallback=metrics.fallback)


def _rung(plan: RungPlan, targets: dict[tuple[Modality, str], MeshTarget], settings: Settings) -> Rung:
    if plan.absent:
        return AbsentRung(plan.name, plan.modality, plan.absent, plan.cloud)
    return MeshRung(
        name=plan.name,
        modality=plan.modality,
        engines=plan.engines,
        target=targets[plan.modality, plan.target],
        timeout_s=plan.timeout_s,
        cloud=plan.cloud,
        missed_ticks=settings.missed_ticks,
    )
