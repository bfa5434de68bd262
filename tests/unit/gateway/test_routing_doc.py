"""docs/ROUTING.md names every setting of the gateway, and its defaults are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.environment import RUNG_FIELDS
from gateway.plan import DEFAULTS, FIRST_S, plan_chains
from gateway.reload import FIXED
from gateway.routing.breaker import BreakerRules
from gateway.routing.need import Modality
from gateway.settings import Settings

TEXT = (Path(__file__).parents[3] / "docs" / "ROUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", RUNG_FIELDS)
def test_every_field_of_a_rung_has_its_row(field: str) -> None:
    assert re.search(rf"^\| `{field}` \|", TEXT, re.MULTILINE)


def test_every_setting_of_the_gateway_is_named() -> None:
    aliases = {field.alias for field in Settings.model_fields.values() if field.alias}
    assert sorted(alias for alias in aliases if f"`{alias}`" not in TEXT) == []


def test_the_default_chains_are_the_codes() -> None:
    for modality, names in DEFAULTS.items():
        assert f"| `PROVIDER_{modality.upper()}_FALLBACK` | `{','.join(names)}` |" in TEXT


def test_the_numbers_are_the_codes() -> None:
    text, tts, video = (round(FIRST_S[modality]) for modality in Modality)
    assert f"text {text}, speech {tts}, video {video}" in TEXT
    assert f"(default {Settings().drain_s:.0f})" in TEXT
    rules = BreakerRules()
    assert (rules.consecutive, rules.rate, rules.window_calls) == (3, 0.5, 10)  # "three times in a row, …"
    assert (rules.open_s, rules.open_max_s) == (1, 4)  # "1 s, then 2, then 4"


def test_what_needs_a_restart_is_named() -> None:
    fixed = {Settings.model_fields[name].alias for name in FIXED}
    (told,) = re.findall(r"belongs into the file alone\. (.*?) change with a restart only", TEXT, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", told)) == fixed


EXAMPLES = re.findall(r"```env\n(.*?)```", TEXT, re.DOTALL)


def text_rungs_of_example(number: int):
    lines = (line.partition("#")[0].strip() for line in EXAMPLES[number].splitlines())
    environ = {name: value for name, _, value in (line.partition("=") for line in lines if line)}
    return plan_chains(Settings.load(environ))[Modality.TEXT].rungs


def test_the_example_works() -> None:
    rungs = text_rungs_of_example(0)
    assert [rung.name for rung in rungs] == ["big", "small", "llamacpp", "minimax"]
    assert rungs[1].policy.first_s == 5
    assert rungs[3].policy.cap_usd_day == 10


def test_the_example_of_two_servers_works() -> None:
    assert len(EXAMPLES) == 2
    rungs = text_rungs_of_example(1)
    assert [(rung.name, *rung.engines) for rung in rungs[:2]] == [("vllm", "openai"), ("spare", "openai")]
