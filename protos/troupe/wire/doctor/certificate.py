"""The certificate of a part, judged as its neighbours will."""

from __future__ import annotations

import time

from troupe.wire.doctor.findings import Finding, State
from troupe.wire.errors import InvalidArgument
from troupe.wire.papers import TlsFiles, examine

DAY_S = 24 * 3600


def examine_certificate(part: str, files: TlsFiles | None) -> list[Finding]:
    """Nothing where TLS between the parts is off; how long the certificate holds; or what is wrong with it."""
    if files is None:
        return []
    try:
        papers = examine(files)
    except InvalidArgument as error:
        return [Finding(part, "certificate", State.BROKEN, error.message, "make certs", needed=True)]
    left = (papers.expires - time.time()) / DAY_S
    whose = min(papers.names, default="no name")
    return [Finding(part, "certificate", State.OK, f"{left:.0f} days left, for {whose} and others")]
