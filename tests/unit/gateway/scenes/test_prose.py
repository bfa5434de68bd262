"""What is said of a model's text, in whatever pieces it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.scenes.prose import MAX_ADDRESS, MAX_BRACKET, Prose

ALL_OF_IT = """# Welcome to **Acme**

<think>Let me think
about it</think>Hello, *world*! 🎉 See [our **site**](https://acme.com/a?b=1), [docs][1] or https://www.acme.com/x.

- First **item**
* Second, with `code`!
1. One
2) Two
> A quote

```python
print("not said")
```
| Name | Age |
|------|----:|
| Ann  | 42  |

---
Tom &amp; Jerry<br>met[^2] ![a picture](x.png) in a line\r
that goes on. 重要**内容**：你好"""
SAID = (
    "Welcome to Acme.\n"
    "Hello, world! See our site, docs or acme.com.\n"
    "First item.\nSecond, with code!\nOne.\nTwo.\nA quote.\n"
    "Name, Age.\nAnn, 42.\n"
    "Tom & Jerry met in a line that goes on. 重要内容：你好"
)
FRAGMENTS = st.sampled_from(
    ["# ", "**", "*", "_", "`", "```", "\n", "\n\n", "- ", "1. ", "> ", "[", "](", ")", "]", "<", ">", "<think>",
     "</think>", "|", "---", "http://a.b/c", "\\", "!", "&amp;", "word", "Word.", " ", "é", "你", "🎉", "\r", "\u2028"]
)  # fmt: skip
MARKED = st.lists(FRAGMENTS | st.text(max_size=5), max_size=40).map("".join)


def said_of(text: str, **settings) -> str:
    prose = Prose(**settings)
    return prose.feed(text) + prose.end()


def test_markdown_is_not_spoken() -> None:
    assert said_of(ALL_OF_IT) == SAID


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("🎉🎉", ""),
        ("Hi", "Hi"),
        ("Two\nlines.", "Two lines."),
        ("A title\n\nA text.", "A title.\nA text."),
        ("A title\n=====\nA text.", "A title.\nA text."),
        ('He said "go"\n\nNow.', 'He said "go".\nNow.'),
        ("-5 degrees, 12 of them", "-5 degrees, 12 of them"),
        ("2024 was fine.", "2024 was fine."),
        ("- - nested", "nested."),
        ("- [ ] a task", "a task."),
        ("**Bold start** of it.", "Bold start of it."),
        ("***", ""),
        ("[Music] Hello [pause] there.", "Hello there."),
        ("See [1].", "See."),
        ("An [open bracket", "An [open bracket"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("I <3 you", "I <3 you"),
        ("<https://acme.com/x>, <me@acme.com>", "acme.com, me@acme.com"),
        ("Wow![alt](u) Yes!", "Wow Yes!"),
        ("Great 🎉!", "Great!"),
        ("```\ncode\n```\nAfter.", "After."),
        ("```never closed\ncode\nmore", ""),
        ("```inline``` ticks", "inline ticks"),
        ("~~~~\n~~~\n~~~~\nAfter.", "After."),
        ("Tea <script>alert(1)</script>time.", "Tea time."),
        ("<thinking>never closed. " * 3, ""),
        ("pause<#2.5#>d", "paused"),
        ("字<b>字</b>\n\n字", "字字。\n字"),
    ],
)
def test_what_is_said(written, said) -> None:
    assert said_of(written) == said


def test_brackets_without_an_end_are_text_after_a_while() -> None:
    assert said_of("[" + "word " * MAX_BRACKET).startswith("[word word")
    assert said_of("[link](" + "a" * (MAX_ADDRESS + 1) + " and on").endswith("and on")


def test_addresses_of_strangers_are_left_out() -> None:
    assert said_of("Go to https://evil.example/now or https://acme.com.", hosts={"acme.com"}) == "Go to or acme.com."


def test_words_come_as_soon_as_they_are_whole() -> None:
    prose = Prose()
    assert prose.feed("Hel") == ""
    assert prose.feed("lo the") == "Hello"
    assert prose.feed("re. ") == " there. "
    assert prose.feed("你好") == "你好"


@given(text=MARKED, cuts=st.lists(st.integers(0, 300)))
def test_any_pieces_give_the_same(text, cuts) -> None:
    prose, said, at = Prose(), "", 0
    for cut in [*sorted(min(cut, len(text)) for cut in cuts), len(text)]:
        said += prose.feed(text[at:cut])
        at = cut
    assert said + prose.end() == said_of(text)


@given(text=MARKED)
def test_what_is_said_holds_no_marks(text) -> None:
    said = said_of(text)
    assert "*" not in said
    assert "`" not in said
    assert said == said.lstrip()
    assert "  " not in said
    assert all(
        character == "\n" or character.isprintable() for character in said.replace("\u200c", "").replace("\u200d", "")
    )
