import pytest

from gateway.environment import is_service_link, rung_field, rung_fields


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("PROVIDER_ESPEAK_TARGET", ("espeak", "TARGET")),
        ("PROVIDER_MY_TTS_TIMEOUT_S", ("my_tts", "TIMEOUT_S")),
        ("PROVIDER_A_CAP_USD_DAY", ("a", "CAP_USD_DAY")),
        ("PROVIDER_A_FIRST_S", ("a", "FIRST_S")),
        ("PROVIDER_A_HEDGE_MS", ("a", "HEDGE_MS")),
        ("PROVIDER_A_MAX_CONCURRENCY", ("a", "MAX_CONCURRENCY")),
        ("PROVIDER_TTS", None),
        ("PROVIDER_TARGET", None),
        ("TROUPE_PORT", None),
    ],
)
def test_the_fields_of_a_rung(name, found) -> None:
    assert rung_field(name) == found


def test_fields_are_gathered_by_rung() -> None:
    fields = rung_fields({"PROVIDER_A_ENGINE": "tone", "PROVIDER_A_TARGET": "h:1", "PROVIDER_B_MODEL": "", "HOME": "/"})
    assert fields == {"a": {"ENGINE": "tone", "TARGET": "h:1"}}


@pytest.mark.parametrize(
    ("name", "value", "link"),
    [
        ("TROUPE_PORT", "tcp://10.0.0.1:80", True),
        ("TROUPE_PORT", "8000", False),
        ("TROUPE_VIDEO_PORT_50053_TCP_PROTO", "tcp", True),
        ("TROUPE_OPEN", "1", False),
    ],
)
def test_what_kubernetes_wrote(name, value, link) -> None:
    assert is_service_link(name, value) is link
