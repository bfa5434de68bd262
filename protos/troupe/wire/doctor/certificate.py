"""The certificate of a part, judged as its neighbours will."""

from __future__ import annotations

import time

from troupe.wire.callers import GATEWAY
from troupe.wire.doctor.findings import Finding, State
from troupe.wire.errors import InvalidArgument
from troupe.wire.papers import Papers, TlsFiles, examine
from troupe.wire.serving import CALLED
from troupe.wire.tls import DAY_S, WARNING_S

ASKED_FOR = {**CALLED, GATEWAY: GATEWAY}
"""The name that each part's neighbours want to see."""
REMEDY = "make certs"


def examine_certificate(part: str, files: TlsFiles | None) -> list[Finding]:
    """Nothing where TLS between the parts is off; how long the certificate holds; or what is wrong with it."""
    if files is None:
        return []
    try:
        return [_judged(part, examine(files))]
    except InvalidArgument as error:
        return [Finding(part, "certificate", State.BROKEN, error.message, REMEDY, needed=True)]


def _judged(part: str, papers: Papers) -> Finding:
    name, whose = ASKED_FOR[part], ", ".join(sorted(papers.names)) or "no name"
    if name not in papers.names:
        reason = f"its neighbours ask for {name}, and it is for {whose}"
        return Finding(part, "certificate", State.BROKEN, reason, f"Set TROUPE_TLS_CERT to {name}'s own.", needed=True)
    left_s = papers.expires - time.time()
    reason = f"{left_s / DAY_S:.0f} days left, for {whose}"
    return Finding(part, "certificate", State.OK, reason, REMEDY if left_s < WARNING_S else "")
