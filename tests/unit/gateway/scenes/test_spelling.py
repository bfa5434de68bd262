"""How a word of a model's text is said."""

import pytest

from gateway.scenes.spelling import is_wide, spelled


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("plain", "plain"),
        ("**bold**,", "bold,"),
        ('"__so__"', '"so"'),
        ("`code`", "code"),
        ("~~no~~", "no"),
        ("~5", "~5"),
        ("snake_case_name", "snake case name"),
        ("*", "×"),
        ("2*3", "2×3"),
        ("--", "–"),
        ("#tag", "tag"),
        ("#1", "#1"),
        ("C#", "C#"),
        ("R&amp;D", "R&D"),
        ("R&D", "R&D"),
        ("\\*not\\*", "not"),
        ("AC\\DC", "AC DC"),
        ("https://www.acme.com/a?b=1#c.", "acme.com."),
        ("(http://acme.com/)", "acme.com)"),
        ("www.Acme.com,", "acme.com,"),
        ("https://user:secret@acme.com", "acme.com"),
        ("🎉", ""),
        ("👩\u200d💻👍🏽!", "!"),
        ("1\ufe0f\u20e3", "1"),
        ("20°C™", "20°C™"),
        ("a→b", "ab"),
        ("zero\u200bwidth\u202e", "zerowidth"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("half\ud83d", "half"),
        ("bell\x07", "bell"),
    ],
)
def test_what_is_said(word, said) -> None:
    assert spelled(word) == said


def test_only_the_hosts_that_may_be_said_are() -> None:
    assert spelled("https://www.acme.com/x,", {"acme.com"}) == "acme.com,"
    assert spelled("https://evil.example/x,", {"acme.com"}) == ","


def test_wide_characters_end_words() -> None:
    assert all(map(is_wide, "重あ한，。"))
    assert not any(map(is_wide, "aé—я"))
