"""What the gateway needs around it: its settings, keys, ports, a place for its state, and services that answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gateway.guard.keys import read_keys
from gateway.providers.resolver import Resolver, split_place, split_targets
from gateway.settings import Settings, is_loopback
from gateway.targets import is_url
from troupe.wire.doctor.certificate import examine_certificate
from troupe.wire.doctor.findings import Finding, State
from troupe.wire.doctor.machine import disk, imports
from troupe.wire.doctor.ports import examine_port
from troupe.wire.errors import CannotConnect, TroupeError

PART = "gateway"
PACKAGES = ("grpc", "fastapi", "uvicorn", "uvloop", "httptools", "orjson", "dns.asyncresolver")
CONNECT_S = 2.0


def examine_gateway(environ: Mapping[str, str], folder: Path | None = None) -> list[Finding]:
    """Settings that can be read are needed first; `folder` holds the `.env`, the working folder by default."""
    loads = imports(PART, PACKAGES)
    try:
        settings = Settings.load(environ, folder or Path.cwd())
    except TroupeError as error:
        remedy = "Correct that setting, in the environment or in .env; .env.example lists them all."
        return [loads, Finding(PART, "settings", State.BROKEN, error.message, remedy, needed=True)]
    return [
        loads,
        Finding(PART, "settings", State.OK, "all of them can be read"),
        examine_keys(settings),
        *examine_certificate(PART, settings.tls),
        examine_port(PART, "TROUPE_PORT", settings.host, settings.port),
        examine_port(PART, "TROUPE_GRPC_PORT", settings.host, settings.grpc_port),
        disk(PART, settings.state_dir, written=True),
        *asyncio.run(examine_targets(settings)),
    ]


def examine_keys(settings: Settings) -> Finding:
    """Are keys asked for, and who gets in where they are not."""
    path = settings.api_keys_file
    if path is None:
        who = "this machine alone" if is_loopback(settings.host) else f"everyone who reaches {settings.host}"
        return Finding(PART, "keys", State.OK, f"none are asked for, of {who}")
    try:
        keys = read_keys(path)
    except TroupeError as error:
        remedy = "Correct that file, or set another one." if path.exists() else f"troupe key --file {path}"
        return Finding(PART, "keys", State.BROKEN, error.message, remedy, needed=True)
    return Finding(PART, "keys", State.OK, f"asked for: {path} holds {len(keys)}")


async def examine_targets(settings: Settings) -> list[Finding]:
    """Each service's name is resolved and each of its addresses called, all at once."""
    targets = {
        "TROUPE_TEXT_TARGET": settings.text_target,
        "TROUPE_SPEECH_TARGET": settings.speech_target,
        "TROUPE_VIDEO_TARGET": settings.video_target,
    }
    targets |= {f"PROVIDER_{name.upper()}_TARGET": rung.target for name, rung in settings.rungs.items() if rung.target}
    resolver = Resolver(settings.dns_server)
    return list(await asyncio.gather(*(_target(resolver, *each) for each in targets.items())))


async def _target(resolver: Resolver, setting: str, target: str) -> Finding:
    if is_url(target):
        return Finding(PART, f"target {target}", State.OK, f"an HTTP address, asked when it is used ({setting})")
    try:
        addresses = await resolver.addresses(target)
    except CannotConnect as error:
        return Finding(PART, f"target {target}", State.BROKEN, error.message, f"Or correct {setting}.", needed=True)
    answering = await asyncio.gather(*map(_answers, addresses))
    return _counted(setting, target, [at for at, answers in zip(addresses, answering, strict=True) if not answers])


def _counted(setting: str, target: str, silent: Sequence[str]) -> Finding:
    name = f"target {target}"
    if not silent:
        return Finding(PART, name, State.OK, f"each of its addresses answers ({setting})")
    reason = f"nobody listens at {', '.join(silent)} ({setting})"
    if all(is_loopback(split_place(place)[0]) for place in split_targets(target)):
        return Finding(PART, name, State.MISSING, reason, "make up starts it, with all the others.")
    remedy = f"Start that service, or look whether a firewall or a network policy is between; else correct {setting}."
    return Finding(PART, name, State.BROKEN, reason, remedy, needed=True)


async def _answers(address: str) -> bool:
    host, port = split_place(address)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        return True
    return False
