"""Tasks: what is made in the background. Each query moves one on by a state, so that tests need no clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from .replies import MESSAGES, Refused
from .script import Behaviour
from .world import Task, World


def new_task(request: Request, kind: str, model: str, finish: Callable[[], Any]) -> Task:
    """A task that goes as the options say, or as the script wants this one to go."""
    world: World = request.app.state.world
    behaviour: Behaviour = request.scope["behaviour"]
    states = behaviour.states if behaviour.states is not None else world.options.states
    code = behaviour.base_resp or (1027 if behaviour.end == "Fail" else 0)
    task = Task(
        task_id=str(world.new_id()),
        kind=kind,
        model=model,
        states=list(states),
        finish=finish,
        end=behaviour.end or "Success",
        code=code,
        message=behaviour.message or MESSAGES.get(code, "success"),
        created_at=world.now(),
    )
    world.tasks[task.task_id] = task
    return task


def task_of(request: Request, task_id: str, kind: str) -> Task:
    """The task of that id; 2013 if there is none."""
    world: World = request.app.state.world
    task = world.tasks.get(task_id)
    if task is None or task.kind != kind:
        raise Refused(2013, f"unknown task_id '{task_id}'", 404 if kind == "video_v2" else None)
    return task
