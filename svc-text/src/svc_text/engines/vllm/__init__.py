"""`vllm`: a model on one or more graphics cards, by vLLM's AsyncLLM in this process; its engine core is vLLM's own.

- `words` writes the settings as arguments of `vllm serve`; `adapter` is the one file that imports what moves in vLLM.
- `request` writes a chat as vLLM takes it, `reply` reads its steps as deltas.
- `life` loads, watches and ends it; `facts` tells what it can do.
"""
