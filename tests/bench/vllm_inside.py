"""vLLM driven in its own process, as the other ways of `make bench-vllm` are compared with: a line in, a line out.

`python -m tests.bench.vllm_inside WORD...`: arguments of `vllm serve`. Each line of standard input is JSON (streams,
tokens, times); the answer is JSON (seconds, first token, processor time of this process).
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from itertools import chain
from typing import Any

from svc_text.engines.vllm.arguments import parsed
from svc_text.engines.vllm.model import Vllm


async def stream(vllm: Vllm, name: str, prompt: str, tokens: int) -> float:
    """Seconds to the first token of one answer, after it has ended."""
    began, first = time.monotonic(), 0.0
    asked = {
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
        "max_completion_tokens": tokens,
        "temperature": 0,
    }
    prepared = await vllm.prepared(asked)
    async for _ in vllm.steps(prepared, name, 0):
        first = first or time.monotonic() - began
    return first


async def streams(vllm: Vllm, order: dict[str, Any], number: int) -> list[float]:
    """The chats of one stream, one after another: seconds to the first token of each."""
    prompt = f"{number}. {order['prompt']}"
    return [
        await stream(vllm, f"{order['round']}-{number}-{time_}", prompt, order["tokens"])
        for time_ in range(order["times"])
    ]


async def main() -> None:
    """Load, say so, answer lines until there are no more."""
    vllm = await asyncio.to_thread(Vllm.load, parsed(sys.argv[1:]))
    gc.collect()
    gc.freeze()  # as the other two do
    print(json.dumps({"ready": True}), flush=True)
    for round_ in range(1_000):
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            break
        order = json.loads(line) | {"round": round_}
        began, used = time.monotonic(), time.process_time()
        firsts = await asyncio.gather(*(streams(vllm, order, number) for number in range(order["streams"])))
        told = {"s": time.monotonic() - began, "first_s": statistics.median(chain.from_iterable(firsts))}
        print(json.dumps(told | {"cpu_s": time.process_time() - used}), flush=True)
    await asyncio.to_thread(vllm.engine.shutdown)


if __name__ == "__main__":
    asyncio.run(main())
