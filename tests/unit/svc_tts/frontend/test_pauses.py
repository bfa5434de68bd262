from __future__ import annotations

import pytest

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.pauses import Pause, split_pauses


def test_pauses_stand_between_the_words() -> None:
    parts = split_pauses(AlignedText.of("One <#0.5#>two<#12.25#>", 10))
    assert [part if isinstance(part, Pause) else part.text for part in parts] == [
        "One ",
        Pause(0.5),
        "two",
        Pause(12.25),
        "",
    ]
    assert isinstance(parts[2], AlignedText)
    assert parts[2].source(0, 3) == (21, 24)


@pytest.mark.parametrize("text", ["<#x#>", "<#100#>", "<# #>", "<#1.234#>", "<0.5>"])
def test_what_is_no_pause_stays_text(text: str) -> None:
    assert [part for part in split_pauses(AlignedText.of(text)) if isinstance(part, Pause)] == []
