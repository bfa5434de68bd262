"""Where routing and providers meet: from settings to a house with its chains. Nothing is connected yet.

One `Assembly` serves a process: when the settings are read again (SIGHUP), rungs and neighbours whose settings are the
same are kept with all that is known of them, breakers, limits and connections included.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.gauges import RungGauges
from gateway.guard.fetch.fetcher import Fetcher
from gateway.guard.fetch.names import Dns
from gateway.guard.keys import Keyring
from gateway.guard.limits import Limits
from gateway.house import Furniture, House, Watched
from gateway.metrics import Metrics
from gateway.plan import ENGINES, LOCAL_CHILD, MINIMAX, ChainPlan, RungPlan, plan_chains, plan_extraction
from gateway.providers.absent import AbsentRung
from gateway.providers.child import SpeechChild
from gateway.providers.coqui import CoquiRung
from gateway.providers.keeper import Keeper
from gateway.providers.mesh import MeshRung
from gateway.providers.minimax.account import Account
from gateway.providers.minimax.rung import MinimaxRung, make_rung
from gateway.providers.minimax.spend import Spend
from gateway.providers.resolver import Resolver
from gateway.providers.synthesize import OldContainer, SynthesizeRung
from gateway.providers.target import MeshTarget
from gateway.routing.budget import RetryBudget
from gateway.routing.chain import Chain
from gateway.routing.gate import Gate, GateRules
from gateway.routing.limit import LimitRules
from gateway.routing.need import Modality
from gateway.routing.rung import Rung
from gateway.settings import Settings
from gateway.targets import is_url
from troupe.wire.callers import GATEWAY
from troupe.wire.machine import show_machine
from troupe.wire.tls import Identity
from troupe.wire.traces import Traces

SPEND_FILE = "minimax-spend.json"
"""In TROUPE_STATE_DIR: what the cloud has cost today."""

Place = tuple[Modality, str, str]
"""Modality, target and DNS server: what makes two targets the same."""
Whose = tuple[str, str, str]
"""Key, host and group: what makes two MiniMax accounts the same."""


def build(settings: Settings, fetcher: Fetcher | None = None) -> House:
    """The house of these settings; a `fetcher` of their own have only tests. Raises `InvalidArgument`."""
    metrics = Metrics()
    identity = Identity.of(settings.tls)
    assembly = Assembly(metrics, Keeper(identity) if identity is not None else None)
    furniture = assembly.furnish(settings)
    house = House(
        settings=settings,
        chains=furniture.chains,
        reading=furniture.reading,
        neighbours=furniture.neighbours,
        keyring=Keyring(settings.api_keys_file),
        limits=Limits(upload_bytes=settings.max_upload_bytes),
        metrics=metrics,
        furnish=assembly.furnish,
        fetcher=fetcher or Fetcher(Dns(settings.dns_server)),
        spent=spent_today,
        traces=Traces.of(settings.otlp_endpoint, "gateway"),
    )
    metrics.registry.register(RungGauges(house))
    show_machine(metrics.registry, [settings.state_dir])
    if identity is not None:
        identity.show(metrics.registry)
    return house


def spent_today(rung: Rung) -> float | None:
    """USD that a rung of the MiniMax cloud has cost today; None for others."""
    return rung.desk.purse.spend.spent(rung.name) if isinstance(rung, MinimaxRung) else None


@dataclass(frozen=True, slots=True)
class Purser:
    """The MiniMax account as a neighbour: nothing of it is watched, its connections are closed at the end."""

    account: Account
    spend: Spend

    async def start(self) -> None:
        """A paid API is not probed."""

    async def first_answer(self, within_s: float) -> None:
        """Nothing to wait for."""

    async def stop(self) -> None:
        """Close its connections, and see that what was spent is on disk."""
        await self.account.aclose()
        await self.spend.aclose()


@dataclass(slots=True)
class Inventory:
    """What the last settings were furnished with."""

    targets: dict[Place, MeshTarget] = field(default_factory=dict)
    rungs: dict[tuple[RungPlan, object], Rung] = field(default_factory=dict)  # by what else makes them the same
    pursers: dict[Whose, Purser] = field(default_factory=dict)
    containers: dict[str, OldContainer] = field(default_factory=dict)
    child: SpeechChild | None = None
    admissions: dict[tuple[object, ...], tuple[Gate, RetryBudget]] = field(default_factory=dict)


class Assembly:
    """Makes chains of settings, again and again."""

    def __init__(self, metrics: Metrics, keeper: Keeper | None = None) -> None:
        self._metrics = metrics
        self._keeper = keeper
        self._had = Inventory()
        self._spend: Spend | None = None
        self._connect = False  # of targets made from now on

    @property
    def _identity(self) -> Identity | None:
        return self._keeper.identity if self._keeper is not None else None

    def furnish(self, settings: Settings) -> Furniture:
        """The chains of these settings. Raises `InvalidArgument`; then everything is as it was."""
        plans = plan_chains(settings)
        extraction = plan_extraction(settings)
        planned = [_admission_key(rung) for plan in plans.values() for rung in (*plan.rungs, extraction)]
        self._connect = settings.text_connect
        made = Inventory(admissions={key: known for key, known in self._had.admissions.items() if key in planned})
        chains = {modality: self._chain(plan, settings, made) for modality, plan in plans.items()}
        reading = self._reading(chains[Modality.TEXT], extraction, settings, made)
        self._had = made
        return Furniture(chains, reading, self._neighbours(made))

    def _neighbours(self, made: Inventory) -> Sequence[Watched]:
        alone = (made.child, self._keeper)
        return (
            *(one for one in alone if one is not None),
            *made.containers.values(),
            *made.targets.values(),
            *made.pursers.values(),
        )

    def _chain(self, plan: ChainPlan, settings: Settings, made: Inventory) -> Chain:
        rungs = [self._kept_or_made(rung, settings, made) for rung in plan.rungs]
        return Chain(plan.modality, rungs, unasked=plan.unasked, observer=self._metrics)

    def _reading(self, text: Chain, extraction: RungPlan, settings: Settings, made: Inventory) -> Chain:
        """The text chain, and after it what takes text out of pages, where no setting named it."""
        if any(rung.name == extraction.name for rung in text.rungs):
            return text
        rungs = [*text.rungs, self._kept_or_made(extraction, settings, made)]
        return Chain(Modality.TEXT, rungs, unasked=[rung.name for rung in rungs], observer=self._metrics)

    def _kept_or_made(self, plan: RungPlan, settings: Settings, made: Inventory) -> Rung:
        place = (plan.modality, plan.target, settings.dns_server)
        if plan.absent:
            return AbsentRung(plan.name, plan.modality, plan.absent, plan.cloud, plan.policy)
        if plan.engines == (MINIMAX,):
            return self._minimax(plan, settings, made)
        target = self._target(place, made)
        container = self._container(plan.target, made) if self._may_be_old(plan.target) else None
        made.rungs[plan, place] = self._had.rungs.get((plan, place)) or self._mesh(plan, target, container, made)
        return made.rungs[plan, place]

    def _may_be_old(self, target: str) -> bool:
        """Whether a container of the first release may answer there; with TLS between the parts no stranger may."""
        return is_url(target) and (self._identity is None or target.startswith("https:"))

    def _container(self, url: str, made: Inventory) -> OldContainer:
        if url not in made.containers:
            made.containers[url] = self._had.containers.get(url) or OldContainer(url)
        return made.containers[url]

    def _resolver(self, target: str, dns_server: str, made: Inventory) -> Resolver:
        """Who knows the addresses of a target; a child process knows its own."""
        if target != LOCAL_CHILD:
            return Resolver(dns_server)
        made.child = self._had.child or SpeechChild()
        return made.child

    def _target(self, place: Place, made: Inventory) -> MeshTarget:
        """One watched target per service and address, however many rungs share it."""
        if place not in made.targets:
            modality, address, dns_server = place
            resolver = self._resolver(address, dns_server, made)
            # Watched for every engine it might run, so that another chain needs no other target.
            watched = [engine for engine in ENGINES[modality] if engine != MINIMAX]
            made.targets[place] = self._had.targets.get(place) or MeshTarget(
                modality, address, watched=watched, resolver=resolver, connect=self._connect, identity=self._identity,
                certified=GATEWAY if address == LOCAL_CHILD else "",  # a child shows what its parent does
            )  # fmt: skip
        return made.targets[place]

    def _mesh(self, plan: RungPlan, target: MeshTarget, container: OldContainer | None, made: Inventory) -> Rung:
        """A rung of the mesh; where only a URL is known, one that is ready for a container of the first release too."""
        gate, budget = self._admission(plan, made)
        mesh = MeshRung(
            name=plan.name,
            modality=plan.modality,
            engines=plan.engines,
            target=target,
            policy=plan.policy,
            cloud=plan.cloud,
            local=plan.local,
            missed_ticks=plan.missed_ticks,
            model=plan.model,
            unasked=plan.unasked,
            gate=gate,
            budget=budget,
        )
        if container is None:
            return mesh
        return CoquiRung(mesh, SynthesizeRung(plan.name, container, plan.policy, plan.local, gate, budget))

    def _admission(self, plan: RungPlan, made: Inventory) -> tuple[Gate, RetryBudget]:
        """The gate and the retries of a rung; they outlive a change of its time limits."""
        key = _admission_key(plan)
        if key not in made.admissions:
            made.admissions[key] = (_gate(plan), RetryBudget(time.monotonic))
        return made.admissions[key]

    def _minimax(self, plan: RungPlan, settings: Settings, made: Inventory) -> Rung:
        whose = (settings.minimax_api_key, settings.minimax_api_host, settings.minimax_group_id)
        purser = self._purser(whose, settings, made)
        kept = self._had.rungs.get((plan, whose))
        made.rungs[plan, whose] = kept or _cloud(plan, purser)
        return made.rungs[plan, whose]

    def _purser(self, whose: Whose, settings: Settings, made: Inventory) -> Purser:
        if whose not in made.pursers:
            self._spend = self._spend or Spend(settings.state_dir / SPEND_FILE)
            made.pursers[whose] = self._had.pursers.get(whose) or Purser(Account(*whose), self._spend)
        return made.pursers[whose]


def _cloud(plan: RungPlan, purser: Purser) -> MinimaxRung:
    rung = make_rung(plan.modality, plan.name, purser.account, plan.policy, purser.spend, model=plan.model)
    rung.gate.capped(plan.max_concurrency)
    return rung


def _admission_key(plan: RungPlan) -> tuple[object, ...]:
    return (plan.modality, plan.name, plan.engines, plan.target, plan.max_concurrency)


def _gate(plan: RungPlan) -> Gate:
    most = plan.max_concurrency
    if not most:
        return Gate(time.monotonic)
    usual = LimitRules()
    limit = LimitRules(initial=min(usual.initial, most), floor=min(usual.floor, most), ceiling=most)
    return Gate(time.monotonic, GateRules(limit=limit))
