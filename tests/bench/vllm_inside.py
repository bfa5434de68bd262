"""vLLM driven in its own process, as the other ways of `make bench-vllm` are compared with: a line in, a line out.

`python -m tests.bench.vllm_inside WORD...`: arguments of `vllm serve`. Each line of standard input is JSON (streams,
tokens); the answer is JSON (seconds, first token, processor time of this process).
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time

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


async def main() -> None:
    """Load, say so, answer lines until there are no more."""
    vllm = await asyncio.to_thread(Vllm.load, parsed(sys.argv[1:]))
    print(json.dumps({"ready": True}), flush=True)
    for round_ in range(1_000):
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            break
        order = json.loads(line)
        began, used = time.monotonic(), time.process_time()
        firsts = await asyncio.gather(
            *(
                stream(vllm, f"{round_}-{number}", f"{number}. {order['prompt']}", order["tokens"])
                for number in range(order["streams"])
            )
        )
        told = {"s": time.monotonic() - began, "first_s": statistics.median(firsts)}
        print(json.dumps(told | {"cpu_s": time.process_time() - used}), flush=True)
    await asyncio.to_thread(vllm.engine.shutdown)


if __name__ == "__main__":
    asyncio.run(main())
