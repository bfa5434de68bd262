"""What a build is told about the machine it runs on, as build secrets: nothing of it stays in an image."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SECRETS = Path("/run/secrets")
PIP_CONF = "pip_conf"
"""Where packages come from, as pip reads it."""
CA = "ca"
"""Whom to trust: certificates in PEM."""


def environ(secrets: Path = SECRETS) -> Mapping[str, str]:
    """The environment of pip: this build's own, and what the secrets say where they were given."""
    told = {"PIP_NO_INPUT": "1", "PYTHONHASHSEED": "0"}
    if given(config := secrets / PIP_CONF):
        told["PIP_CONFIG_FILE"] = str(config)
    if given(certificates := secrets / CA):
        told |= {"PIP_CERT": str(certificates), "SSL_CERT_FILE": str(certificates)}
    return {**os.environ, **told}


def given(secret: Path) -> bool:
    """Whether there is such a secret; compose gives an empty one where nothing was named."""
    return secret.is_file() and secret.stat().st_size > 0
