"""The same behaviours asked of engine `openai` before vLLM's own server: PROVIDER_VLLM_BASE_URL, for real."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.behaviours import answers, choosing, forms, messages  # noqa: F401  # each fills the table
from tests.behaviours.subject import Subject, ready
from tests.behaviours.table import BEHAVIOURS, Behaviour, shows
from tests.vllm.openai_server import NAME, serving
from tests.vllm.test_behaviours import TOO_MUCH

from svc_text.engine import EngineContext
from svc_text.places import OpenaiPlace

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory):
    with serving(model, tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def subject(server: str) -> AsyncIterator[Subject]:
    async with ready("openai", EngineContext(openai=OpenaiPlace(server))) as desk:
        yield Subject(desk)


async def test_it_is_known_for_what_it_is_and_can(subject: Subject) -> None:
    assert subject.facts.version.startswith("vLLM ")
    assert subject.facts.model == NAME
    assert {"tools", "tool_choice", "json_schema", "n", "logprobs", "continue", "count_tokens"} <= subject.features


@pytest.mark.parametrize("row", BEHAVIOURS, ids=lambda row: row.name)
async def test_vllms_own_server_behaves_so(subject: Subject, row: Behaviour) -> None:
    if row.name in TOO_MUCH:
        pytest.skip(TOO_MUCH[row.name])
    await shows(row, subject)
