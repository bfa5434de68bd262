"""A website on this machine: pages by path, and a list of everything that was asked of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTML = "text/html; charset=utf-8"


@dataclass
class Reply:
    """What one path answers; `location` makes it a redirect."""

    body: bytes = b""
    content_type: str = HTML
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0


@dataclass
class Asked:
    """One request that came."""

    path: str
    headers: dict[str, str]


class Website:
    """Pages may be changed while it runs; what it does not have is 404."""

    def __init__(self, pages: Mapping[str, Reply | str]) -> None:
        self.pages = dict(pages)
        self.asked: list[Asked] = []
        self.leave = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self.server.server_address[1]

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for."""
        return [asked.path for asked in self.asked]

    def answer(self, path: str) -> Reply:
        """The reply to a path."""
        page = self.pages.get(path, Reply(b"no such page", status=404))
        return Reply(page.encode()) if isinstance(page, str) else page

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
                reply = site.answer(self.path)
                site.leave.wait(reply.wait_s)
                self.send_response(reply.status)
                headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))} | reply.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(reply.body)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def website(pages: Mapping[str, Reply | str]):
    """A running one."""
    site = Website(pages)
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.leave.set()
        site.server.shutdown()
        site.server.server_close()
        thread.join(5)
