"""The alerts of deploy/prometheus as a PrometheusRule for deploy/k8s: `python tools/prometheus_rule.py`."""

from __future__ import annotations

import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULES = ROOT / "deploy/prometheus/rules/troupe.yml"
RULE = ROOT / "deploy/k8s/components/monitoring/prometheus-rule.yaml"
HEAD = """# Made by tools/prometheus_rule.py from deploy/prometheus/rules: change that file, not this one.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: troupe, namespace: troupe}
spec:
"""


def rule(rules: str) -> str:
    """A file of rules as the operator's resource: the same groups, further in."""
    return HEAD + textwrap.indent(rules[rules.index("groups:") :], "  ")


if __name__ == "__main__":
    RULE.write_text(rule(RULES.read_text()))
