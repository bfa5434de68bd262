"""The one file that imports vLLM. AsyncLLM, its arguments and SamplingParams stay; renderers, parsers and the command
line move with every release, so tests/vllm asks for each name here and for what is asked of it.

vLLM is imported when it is first needed, never with this module: that takes seconds and sets up its logging.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from troupe.wire.errors import EngineMissing

MOST_STOPS = 64  # as troupe.wire.chats has it
QUIET: Mapping[str, str] = {
    "VLLM_NO_USAGE_STATS": "1",  # nothing is told to anybody outside
    "VLLM_MAX_STOP_STRINGS": str(MOST_STOPS),  # it takes fewer by itself
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # gRPC does not survive a fork
}
"""What vLLM reads of the environment unless it says otherwise."""
INSTALL = "make vllm"


@dataclass(frozen=True, slots=True)
class Names:
    """What is used of vLLM, by its own names."""

    version: str
    environment: Mapping[str, Any]  # the variables it reads
    AsyncEngineArgs: Any
    AsyncLLM: Any
    ChatCompletionRequest: Any
    FlexibleArgumentParser: Any
    FrontendArgs: Any
    LoRARequest: Any
    OnlineRenderer: Any
    ParserManager: Any
    PoolingParams: Any
    UsageContext: Any
    current_platform: Any
    get_max_tokens: Any
    load_chat_template: Any
    make_arg_parser: Any
    parse_model_prompt: Any
    validate_parsed_serve_args: Any
    client_errors: tuple[type[Exception], ...]  # the request is wrong
    busy_errors: tuple[type[Exception], ...]  # it may come back later
    server_errors: tuple[type[Exception], ...]  # vLLM broke


def require() -> None:
    """Raise `EngineMissing` where vLLM is not installed; tells it without the seconds that its import takes."""
    if importlib.util.find_spec("vllm") is None:
        raise EngineMissing("vLLM is not installed here", remedy=INSTALL)


@cache
def names() -> Names:
    """Import them; raises `EngineMissing` where vLLM is not installed, or is one that has moved them."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return _imported()
    except ImportError as error:
        raise EngineMissing(f"vLLM is not installed here: {error}", remedy=INSTALL) from error


def compute(arguments: Any) -> None:
    """Run the headless workers of this machine; returns when they end."""
    from vllm.entrypoints.cli.serve import ServeSubcommand  # it imports the whole of the HTTP server

    ServeSubcommand.cmd(arguments)


def _imported() -> Names:
    # ruff: noqa: PLC0415
    import vllm
    from vllm import envs, exceptions
    from vllm.entrypoints.launchers.cli_args import FrontendArgs, make_arg_parser, validate_parsed_serve_args
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.entrypoints.serve.utils.api_utils import get_max_tokens
    from vllm.lora.request import LoRARequest
    from vllm.parser import ParserManager
    from vllm.platforms import current_platform
    from vllm.renderers.chat_utils import load_chat_template
    from vllm.renderers.inputs.preprocess import parse_model_prompt
    from vllm.renderers.online_renderer import OnlineRenderer
    from vllm.usage.usage_lib import UsageContext
    from vllm.utils.argparse_utils import FlexibleArgumentParser
    from vllm.v1.engine.async_llm import AsyncLLM

    return Names(
        version=vllm.__version__,
        environment=envs.environment_variables,
        AsyncEngineArgs=vllm.AsyncEngineArgs,
        AsyncLLM=AsyncLLM,
        ChatCompletionRequest=ChatCompletionRequest,
        FlexibleArgumentParser=FlexibleArgumentParser,
        FrontendArgs=FrontendArgs,
        LoRARequest=LoRARequest,
        OnlineRenderer=OnlineRenderer,
        ParserManager=ParserManager,
        PoolingParams=vllm.PoolingParams,
        UsageContext=UsageContext,
        current_platform=current_platform,
        get_max_tokens=get_max_tokens,
        load_chat_template=load_chat_template,
        make_arg_parser=make_arg_parser,
        parse_model_prompt=parse_model_prompt,
        validate_parsed_serve_args=validate_parsed_serve_args,
        client_errors=(exceptions.VLLMClientError, ValueError, TypeError),
        busy_errors=(exceptions.GracefulHTTPError,),
        server_errors=(exceptions.VLLMServerError,),
    )
