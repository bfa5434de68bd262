"""A Hugging Face on loopback: the hub, and on another port the storage that it redirects to. A GitHub too: any path
without `/resolve/` is a file of a release there.

What it says and how follows huggingface_hub's `file_download.py` and the headers that the real one sends: a 302 with
X-Linked-Etag (sha256), X-Linked-Size and X-Repo-Commit; 401 and 403 with X-Error-Code; storage that takes ranges and
only addresses that the hub has signed. Each file can be told to misbehave.
"""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_good"
PIECE = 16 * 1024  # bytes written at once


@dataclass
class File:
    """One file of a repository, and its manners."""

    data: bytes
    sha256: str = ""  # what the hub tells of it; by default the truth
    tells: bool = True  # the hub sends the X-Linked headers
    gated: bool = False  # only for who accepted the licence
    ranges: bool = True  # the storage takes ranges
    cuts: list[int] = field(default_factory=list)  # the next answers of the storage end after so many bytes
    statuses: list[int] = field(default_factory=list)  # the next answers of the storage are these errors
    pace: int = 0  # bytes a second; 0 = as fast as it goes
    surplus: bytes = b""  # sent after the end


@dataclass(frozen=True)
class Seen:
    """One request."""

    where: str  # "hub" or "storage"
    method: str
    path: str
    range: str
    authorization: str


class FakeHub:
    """`hub.put("owner/name", "m.gguf", data)`, then fetch from `hub.url`."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.moved: dict[str, str] = {}
        self.accepted: set[str] = set()  # tokens whose owner accepted the licences
        self.seen: list[Seen] = []
        self.signed: dict[str, str] = {}
        self.url = self.storage = ""
        self.limited = False  # GitHub's answer to who asks too often

    def put(self, repository: str, name: str, data: bytes, **manners: object) -> File:
        file = File(data, **manners)  # type: ignore[arg-type]
        file.sha256 = file.sha256 or hashlib.sha256(data).hexdigest()
        self.files[f"{repository}/{name}"] = file
        return file

    def sign(self, key: str) -> str:
        signature = hashlib.sha256(f"{key}{len(self.signed)}".encode()).hexdigest()[:16]
        self.signed[signature] = key
        return f"{self.storage}/blob?Signature={signature}"

    def starts(self) -> list[int]:
        """Where each transfer from the storage was asked to begin."""
        gets = [seen.range for seen in self.seen if (seen.where, seen.method) == ("storage", "GET")]
        return [int(re.sub(r"\D", "", asked)) if asked else 0 for asked in gets]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    where = ""
    hub: FakeHub

    def do_HEAD(self) -> None:
        self._note()
        self.answer()

    def do_GET(self) -> None:
        self._note()
        self.answer()

    def answer(self) -> None:
        raise AssertionError(self.path)

    def _note(self) -> None:
        asked, authorization = self.headers.get("Range", ""), self.headers.get("Authorization", "")
        self.hub.seen.append(Seen(self.where, self.command, self.path, asked, authorization))

    def reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


class _HubHandler(_Handler):
    where = "hub"

    def answer(self) -> None:
        if "/resolve/" in self.path:
            self._as_hub()
        else:
            self._as_github(self.path.lstrip("/"))

    def _as_hub(self) -> None:
        repository, _, rest = self.path.lstrip("/").partition("/resolve/")
        _, _, name = rest.partition("/")
        if repository in self.hub.moved:
            location = self.path.replace(repository, self.hub.moved[repository], 1)
            return self.reply(307, {"Location": location})
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in {"", TOKEN} | self.hub.accepted:
            return self._refuse(401, "", "Invalid credentials in Authorization header")
        if not any(key.startswith(f"{repository}/") for key in self.hub.files):
            return self._refuse(404 if token else 401, "RepoNotFound", "Repository not found")
        file = self.hub.files.get(f"{repository}/{name}")
        if file is None:
            return self._refuse(404, "EntryNotFound", "Entry not found")
        if file.gated and token not in self.hub.accepted:
            return self._refuse(403 if token else 401, "GatedRepo", f"Access to model {repository} is restricted")
        return self.reply(302, self._linked(f"{repository}/{name}", file), b"Found. Redirecting")

    def _as_github(self, key: str) -> None:
        """A file of a release: a redirect to its storage that tells nothing of the file."""
        if self.hub.limited:
            return self.reply(429, {}, b"You have exceeded a secondary rate limit")
        if key not in self.hub.files:
            return self.reply(404, {}, b"Not Found")
        return self.reply(302, {"Location": self.hub.sign(key)})

    def _linked(self, key: str, file: File) -> dict[str, str]:
        told = {"Location": self.hub.sign(key), "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if file.tells:
            told |= {"X-Linked-Size": str(len(file.data)), "X-Linked-Etag": f'"{file.sha256}"'}
        return told

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.reply(status, ({"X-Error-Code": code} if code else {}) | {"X-Error-Message": message})


class _StorageHandler(_Handler):
    where = "storage"

    def answer(self) -> None:
        signature = parse_qs(urlsplit(self.path).query).get("Signature", [""])[0]
        key = self.hub.signed.get(signature, "")
        if key not in self.hub.files:
            return self.reply(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
        file = self.hub.files[key]
        return self.reply(file.statuses.pop(0), {}) if file.statuses else self._send(file)

    def _send(self, file: File) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if file.ranges else None
        start, size = (int(asked[1]) if asked else 0), len(file.data)
        if asked and start >= size:
            self.reply(416, {"Content-Range": f"bytes */{size}"})
            return
        body = file.data[start:] + file.surplus
        headers = {"ETag": f'"{file.sha256[:32]}"', "Content-Length": str(len(body))}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self.reply(206 if asked else 200, headers)
        if self.command != "HEAD":
            self._pour(file, body)

    def _pour(self, file: File, body: bytes) -> None:
        cut = file.cuts.pop(0) if file.cuts else len(body)
        for start in range(0, cut, PIECE):
            self.wfile.write(body[start : min(start + PIECE, cut)])
            if file.pace:
                time.sleep(PIECE / file.pace)
        if cut < len(body):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return  # a client that was killed


@contextmanager
def running() -> Iterator[FakeHub]:
    """A hub and its storage on free ports of loopback, until the end of the block."""
    hub = FakeHub()
    handlers = [type(kind.__name__, (kind,), {"hub": hub}) for kind in (_HubHandler, _StorageHandler)]
    servers = [_Server(("127.0.0.1", 0), handler) for handler in handlers]
    hub.url, hub.storage = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            with suppress(OSError):
                server.server_close()
