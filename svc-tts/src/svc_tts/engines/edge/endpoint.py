"""Where the endpoint is. edge-tts reads its two addresses from variables of its own modules; they are set here only."""

from __future__ import annotations

import edge_tts.communicate
import edge_tts.voices
from edge_tts import constants


def point_at(url: str = "") -> None:
    """Ask the endpoint at that `ws(s)://host:port/path` from now on in this process; empty = Microsoft's own.

    It must be one that speaks the same protocol: a relay of your own, or a fake. Its list of voices is expected beside
    it, as Microsoft's is.
    """
    ours = url.rstrip("/") or f"wss://{constants.BASE_URL}"
    token = constants.TRUSTED_CLIENT_TOKEN
    edge_tts.communicate.WSS_URL = f"{ours}/edge/v1?TrustedClientToken={token}"  # type: ignore[attr-defined]  # imported there
    listing = f"http{ours.removeprefix('ws')}/voices/list?trustedclienttoken={token}"
    edge_tts.voices.VOICE_LIST = listing  # type: ignore[attr-defined]  # imported there
