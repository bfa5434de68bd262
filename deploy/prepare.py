"""The first step of `docker compose up`: what only root may do, and what the services may read, before they start.

- `.env` becomes a file per kind of reader, of the services' own user: `gateway` reads all of it, `services` no key of
  the cloud, `fetch` what it takes to fetch weights. None of it stands in an environment, which `docker inspect` shows.
- `localhost` in an address meant this machine where `.env` was written: inside a container that is another name.
- What `make certs` made becomes each part's own certificate and the settings that name it; without it there is no TLS.
- `./voices` of the seed, which root owned, goes to the user that the services run as.

It runs as root, without a network, in the gateway's image, and is run again by every `up`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

PROJECT, SETTINGS, VOICES, CERTIFIED = Path("/project"), Path("/settings"), Path("/app/voices"), Path("/certified")
OWNER = 10001
SPEECH_PORT = 5050
KEYS = "keys.json"
KEYS_SETTING = "TROUPE_API_KEYS_FILE"
PARTS = ("gateway", "svc-text", "svc-tts", "svc-video")
OF_TLS = {"TROUPE_TLS_CERT": "tls.crt", "TROUPE_TLS_KEY": "tls.key", "TROUPE_TLS_CA": "ca.crt"}
SHOWN = "/etc/troupe/tls"
"""Where each part finds its own; what `.env` says of them is of a mesh without containers."""
OF_COMPOSE = ("TROUPE_VERSION",)
"""Settings of compose itself; the mesh refuses names it does not know."""
NOT_PASSED_ON = {*OF_COMPOSE, *OF_TLS}
OF_CLOUDS = ("MINIMAX_", "PROVIDER_MINIMAX_")
OF_HUBS = ("HF_TOKEN", "HF_ENDPOINT", "GITHUB_ENDPOINT", "HTTPS_PROXY", "COQUI_TOS_AGREED")
OF_FOLDERS = (
    *("TROUPE_TEXT_MODELS_DIR", "TROUPE_SPEECH_PIPER_DIR"),
    *("PROVIDER_XTTS_CHECKPOINT", "PROVIDER_SADTALKER_CHECKPOINT"),
)
"""Where the services look for weights, so that they are fetched to that place."""
FOR_FETCHING = {*OF_HUBS, *OF_FOLDERS}
FOR_OWNER, FOR_WHOEVER = 0o400, 0o444
"""What fetches weights runs as whoever owns the folder of models; nobody else mounts that volume."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ADDRESSES = ("_URL", "_TARGET", "_PROXY")


def main() -> int:
    """Do it; the exit status is 1, with a sentence, where the folder of voices cannot be given away."""
    told = read(PROJECT / ".env")
    tls = certify(PROJECT / "var" / "certs")
    write(SETTINGS / "gateway", for_gateway(told, SETTINGS / "gateway") | tls)
    write(SETTINGS / "services", for_services(told) | tls)
    write(SETTINGS / "fetch", {name: value for name, value in told.items() if name in FOR_FETCHING}, mode=FOR_WHOEVER)
    try:
        give(VOICES)
    except OSError as error:
        sys.stderr.write(f"./voices cannot be given to user {OWNER}: {error}. Run: sudo chown -R {OWNER} voices\n")
        return 1
    return 0


def read(path: Path) -> dict[str, str]:
    """What `.env` says, as it stands there; nothing where there is none."""
    found = dotenv_values(path) if path.is_file() else {}
    told = {name: value for name, value in found.items() if value is not None and name not in NOT_PASSED_ON}
    return {name: reachable(name, value) for name, value in told.items()}


def certify(made: Path) -> dict[str, str]:
    """Gives each part its certificate, its key and the CA; returns the settings that name them, none without any."""
    there = (made / PARTS[0]).is_dir()
    for part in PARTS:
        for name in OF_TLS.values():
            if there:
                hand(made / part / name, CERTIFIED / part)
            else:
                (CERTIFIED / part / name).unlink(missing_ok=True)
        CERTIFIED.joinpath(part).chmod(0o700)
        os.chown(CERTIFIED / part, OWNER, OWNER)
    return {setting: f"{SHOWN}/{name}" for setting, name in OF_TLS.items()} if there else {}


def hand(source: Path, folder: Path) -> None:
    """A copy, put there in one step: the part that runs looks at it, and shows what is new."""
    copy = anew(folder / f".{source.name}")
    copy.write_bytes(source.read_bytes())
    own(copy)
    copy.replace(folder / source.name)


def reachable(name: str, value: str) -> str:
    """An address of this machine as a container reaches it; any other value as it is."""
    if not name.endswith(ADDRESSES) or not value:
        return value
    parts = urlsplit(value if "//" in value else f"//{value}")
    if parts.hostname not in LOOPBACK:
        return value
    host = "svc-tts" if parts.port == SPEECH_PORT else "host.docker.internal"
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return parts._replace(netloc=netloc).geturl().removeprefix("" if "//" in value else "//")


def for_gateway(told: Mapping[str, str], folder: Path) -> dict[str, str]:
    """All of it; the file of API keys lies beside it."""
    settings = dict(told)
    if named := settings.pop(KEYS_SETTING, ""):
        keys = anew(folder / KEYS)
        keys.write_bytes((PROJECT / named).read_bytes())
        own(keys)
        settings[KEYS_SETTING] = f"/app/settings/{KEYS}"
    return settings


def for_services(told: Mapping[str, str]) -> dict[str, str]:
    """What the engines' services may know: no key of the cloud, no key of a caller, no token."""
    kept = {name: value for name, value in told.items() if not name.startswith(OF_CLOUDS)}
    return {name: value for name, value in kept.items() if name not in {KEYS_SETTING, "HF_TOKEN"}}


def write(folder: Path, settings: Mapping[str, str], mode: int = FOR_OWNER) -> None:
    """The settings as a file that its reader alone may read."""
    path = anew(folder / ".env")
    path.write_text("".join(f"{name}={quoted(value)}\n" for name, value in settings.items()))
    own(path, mode)
    folder.chmod(0o700 if mode == FOR_OWNER else 0o755)
    os.chown(folder, OWNER, OWNER)


def quoted(value: str) -> str:
    """A value that is read back as it is."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def anew(path: Path) -> Path:
    """An empty file that nobody else may read, before anything is in it."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def own(path: Path, mode: int = FOR_OWNER) -> None:
    """For the services' user, to read."""
    path.chmod(mode)
    os.chown(path, OWNER, OWNER)


def give(folder: Path) -> None:
    """A folder and what is in it, to the services' user; links are not followed."""
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != OWNER:
            os.chown(path, OWNER, OWNER, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main())
