"""Calls the fake with the SDKs of OpenAI and Anthropic: runs in the clients' own Python, started by `test_sdks`.

Arguments: base URL, key. Standard output: what was found, as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import anthropic  # type: ignore[import-not-found]  # lives in the clients' environment
import openai  # type: ignore[import-not-found]  # as above

ASKED = [{"role": "user", "content": "count to 12"}]
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
CALL = [{"role": "user", "content": 'call look_up {"word": "troupe"}'}]
TIMEOUT_S = 10


def by_openai(url: str, key: str) -> dict[str, Any]:
    """Chat, streams, tools and errors over /v1."""
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, timeout=TIMEOUT_S, max_retries=0)
    split = {"reasoning_split": True}
    whole = client.chat.completions.create(model="MiniMax-M2", messages=ASKED, extra_body=split)
    options = {"stream_options": {"include_usage": True}, "extra_body": split}
    chunks = list(client.chat.completions.create(model="MiniMax-M3", messages=ASKED, stream=True, **options))
    tool = client.chat.completions.create(model="MiniMax-M3", messages=CALL, tools=[TOOL])
    return {
        "whole": whole.choices[0].message.content,
        "thought": whole.choices[0].message.reasoning_content,
        "stream": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
        "ids": len({chunk.id for chunk in chunks}),
        "usage": chunks[-1].usage.completion_tokens,
        "tool": tool.choices[0].message.tool_calls[0].function.arguments,
        "models": [model.id for model in client.models.list()],
        "wrong_model": _error(lambda: client.chat.completions.create(model="gpt-5", messages=ASKED)),
        "wrong_key": _error(client.with_options(api_key="nobody").models.list),
    }


def by_anthropic(url: str, key: str) -> dict[str, Any]:
    """Messages, streams, tools and errors over /anthropic."""
    client = anthropic.Anthropic(base_url=f"{url}/anthropic", api_key=key, timeout=TIMEOUT_S, max_retries=0)
    asked = {"model": "MiniMax-M3", "max_tokens": 100}
    whole = client.messages.create(messages=ASKED, **asked)
    with client.messages.stream(messages=ASKED, thinking={"type": "adaptive"}, **asked) as stream:
        streamed = stream.get_final_message()
    tools = [{"name": "look_up", "input_schema": {"type": "object"}}]
    tool = client.messages.create(messages=CALL, tools=tools, **asked)
    return {
        "whole": whole.content[0].text,
        "stream": [block.type for block in streamed.content] + [streamed.content[-1].text],
        "tool": tool.content[0].input,
        "tokens": client.messages.count_tokens(messages=ASKED, model="MiniMax-M3").input_tokens,
        "models": len(list(client.models.list())),
        "wrong_key": _error(lambda: client.with_options(api_key="nobody").messages.create(messages=ASKED, **asked)),
    }


def _error(call: Any) -> str:
    try:
        call()
    except (openai.APIError, anthropic.APIError) as error:
        return type(error).__name__
    return "none"


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"openai": by_openai(*sys.argv[1:3]), "anthropic": by_anthropic(*sys.argv[1:3])}))
