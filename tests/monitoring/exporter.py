"""A part that tells whatever a test says: what these tests cannot have for real, vLLM's inside and a card."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Exporter:
    """Gauges and counters by their sample lines' heads: `values['troupe_gpu_memory_bytes{gpu="0"}'] = 80e9`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.values: dict[str, float] = {}

    def render(self) -> bytes:
        """As Prometheus reads it."""
        return "".join(f"{head} {value}\n" for head, value in self.values.items()).encode()


def of_vllm(running: float, waiting: float, used: float) -> dict[str, float]:
    """As vLLM has them among svc-text's metrics; tests/vllm/test_chat.py holds these names against a real one's."""
    labels = '{model_name="llama",engine="0"}'
    names = ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc")
    return {f"{name}{labels}": value for name, value in zip(names, (running, waiting, used), strict=True)}


@contextmanager
def exporter() -> Iterator[Exporter]:
    """One that listens on a free port while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the base class's name
            body = made.render()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads a line per scrape."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Exporter(f"127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
