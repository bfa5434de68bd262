import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.routing.priority import Priority
from gateway.scenes.wishes import Wishes, names_in
from troupe.wire.errors import InvalidArgument, UnknownProvider

TTS, VIDEO, TEXT = Modality.TTS, Modality.VIDEO, Modality.TEXT


@pytest.fixture
def chains(rung, ready_info):
    return {
        TTS: Chain(TTS, [rung("coqui", info=ready_info("xtts")), rung("piper"), rung("minimax")]),
        VIDEO: Chain(VIDEO, [rung("portrait", modality=VIDEO), rung("minimax", modality=VIDEO)]),
        TEXT: Chain(TEXT, []),
    }


def wished(value: str) -> Wishes:
    return Wishes.read({"x-troupe-provider": value})


def test_nothing_wished_is_the_chain_as_it_is(chains) -> None:
    assert Wishes.read({}) == Wishes()
    assert Wishes().rungs(chains, TTS, VIDEO) == {TTS: (), VIDEO: ()}


@pytest.mark.parametrize(
    ("value", "tts", "video"),
    [
        ("piper", ("piper",), ()),
        (" piper , coqui ,", ("piper", "coqui"), ()),
        ("xtts", ("xtts",), ()),
        ("minimax", ("minimax",), ("minimax",)),
        ("minimax,piper,portrait", ("minimax", "piper"), ("minimax", "portrait")),
        ("tts=piper;video=minimax,portrait", ("piper",), ("minimax", "portrait")),
        ("TTS = piper", ("piper",), ()),
        ("minimax;tts=piper", ("piper",), ("minimax",)),
    ],
)
def test_each_name_goes_to_the_chains_that_have_it(chains, value, tts, video) -> None:
    assert wished(value).rungs(chains, TTS, VIDEO) == {TTS: tts, VIDEO: video}


@pytest.mark.parametrize("value", ["pipper", "piper,portrat", "tts=portrait"])
def test_a_name_that_none_has_is_unknown(chains, value) -> None:
    with pytest.raises(UnknownProvider, match="there are"):
        wished(value).rungs(chains, TTS, VIDEO)
    with pytest.raises(UnknownProvider, match='Did you mean "piper"'):
        wished("pipper").rungs(chains, TTS)


def test_a_chain_that_takes_no_part_is_an_error(chains) -> None:
    with pytest.raises(InvalidArgument, match="asks no video provider"):
        wished("video=portrait").rungs(chains, TTS)
    with pytest.raises(InvalidArgument, match="there are text, tts, video"):
        wished("speech=piper")


def test_place_and_urgency() -> None:
    wishes = Wishes.read({"x-troupe-local-only": "True", "x-troupe-priority": " Batch"})
    assert (wishes.local_only, wishes.priority) == (True, Priority.BATCH)
    assert Wishes.read({"x-troupe-local-only": "0", "x-troupe-priority": "live"}) == Wishes()
    for name in ("x-troupe-local-only", "x-troupe-priority"):
        with pytest.raises(InvalidArgument, match=name):
            Wishes.read({name: "maybe"})


def test_names_in_a_field() -> None:
    assert names_in("a, b,,c ") == ("a", "b", "c")
    assert names_in("") == ()
