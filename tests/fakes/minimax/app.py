"""The fake as one ASGI application: MiniMax's endpoints, and `/_script` and `/_seen` beside them."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from . import anthropic, chat, files, models, speech, video, video_v2, voices
from .replies import Refused, error_reply, trace_of
from .script import Behaviour
from .stage import Stage
from .world import Options, World

ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/chat/completions", chat.completions),
    ("POST", "/v1/text/chatcompletion_v2", chat.native_chat),
    ("GET", "/v1/models", models.list_models),
    ("GET", "/v1/models/{model}", models.one_model),
    ("POST", "/anthropic/v1/messages", anthropic.messages),
    ("POST", "/anthropic/v1/messages/count_tokens", anthropic.count_tokens),
    ("GET", "/anthropic/v1/models", models.anthropic_models),
    ("GET", "/anthropic/v1/models/{model}", models.one_anthropic_model),
    ("POST", "/v1/t2a_v2", speech.t2a),
    ("POST", "/v1/t2a_async_v2", speech.create_async),
    ("GET", "/v1/query/t2a_async_query_v2", speech.query_async),
    ("POST", "/v1/files/upload", files.upload),
    ("GET", "/v1/files/list", files.list_files),
    ("GET", "/v1/files/retrieve", files.retrieve),
    ("GET", "/v1/files/retrieve_content", files.retrieve_content),
    ("POST", "/v1/files/delete", files.delete),
    ("POST", "/v1/files", files.upload),
    ("GET", "/v1/files", files.list_files),
    ("DELETE", "/v1/files", files.delete_by_path),
    ("DELETE", "/v1/files/{file_id}", files.delete_by_path),
    ("POST", "/v1/voice_clone", voices.clone),
    ("POST", "/v1/get_voice", voices.get_voice),
    ("POST", "/v1/delete_voice", voices.delete_voice),
    ("POST", "/v1/voice_design", voices.design),
    ("POST", "/v1/video_generation", video.create),
    ("GET", "/v1/query/video_generation", video.query),
    ("POST", "/v2/video_generation", video_v2.create),
    ("GET", "/v2/query/video_generation/{task_id}", video_v2.query),
    ("GET", "/v2/query/video_generation", video_v2.list_tasks),
    ("DELETE", "/v2/video_generation/{task_id}", video_v2.delete),
    ("GET", "/cdn/{file_id:int}/{name}", files.download),
)


def make_app(options: Options | None = None, world: World | None = None) -> Stage:
    """A fake of its own; two apps share nothing. `.world` is its state."""
    world = world or World(options or Options())
    routes = [Route(path, endpoint, methods=[method]) for method, path, endpoint in ROUTES]
    routes += [
        Route("/_script", script, methods=["GET", "POST", "DELETE"]),
        Route("/_seen", seen, methods=["GET", "DELETE"]),
    ]
    app = Starlette(routes=routes, exception_handlers={Refused: refuse, 404: nothing_here})
    app.state.world = world
    return Stage(app, world)


async def refuse(request: Request, error: Exception) -> Response:
    """An endpoint said no: in the dialect of its path."""
    assert isinstance(error, Refused)  # starlette hands over what it is registered for
    return error_reply(request.url.path, error.code, error.message, trace_of(request), error.http_status)


async def nothing_here(request: Request, error: Exception) -> Response:
    """As the cloud's own router says it."""
    del request, error
    return PlainTextResponse("404 page not found", 404)


async def script(request: Request) -> Response:
    """GET what waits; POST a behaviour or a list of them; DELETE all."""
    world: World = request.app.state.world
    if request.method == "DELETE":
        world.script.clear()
    if request.method == "POST":
        rows = await request.json()
        try:
            behaviours = [Behaviour.read(row) for row in (rows if isinstance(rows, list) else [rows])]
        except (TypeError, ValueError) as error:
            return PlainTextResponse(f"{error}\n", 400)
        world.script.add(*behaviours)
    return JSONResponse(world.script.report())


async def seen(request: Request) -> Response:
    """GET the counts and the requests; DELETE forgets them."""
    world: World = request.app.state.world
    if request.method == "DELETE":
        world.seen.clear()
    return JSONResponse(world.seen.report())
