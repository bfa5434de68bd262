"""docs/HTTP.md says what the code does: its JSON fits the models, its tables the routes and the errors."""

import json
import re
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.dialects import replies
from gateway.dialects.avatar_request import AvatarRequest
from gateway.dialects.research import ResearchRequest
from gateway.dialects.subtitles import SubtitlesRequest
from gateway.dialects.text import TextRequest
from gateway.dialects.voice import VoiceRequest
from gateway.dialects.voices import ConsentBody
from gateway.settings import Settings
from troupe.wire.errors import TABLE

DOCS = Path(__file__).parents[4] / "docs"
HTTP = (DOCS / "HTTP.md").read_text(encoding="utf-8")
REQUESTS = (AvatarRequest, ConsentBody, ResearchRequest, SubtitlesRequest, TextRequest, VoiceRequest)
MODELS = {**vars(replies), **{request.__name__: request for request in REQUESTS}}
EXAMPLES = re.findall(r"```json (\w+)\n(.*?)```", HTTP, re.DOTALL)


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_every_example_is_a_reply_of_the_code(name, text) -> None:
    written = json.loads(text)
    parsed = MODELS[name].model_validate(written)
    assert set(written) <= set(type(parsed).model_fields)
    if name.endswith("Reply"):
        assert parsed.model_dump() == written


def test_every_reply_has_an_example() -> None:
    written = {name for name, _ in EXAMPLES}
    nested = {"VoiceReply", "PortraitReply", "ProviderReply", "ChainReply", "LicenceReply", "UsageReply"}
    nested |= {"ProfileReply", "FactReply", "ReadPageReply"}
    all_replies = {name for name in vars(replies) if name.endswith("Reply")}
    assert all_replies - nested == {name for name in written if name.endswith("Reply")}


def test_every_route_is_written_down() -> None:
    app = create_app(Settings.load({}))
    for path in app.openapi()["paths"]:
        assert re.sub(r"\{\w+\}", "ID", path) in HTTP, path


@pytest.mark.parametrize("leaf", TABLE, ids=lambda leaf: leaf.code)
def test_every_error_stands_in_both_tables_under_its_status(leaf) -> None:
    rows = [line for line in HTTP.splitlines() if line.startswith("| ") and f"`{leaf.code}`" in line]
    assert any(str(TABLE[leaf].http) in line.split("|")[1] for line in rows)
    if leaf.code != "port_taken":  # a start that failed: no call ever sees it
        grpc_rows = [line for line in (DOCS / "GRPC.md").read_text().splitlines() if f"`{leaf.code}`" in line]
        assert any(f"`{TABLE[leaf].grpc.name}`" in line for line in grpc_rows)
