"""The arguments as vLLM understands them, refused in its own words where it refuses them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any, NoReturn

from svc_text.engines.vllm.adapter import names
from svc_text.engines.vllm.words import check_environment
from troupe.wire.errors import InvalidArgument

HONOURED = frozenset(
    {
        "chat_template",
        "chat_template_content_format",
        "default_chat_template_kwargs",
        "enable_auto_tool_choice",
        "exclude_tools_when_tool_choice_none",
        "lora_modules",
        "tool_call_parser",
        "tool_strict_level",
    }
)
"""Of the arguments that are not the engine's but its HTTP server's, those that mean something here."""
SAID_CHARS = 500


def parsed(words: Sequence[str]) -> Any:
    """A namespace, judged by vLLM's own parser; raises `EngineMissing` without vLLM, `InvalidArgument` for the rest."""
    vllm = names()
    check_environment(os.environ, vllm.environment)
    parser = vllm.make_arg_parser(vllm.FlexibleArgumentParser(prog="vllm serve", add_help=False))
    parser.error = _refuse  # which would end this process
    arguments = parser.parse_args(list(words))
    _refuse_servers(arguments, parser.parse_args([]))
    try:
        vllm.validate_parsed_serve_args(arguments)
        # vLLM would find out once the model is loaded.
        vllm.ParserManager.get_tool_parser(arguments.tool_call_parser, enable_auto_tools=True)
        vllm.ParserManager.get_reasoning_parser(arguments.reasoning_parser)
    except (TypeError, ValueError) as error:
        _refuse(brief(error))
    return arguments


def configured(arguments: Any) -> Any:
    """VLLM's whole configuration (VllmConfig); reads the model's files. Raises `InvalidArgument` in vLLM's words."""
    vllm = names()
    try:
        return vllm.AsyncEngineArgs.from_cli_args(arguments).create_engine_config(
            vllm.UsageContext.OPENAI_API_SERVER, headless=arguments.headless
        )
    except (ValueError, TypeError, OSError, RuntimeError, AssertionError) as error:
        raise InvalidArgument(f"vLLM cannot run {arguments.model} so: {brief(error)}. Correct its settings.") from error


def brief(error: BaseException) -> str:
    """The first thing that an exception of vLLM's or pydantic's says, on one line, without its full stop."""
    told = getattr(error, "errors", None)
    if callable(told) and (rows := told()):
        where = ".".join(str(part) for part in rows[0].get("loc", ()))
        said = f"{where}: {rows[0]['msg']}".removeprefix(": ")
    else:
        said = str(error.args[0]) if error.args else type(error).__name__
    return " ".join(said.split())[:SAID_CHARS].rstrip(".")


def _refuse(message: str) -> NoReturn:
    why = " ".join(message.split()).removesuffix(".")
    raise InvalidArgument(f"vLLM refuses its arguments: {why}. Correct the TROUPE_TEXT_VLLM_... settings.")


def _refuse_servers(arguments: Any, usual: Any) -> None:
    """Arguments of vLLM's HTTP server would be taken and mean nothing."""
    for field in dataclasses.fields(names().FrontendArgs):
        if field.name not in HONOURED and getattr(arguments, field.name) != getattr(usual, field.name):
            _refuse(f"--{field.name.replace('_', '-')} is of its HTTP server, which does not run here")
