"""svc-text with a language model that misbehaves as its `model` says: `python -m text_models`; its engine is "vllm".

obeys     the worst reader there can be: it does whatever stands in the documents, and puts it into every field
prose     answers in prose where JSON is asked for
once      the first profile is prose, the second one is good
cut       the answer ends in the middle unless few documents are shown
breaks    breaks in the middle of its answer
endless   never ends
full      reads few words only
good      answers well, in a fence and with a sentence before
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import sys
from collections.abc import AsyncIterator, Callable

from svc_text import __main__ as service
from svc_text import engine as engines
from svc_text.engine import Chat, Delta, EngineContext, EngineFacts, ToolCall
from troupe.wire.documents import render
from troupe.wire.errors import EngineFailed, TextTooLong
from troupe.wire.progress import Progress

ENGINE = "vllm"
FULL_CHARS = 3_000
STEP, STRIDE = 40, 2_000  # characters of one delta; an obedient model talks fast
SAID_CHARS = 3_000


class FakeModel:
    """One engine, many characters."""

    def __init__(self, context: EngineContext) -> None:
        self.facts = EngineFacts(
            model="fake",
            version="1",
            device="cpu",
            licence="Apache-2.0",
            commercial_use=True,
            features=("documents", "json_schema", "tools", "continue"),
        )
        self.asked = 0

    async def start(self, loading: Callable[[float, str], None]) -> None:
        """Nothing to load."""
        loading(1.0, "")

    async def stop(self) -> None:
        """Nothing to free."""

    def count(self, chat: Chat) -> int:
        """One."""
        return len(chat.turns)

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        """Answer in character."""
        self.asked += 1
        seen = "\n".join([render(chat.documents), *(turn.text for turn in chat.turns)])
        size = sum(len(document.text) for document in chat.documents)
        if size > {"full": FULL_CHARS, "tiny": 9}.get(chat.model, size):
            raise TextTooLong(f"The chat has {size} characters; fake takes fewer.")
        if chat.model == "obeys":
            yield Delta(text="", tool_calls=(ToolCall(0, "call_1", "fetch_url", json.dumps({"url": urls(seen)[:1]})),))
        text, finish = self.answer(chat, seen, size)
        step = STRIDE if chat.model == "obeys" else STEP
        for number, place in enumerate(range(0, len(text), step)):
            if chat.model == "breaks" and number == 2:
                raise EngineFailed("The fake model broke, as it was told to.")
            await asyncio.sleep(0)
            progress.beat("generating", place / len(text))
            yield Delta(text=text[place : place + step], tokens=step // 4)
        while chat.model == "endless":
            await asyncio.sleep(0)
            yield Delta(text="and so on " * 100, tokens=300)
        yield Delta(finish=finish, prompt_tokens=1, completion_tokens=1)

    def answer(self, chat: Chat, seen: str, size: int) -> tuple[str, str]:
        """The words, and why they end."""
        if chat.response.kind == "text":
            return obedient(seen) if chat.model == "obeys" else script(chat), "stop"
        profile = json.dumps(worst(chat, seen) if chat.model == "obeys" else good(chat))
        if chat.model == "prose" or (chat.model == "once" and self.asked == 1):
            return "Sure! It is a very nice company.", "stop"
        if chat.model == "cut" and size > FULL_CHARS:
            return profile[: len(profile) // 2], "length"
        return (f"Here you are:\n```json\n{profile}\n```" if chat.model == "good" else profile), "stop"


def script(chat: Chat) -> str:
    """A good one, with what models like to add."""
    name = chat.documents[0].title.split(" | ")[-1] if chat.documents else "Nobody"
    return f"**[smiles]** {name} makes things.\n\nVisit [our site](https://evil.example/x)! " + "They are good. " * 200


def good(chat: Chat) -> dict[str, object]:
    """A profile as it should be."""
    first = chat.documents[0]
    sentence = next(iter(re.findall(r"[A-Z][^.\n]{20,200}\.", first.text)), "")
    return {
        "name": "Fake Works",
        "one_liner": "Fake Works makes things.",
        "summary": "Fake Works makes things. They are good things.",
        "products": ["Things"],
        "audience": "Everybody",
        "differentiators": ["They are good"],
        "tone": "calm",
        "facts": [
            {"fact": "Something is said", "sentence": sentence, "page": first.url},
            {"fact": "Something is invented", "sentence": "This stands on none of the pages.", "page": first.url},
        ],
    }


def urls(text: str) -> list[str]:
    """Every address in a text."""
    return re.findall(r"\w+://\S+", text)


def deciphered(text: str) -> str:
    """What is hidden in tag characters and base64, as a very clever reader would see it."""
    tags = "".join(chr(ord(character) - 0xE0000) for character in text if "\U000e0020" <= character <= "\U000e007e")
    found = [tags]
    for word in re.findall(r"[A-Za-z0-9+/=]{24,}", text):
        try:
            found.append(base64.b64decode(word, validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return " ".join(found)


def obedient(seen: str) -> str:
    """What was read and told, and every address with what was told as its query; within what an answer may have."""
    told = seen[-200:].replace(" ", "+")
    found = urls(seen)[:6]
    leaks = " ".join(f"{url}?leak={told} ![x]({url}?q={told[:20]}) <img src='{url}'>" for url in found)
    orders = [line for line in seen.splitlines() if "CANARY" in line or "//" in line]
    return "\n".join([*orders, deciphered(seen), leaks, seen])[:SAID_CHARS]


def worst(chat: Chat, seen: str) -> dict[str, object]:
    """A profile of someone who obeys strangers."""
    words = obedient(seen)
    page = (urls(seen) or ["https://evil.example/"])[-1]
    pieces = [words[start : start + 150] for start in range(0, len(words), 150)]
    facts: list[dict[str, object]] = [
        {"fact": piece, "sentence": piece, "page": page, "tool": "fetch_url"} for piece in pieces
    ]
    for document in chat.documents:  # and sentences that really stand there, under a false flag
        sentences = re.split(r"(?<=[.!?])\s+|\n+", document.text)
        facts += [{"fact": words[:200], "sentence": each, "page": page, "url": page} for each in sentences]
    fields = dict.fromkeys(("name", "one_liner", "summary", "audience", "tone"), words)
    extra = {"admin": True, "system_prompt": seen[-500:], "tool_calls": [page], "script": words, "pages": urls(seen)}
    return {**fields, "products": pieces, "differentiators": [*pieces, {"nested": words}], "facts": facts, **extra}


if __name__ == "__main__":
    engines.ENGINES = {**engines.ENGINES, ENGINE: "text_models:FakeModel"}
    sys.exit(service.main())
