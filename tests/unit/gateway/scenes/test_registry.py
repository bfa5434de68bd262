import asyncio

import pytest

import gateway.scenes.registry as module
from gateway.scenes.registry import KEPT_S, SceneRegistry
from troupe.wire.errors import Cancelled, Draining, EngineFailed, InvalidArgument, UnknownScene


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def kinds(scene, after=0) -> list[str]:
    return [event.kind async for event in scene.follow(after)]


async def test_a_late_listener_hears_everything() -> None:
    scene = SceneRegistry().open("me")
    scene.tell("scene")
    scene.stage("first_audio")
    scene.stage("first_audio")
    scene.tell("end", ok=True)
    assert await kinds(scene) == ["scene", "stage", "end"]
    assert await kinds(scene, after=2) == ["end"]


async def test_a_live_listener_hears_as_it_happens() -> None:
    scene = SceneRegistry().open("me")
    following = scene.follow()
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    scene.tell("words", words=["a"])
    assert (await waiting).data == {"words": ["a"]}
    scene.fail(EngineFailed("broke", engine="x"))
    rest = [event async for event in following]
    assert rest[0].data == {"code": "engine_failed", "message": "broke", "details": {"engine": "x"}}
    assert rest[1].data["ok"] is False


async def test_several_listeners_hear_the_same() -> None:
    scene = SceneRegistry().open("me")
    listening = [asyncio.ensure_future(kinds(scene)) for _ in range(3)]
    await asyncio.sleep(0)
    for number in range(5):
        scene.tell(f"e{number}")
        await asyncio.sleep(0)
    scene.tell("end")
    assert await asyncio.gather(*listening) == [["e0", "e1", "e2", "e3", "e4", "end"]] * 3


def test_an_ended_scene_takes_nothing_more() -> None:
    scene = SceneRegistry().open("me")
    scene.tell("end", ok=True)
    scene.fail(Cancelled("too late"))
    assert [event.kind for event in scene.events] == ["end"]


def test_a_scene_belongs_to_its_key() -> None:
    registry = SceneRegistry()
    scene = registry.open("me")
    assert registry.get(scene.scene_id, "me") is scene
    for scene_id, owner in ((scene.scene_id, "you"), ("scn_none", "me")):
        with pytest.raises(UnknownScene):
            registry.get(scene_id, owner)


def test_cancelling_stops_the_work_once() -> None:
    registry = SceneRegistry()
    scene, other = registry.open("me"), registry.open("me")
    stopped = []
    scene.cancel()  # nothing to stop yet
    scene.on_cancel(stopped.append)
    scene.cancel()
    other.on_cancel(stopped.append)
    other.tell("end")
    registry.cancel_all(Draining("going"))
    assert [type(error) for error in stopped] == [Cancelled, Draining]


def test_ended_scenes_are_forgotten_after_a_while() -> None:
    clock = Clock()
    registry = SceneRegistry(clock)
    old, running = registry.open("me"), registry.open("me")
    old.tell("end")
    clock.now += KEPT_S + 1
    registry.open("me")
    with pytest.raises(UnknownScene):
        registry.get(old.scene_id, "me")
    assert registry.get(running.scene_id, "me") is running


def test_number_and_length_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_SCENES", 3)
    monkeypatch.setattr(module, "MAX_EVENTS", 4)
    registry = SceneRegistry()
    first = registry.open("me")
    for _ in range(3):
        registry.open("me")
    assert len(registry.running()) == 3
    with pytest.raises(UnknownScene):
        registry.get(first.scene_id, "me")
    for _ in range(10):
        first.tell("words")
    first.tell("end")
    assert [event.kind for event in first.events] == ["words"] * 4 + ["end"]


def test_stage_times_count_from_the_start() -> None:
    clock = Clock()
    scene = SceneRegistry(clock).open("me")
    clock.now = 0.25
    scene.stage("first_audio")
    assert scene.stages == {"first_audio": 250}


def test_the_events_of_ended_scenes_are_bounded_together(monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT_EVENTS", 10)
    registry = SceneRegistry()
    scenes = [registry.open("me") for _ in range(4)]
    for scene in scenes[:3]:
        for _ in range(4):
            scene.tell("words")
        scene.tell("end")
    registry.open("me")
    with pytest.raises(UnknownScene):
        registry.get(scenes[0].scene_id, "me")
    for scene in scenes[1:]:
        assert registry.get(scene.scene_id, "me") is scene


def test_a_caller_may_choose_the_id_once() -> None:
    registry, chosen = SceneRegistry(), "scn_0123456789abcdef01234567"
    assert registry.open("me", chosen).scene_id == chosen
    with pytest.raises(InvalidArgument, match="is taken"):
        registry.open("you", chosen)


@pytest.mark.parametrize("none", ["scn_1", "1" * 24, "scn_" + "G" * 24, "scn_" + "a" * 25, "../scn_"])
def test_an_id_that_is_none_is_refused(none) -> None:
    with pytest.raises(InvalidArgument, match="24 random hexadecimal digits"):
        SceneRegistry().open("me", none)
