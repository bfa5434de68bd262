"""The chats about a company's pages: what a model is told, and what its answer must be.

What the pages say is in `documents` and never in a message. Nothing here is secret, and there are no tools: a page that
talks the model into something gets nothing but words in the profile's fields, which are judged all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import orjson

from gateway.routing.capability import primary
from gateway.scenes.languages import name_of
from gateway.scenes.research.profile import NAME, schema
from gateway.scenes.text import ChatOrder
from troupe.v1.text_pb2 import ROLE_SYSTEM, ROLE_USER, ChatRequest, Document

_CODE = re.compile(r"[a-z]{2,3}")
PROFILE_TOKENS = 1_600
SCRIPT_TOKENS = 400
SCRIPT_WORDS = (75, 150)
"""What a presenter says in 30 to 60 s."""
TEMPERATURE = 0.2  # facts, not fancy
PROFILE = (
    "You read pages of a company's website and write down what they say about the company. Use only what stands in the "
    "documents; leave a field empty ('' or []) rather than guess. one_liner: one sentence that says what the company "
    "does. summary: three to five sentences. products, differentiators: short phrases. audience: who it is for. tone: "
    "how the pages speak, in two or three words. facts: statements with a number, a date, a place or a name; for each "
    "the `sentence` of a document that says it, copied letter by letter, and the `page`, which is that document's "
    "address. No addresses of web pages anywhere else, no markup. Write in {language}, except in `sentence`."
)
SCRIPT = (
    "You write what a presenter says to the camera about a company: {least} to {most} words in plain spoken sentences, "
    "beginning with the company's name and what it does. Use only what stands in the documents. No headings, lists, "
    "stage directions, markup, emoji or web addresses. Write in {language}. Answer with the words to be spoken alone."
)


def profile_order(base: ChatOrder, documents: Sequence[Document], language: str) -> ChatOrder:
    """The chat whose answer is the profile; `base` says for whom, by which rungs."""
    request = _about(base, documents, PROFILE.format(language=_named(language)), "Describe the company.")
    request.sampling.max_tokens = PROFILE_TOKENS
    form = request.response_format
    form.type, form.name, form.strict = "json_schema", NAME, True
    form.json_schema = orjson.dumps(schema([document.url for document in documents])).decode()
    return replace(base, request=request)


def presenter_order(base: ChatOrder, documents: Sequence[Document], language: str) -> ChatOrder:
    """The chat whose answer a presenter speaks in 30 to 60 s, as plain text; it may be streamed and resumed."""
    least, most = SCRIPT_WORDS
    told = SCRIPT.format(least=least, most=most, language=_named(language))
    request = _about(base, documents, told, "Write the presenter's words about this company.")
    request.sampling.max_tokens = SCRIPT_TOKENS
    return replace(base, request=request)


def _about(base: ChatOrder, documents: Sequence[Document], told: str, asked: str) -> ChatRequest:
    request = ChatRequest()
    request.CopyFrom(base.request)
    request.documents.extend(documents)
    request.messages.add(role=ROLE_SYSTEM).content.add(text=told)
    request.messages.add(role=ROLE_USER).content.add(text=asked)
    request.sampling.temperature = TEMPERATURE
    request.reasoning = "off"
    return request


def _named(language: str) -> str:
    code = primary(language)
    if not _CODE.fullmatch(code):  # what a page calls its language may be anything
        return "the language of the documents"
    return name_of(code) or f'the language "{code}"'
