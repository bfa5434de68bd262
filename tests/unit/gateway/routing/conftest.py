"""A clock that a test sets, for routing's parts."""

import pytest


class Clock:
    """Virtual seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def after(self, seconds) -> None:
        self.now = round(self.now + seconds, 9)


@pytest.fixture
def clock():
    return Clock()
