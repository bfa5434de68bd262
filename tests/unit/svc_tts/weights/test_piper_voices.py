from __future__ import annotations

import pytest

from svc_tts.weights.piper_catalogue import REVISION
from svc_tts.weights.piper_voices import source_of
from troupe.wire.errors import InvalidArgument

BASE = f"https://hub.example/rhasspy/piper-voices/resolve/{REVISION}"


def test_a_voice_of_the_catalogue_is_found_whatever_its_case() -> None:
    source = source_of("EN_us-Joe-medium", "https://hub.example")
    assert source.entry is not None
    assert source.name == "en_US-joe-medium"
    assert source.model.url == f"{BASE}/en/en_US/joe/medium/en_US-joe-medium.onnx"
    assert source.config.file == "en_US-joe-medium.onnx.json"
    assert source.card.url == f"{BASE}/en/en_US/joe/medium/MODEL_CARD"
    assert source.card.file == "en_US-joe-medium.MODEL_CARD"  # where the engine looks for it
    assert source.model.command == "make voice NAME=en_US-joe-medium"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("en_US-amy-low", "en/en_US/amy/low/en_US-amy-low.onnx"),
        ("vi_VN-25hours_single-low", "vi/vi_VN/25hours_single/low/vi_VN-25hours_single-low.onnx"),
        ("kk_KZ-iseke-x_low", "kk/kk_KZ/iseke/x_low/kk_KZ-iseke-x_low.onnx"),
        ("pt_PT-tugão-medium", "pt/pt_PT/tug%C3%A3o/medium/pt_PT-tug%C3%A3o-medium.onnx"),
    ],
)
def test_any_other_name_of_the_scheme_tells_its_path(name: str, path: str) -> None:
    source = source_of(name, "https://hub.example")
    assert source.entry is None
    assert source.model.url == f"{BASE}/{path}"
    assert (source.model.sha256, source.model.size) == ("", 0)


@pytest.mark.parametrize(
    "name", ["joe", "en-US-joe-medium", "en_US-joe-best", "en_US-../../x-low", "en_US-a/b-low", "en_US--low"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        source_of(name, "https://hub.example")
    assert "lang_REGION-name-quality" in caught.value.message


def test_a_slip_of_the_pen_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InvalidArgument, match="en_US-kristin-medium"):
        source_of("en_US-kristin-medum", "https://hub.example")
