from __future__ import annotations

import sys

import pytest

from svc_text.engine import ENGINES, make
from troupe.wire.errors import UnknownEngine


def test_an_unknown_engine_names_the_nearest() -> None:
    with pytest.raises(UnknownEngine, match='Did you mean "echo"'):
        make("ecko")


def test_a_plug_in_is_named_by_module_and_class() -> None:
    assert type(make("svc_text.engines.echo:EchoEngine")) is type(make("echo"))


def test_every_engine_can_be_made() -> None:
    for name in ENGINES:
        assert make(name).facts.version


def test_engines_see_neither_protobuf_nor_grpc() -> None:
    for name in ENGINES:
        make(name)
        module = sys.modules[ENGINES[name].partition(":")[0]]
        assert not {"grpc", "text_pb2", "fastapi"} & set(vars(module))
