"""What a caller may wish of routing, whatever it asks for: which providers, nothing out of the house, how urgent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.routing.priority import Priority
from troupe.wire.errors import InvalidArgument, UnknownProvider, nearest

PROVIDER = "x-troupe-provider"
PRIORITY = "x-troupe-priority"
LOCAL_ONLY = "x-troupe-local-only"
"""Headers over HTTP, metadata over gRPC."""
YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"", "0", "false", "no", "off"})
PRIORITIES: Mapping[str, Priority] = {"": Priority.LIVE, "live": Priority.LIVE, "batch": Priority.BATCH}
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """Of one request. `any_chain` are the names said without saying of which chain."""

    any_chain: Names = ()
    of_chain: Mapping[Modality, Names] = field(default_factory=dict)
    local_only: bool = False
    priority: Priority = Priority.LIVE

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Wishes:
        """From headers or metadata with lower-case names. Raises `InvalidArgument`."""
        any_chain, of_chain = _providers(headers.get(PROVIDER, ""))
        return cls(
            any_chain, of_chain, _yes(headers.get(LOCAL_ONLY, "")), priority_named(headers.get(PRIORITY, ""), PRIORITY)
        )

    def rungs(self, chains: Mapping[Modality, Chain], *route: Modality) -> Mapping[Modality, Names]:
        """The providers wished for, per chain of the route; none = the chain as it is.

        Raises `UnknownProvider` for a name that none of the route's chains has.
        """
        known = {modality: _names(chains[modality]) for modality in route}
        for name in self.any_chain:
            _check(name, {each for names in known.values() for each in names}, " and ".join(route))
        for modality, names in self.of_chain.items():
            if modality not in known:
                raise InvalidArgument(f"This route asks no {modality} provider, only {', '.join(route)}.")
            for name in names:
                _check(name, known[modality], modality)
        return {
            modality: self.of_chain.get(modality, tuple(name for name in self.any_chain if name in known[modality]))
            for modality in route
        }


def names_in(text: str) -> Names:
    """`"a, b"` -> a, b: providers in the order in which they shall be asked."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def priority_named(name: str, where: str) -> Priority:
    """The priority of that name. Raises `InvalidArgument`."""
    try:
        return PRIORITIES[name.strip().casefold()]
    except KeyError:
        raise InvalidArgument(f'{where} is "{name[:64]}"; allowed are "live" and "batch".', field=where) from None


def _providers(text: str) -> tuple[Names, Mapping[Modality, Names]]:
    """`a,b`, or `tts=a;video=b,c`, or both."""
    any_chain: list[str] = []
    of_chain: dict[Modality, Names] = {}
    for part in text.split(";"):
        modality, said, names = part.partition("=")
        if not said:
            any_chain += names_in(part)
        elif modality.strip().casefold() in set(Modality):
            of_chain[Modality(modality.strip().casefold())] = names_in(names)
        else:
            raise InvalidArgument(
                f'{PROVIDER} names the chain "{modality.strip()[:64]}"; there are {", ".join(Modality)}.',
                field=PROVIDER,
            )
    return tuple(any_chain), of_chain


def _yes(text: str) -> bool:
    said = text.strip().casefold()
    if said not in YES | NO:
        raise InvalidArgument(f'{LOCAL_ONLY} is "{text[:64]}"; allowed are 1 and 0.', field=LOCAL_ONLY)
    return said in YES


def _names(chain: Chain) -> list[str]:
    return [name for rung in chain.rungs for name in (rung.name, rung.engine)]


def _check(name: str, known: list[str] | set[str], where: str) -> None:
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise UnknownProvider(f'No {where} provider "{name[:64]}"; there are: {listed}.{nearest(name, known)}')
