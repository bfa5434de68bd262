"""Calls tools of minimax-mcp over MCP's stdio: runs in the clients' own Python, started by `test_minimax_mcp`.

Standard input: [[tool, arguments], ...] as JSON; standard output: what each said, as a JSON list of texts.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from mcp.client.client import Client  # type: ignore[import-not-found]  # lives in the clients' environment
from mcp.client.stdio import StdioServerParameters  # type: ignore[import-not-found]  # as above

SESSION_S = 50


async def session(calls: list[tuple[str, dict[str, object]]]) -> list[str]:
    """One session with the real server process; the texts that its tools gave."""
    command = str(Path(sys.executable).with_name("minimax-mcp"))
    env = {name: value for name, value in os.environ.items() if name.startswith("MINIMAX_")}
    texts = []
    async with asyncio.timeout(SESSION_S), Client(StdioServerParameters(command=command, env=env)) as client:
        for tool, arguments in calls:
            result = await client.call_tool(tool, arguments)
            texts.append("".join(block.text for block in result.content))
    return texts


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(session(json.load(sys.stdin)))))
