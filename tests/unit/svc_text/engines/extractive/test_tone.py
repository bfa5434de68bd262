from __future__ import annotations

import pytest

from svc_text.engines.extractive.material import material
from svc_text.engines.extractive.tone import tone
from troupe.wire.documents import Document


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (
            "You will love it here! We bake for you. Your bread is ready! Come and see us.",
            "friendly",
        ),
        (
            "It needs 12 kW of power. It moves 40 l a second. Its API is open. It meets ISO norms.",
            "technical",
        ),
        (
            "Wir beraten Sie gern in Ulm. Ihre Anliegen sind uns wichtig. Wir sind für Sie da. Es ist schön hier.",
            "formal",
        ),
        (
            "Trees grow near the river. Birds sing over the roofs. Rain falls on the fields. Night comes to the town.",
            "",
        ),
        ("You are here with us now!", ""),
    ],
)
def test_tone_is_counted(text: str, label: str) -> None:
    assert tone(material([Document("", "", text + "\nAnd a line of some more words about nothing")])) == label
