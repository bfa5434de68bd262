"""`troupe`: start the mesh, show what it does, say what is missing, make a key."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from gateway.cli import demo, doctor, key, up
from troupe.wire.errors import TroupeError


def parser() -> argparse.ArgumentParser:
    """The command line; every option says what it does."""
    top = argparse.ArgumentParser(
        prog="troupe", description="Text, speech, voices and talking heads on your own machines."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    starting = commands.add_parser("up", help="start the mesh and keep it running; Ctrl-C drains it")
    starting.set_defaults(run=lambda _: up.run())
    _demo(commands.add_parser("demo", help="a script in, a talking head out: writes out/demo.mp4"))
    examining = commands.add_parser(
        "doctor", help="per engine: ready, or what is missing and the command that mends it"
    )
    examining.add_argument("--json", action="store_true", help="print the rows as JSON")
    examining.set_defaults(run=lambda given: doctor.run(as_json=given.json))
    _key(commands.add_parser("key", help="create an API key; it is shown once"))
    return top


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--script", default="", help="what is said; a short greeting by default")
    command.add_argument(
        "--portrait", type=Path, help="a photo (PNG, JPEG, WebP) with one clear face; an avatar by default"
    )
    command.add_argument("--avatar", default="", help="the id of a shipped avatar")
    command.add_argument("--voice", default="", help="a voice id, for example en-GB-RyanNeural")
    command.add_argument("--lang", default="", help="the language of the script, for example es")
    command.add_argument("--out", type=Path, default=Path("out/demo.mp4"), help="where the video goes")
    command.add_argument("--engine", choices=demo.ENGINES, default="", help="who moves the face; portrait by default")
    command.set_defaults(
        run=lambda given: demo.run(
            demo.Order(given.script, given.portrait, given.avatar, given.voice, given.lang, given.out, given.engine)
        )
    )


def _key(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", default="default", help="whose key it is")
    command.add_argument("--file", type=Path, default=None, help="the keys file; TROUPE_API_KEYS_FILE or keys.json")
    command.add_argument("--scope", action="append", default=[], help="what it may do; may be given again; none = all")
    command.set_defaults(run=lambda given: key.run(given.name, given.file, given.scope))


def main() -> int:
    """Run the command; an error is one sentence on standard error and status 1."""
    given = parser().parse_args()
    try:
        return int(given.run(given))
    except TroupeError as error:
        print(f"troupe: {error.message}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output left (`troupe demo | head`); Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
