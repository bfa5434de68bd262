"""The same meaning everywhere: every behaviour asked of every engine."""

from __future__ import annotations

import pytest
from tests.behaviours import answers, choosing, forms, messages  # noqa: F401  # each fills the table
from tests.behaviours.conftest import SUBJECTS, concerns
from tests.behaviours.subject import Subject
from tests.behaviours.table import BEHAVIOURS, Behaviour, shows

ASKED = [(name, row) for name in SUBJECTS for row in BEHAVIOURS if concerns(name, row.needs)]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("subject", "row"), ASKED, indirect=["subject"], ids=[f"{name}: {row.name}" for name, row in ASKED]
)
async def test_it_behaves_so(subject: Subject, row: Behaviour) -> None:
    await shows(row, subject)


def test_there_are_about_a_hundred_and_each_has_a_name_of_its_own() -> None:
    assert len({row.name for row in BEHAVIOURS}) == len(BEHAVIOURS) >= 100
