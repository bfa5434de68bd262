"""Is a port free, or held by the part that it is for."""

from __future__ import annotations

import re

from troupe.wire.doctor.findings import Finding, State
from troupe.wire.errors import PortTaken
from troupe.wire.ports import UNSEEN, claim, holder

_OURS = re.compile(r"-m (gateway|svc_text|svc_tts|svc_video)\b|gateway\.app:app|troupe up")


def examine_port(part: str, setting: str, host: str, number: int) -> Finding:
    """Free, ours already, or somebody else's; 0 = any free one, which there always is."""
    name = f"port {number or 'any'}"
    if not number:
        return Finding(part, name, State.OK, setting)
    try:
        claim(host, number, setting).close()
    except PortTaken as error:
        if "port" not in error.details:  # not taken: the address is none of this machine's, or may not be had
            return Finding(part, name, State.BROKEN, error.message, f"Correct {setting}.", needed=True)
        return _held(part, name, setting, holder(number))
    return Finding(part, name, State.OK, f"free ({setting})")


def _held(part: str, name: str, setting: str, by: str) -> Finding:
    if _OURS.search(by):
        return Finding(part, name, State.OK, f"it runs already: {by}")
    remedy = f"Stop that process, or set {setting} to another port."
    if by == UNSEEN:  # it may well be this part, started by root or by another user
        return Finding(part, name, State.MISSING, "taken by a process that this user may not see", remedy)
    return Finding(part, name, State.BROKEN, f"taken by {by}", remedy, needed=True)
