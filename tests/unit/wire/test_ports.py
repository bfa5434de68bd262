from __future__ import annotations

import os

import pytest

from troupe.wire.errors import PortTaken
from troupe.wire.ports import claim


def test_a_taken_port_names_the_port_its_holder_and_the_setting() -> None:
    first = claim("127.0.0.1", 0, "A_PORT")
    port = first.getsockname()[1]
    try:
        with pytest.raises(PortTaken) as caught:
            claim("127.0.0.1", port, "B_PORT")
    finally:
        first.close()
    assert str(port) in caught.value.message
    assert f"process {os.getpid()}" in caught.value.message
    assert "B_PORT" in caught.value.message


def test_a_port_is_free_again_once_closed() -> None:
    first = claim("127.0.0.1", 0, "A_PORT")
    port = first.getsockname()[1]
    first.close()
    claim("127.0.0.1", port, "A_PORT").close()


def test_an_address_of_another_machine_is_an_error_with_the_setting() -> None:
    with pytest.raises(PortTaken, match="Change A_PORT"):
        claim("192.0.2.1", 0, "A_PORT")
