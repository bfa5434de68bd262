"""`openai`: any server that speaks OpenAI's chat completions: vLLM, SGLang, llama-server, Ollama, NIM.

- `kinds` tells which server it is, when it is first reached, and what that kind can do: declared, never tried out on a
  caller's request.
- `request` writes a chat in that kind's dialect, `stream` cuts its bytes into events, `reply` reads them as deltas.
- `connection` holds the one session; `refusal` says what its refusals mean; `pulse` beats while the server lives.
"""
