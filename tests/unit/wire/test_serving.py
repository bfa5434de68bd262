from __future__ import annotations

import logging

import pytest

from troupe.wire.serving import announce, parse_announcement


def test_an_announcement_is_read_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    announce("speech", {"grpc": "127.0.0.1:1", "http": "127.0.0.1:2"})
    line = f"12:00:00 INFO speech: {caplog.messages[0]}"
    assert parse_announcement(line) == {"service": "speech", "grpc": "127.0.0.1:1", "http": "127.0.0.1:2"}


def test_other_lines_are_no_announcements() -> None:
    assert parse_announcement("engine espeak is ready") is None
