"""Every alert has fired and cleared. Its name puts this module last: it needs those before it."""

from __future__ import annotations

import pytest
from tests.monitoring.machine import NEEDS, may_be
from tests.monitoring.rules import alerts
from tests.monitoring.showing import SHOWN
from tests.monitoring.test_limits import OF_THE_MACHINE


def test_every_alert_has_been_shown() -> None:
    if len(SHOWN) < len(alerts()) // 2:
        pytest.skip("the others were not run")
    left_out = set() if may_be() else set(OF_THE_MACHINE)
    assert {rule["alert"] for rule in alerts()} - SHOWN - left_out == set()
    if left_out:
        pytest.skip(NEEDS)
