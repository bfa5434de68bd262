"""Talking to Hugging Face, GitHub, a mirror of them, or any web server that holds a file.

The hub answers `/resolve/` with a redirect to its storage and tells of the file itself in headers (facts from
huggingface_hub's `file_download.py`): X-Linked-Etag is the sha256 of what is stored, X-Linked-Size its bytes,
X-Error-Code says which kind of refusal a 401, 403 or 404 is. The token goes to the hub and never to its storage.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from troupe.weights.source import HUB, HUB_MIRROR, Source
from troupe.wire.errors import CannotConnect, CheckpointNotFound, PermissionDenied, TroupeError, Unauthenticated

CONNECT_S = 10.0
SILENCE_S = 30.0  # a server that sends nothing for so long is left
MOST_HOPS = 8
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LINKED = frozenset({"x-linked-size", "x-linked-etag"})


@dataclass(frozen=True, slots=True)
class Told:
    """What a server says of a file. `sha256` is empty where it tells none."""

    size: int  # bytes
    sha256: str
    version: str  # changes with the content: its ETag, or its date


class Broken(Exception):
    """The transfer broke off; trying again makes sense."""


class Hub:
    """One client for all requests of a fetch."""

    def __init__(self, endpoint: str = HUB, token: str = "") -> None:
        self._origin = _origin(endpoint)
        self._token = token
        self._client = httpx.Client(
            timeout=httpx.Timeout(SILENCE_S, connect=CONNECT_S),
            # No compression: a resumed transfer counts the bytes of the file itself.
            headers={"Accept-Encoding": "identity", "User-Agent": "troupe"},
        )

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def ask(self, source: Source) -> Told:
        """Size and checksum of the file.

        Raises `CannotConnect`, `PermissionDenied` (gated), `Unauthenticated` (a token that is refused) or
        `CheckpointNotFound`, each with what to do.
        """
        url, linked = source.url, dict[str, str]()
        for _ in range(MOST_HOPS):
            response = self._head(url, source)
            linked = linked or {name: value for name, value in response.headers.items() if name in _LINKED}
            if len(linked) == len(_LINKED) or not response.has_redirect_location:
                return _told(source, dict(response.headers) | linked)
            url = urljoin(url, response.headers["location"])
        raise CheckpointNotFound(f"{source.url} leads from one address to the next, {MOST_HOPS} times and more.")

    def receive(self, source: Source, start: int) -> Iterator[tuple[int, bytes]]:
        """The file's bytes from `start` on, each piece with its position: 0 where the server begins anew.

        Raises `Broken` for what may pass, and the errors of `ask` for what will not.
        """
        headers = self._credentials(source.url) | ({"Range": f"bytes={start}-"} if start else {})
        try:
            # A redirect to another origin loses the Authorization header: httpx sees to it.
            with self._client.stream("GET", source.url, headers=headers, follow_redirects=True) as response:
                position = _position(response, source, start)
                for piece in response.iter_raw():  # as it comes: whole chunks would be lost when it breaks off
                    yield position, piece
                    position += len(piece)
        except httpx.TransportError as error:
            raise Broken(str(error) or type(error).__name__) from error

    def _head(self, url: str, source: Source) -> httpx.Response:
        try:
            response = self._client.head(url, headers=self._credentials(url))
        except httpx.TransportError as error:
            raise _unreachable(url, source, error) from error
        if response.is_error:
            raise refusal(response, source)
        return response

    def _credentials(self, url: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token and _origin(url) == self._origin else {}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _told(source: Source, headers: Mapping[str, str]) -> Told:
    size = headers.get("x-linked-size") or headers.get("content-length") or ""
    if not size.isdigit() or not int(size):
        raise CheckpointNotFound(
            f"The server of {source.url} does not say how large the file is: it cannot be fetched."
        )
    etag = (headers.get("x-linked-etag") or headers.get("etag") or headers.get("last-modified") or "").strip()
    linked = headers.get("x-linked-etag", "").removeprefix("W/").strip('"').lower()
    return Told(int(size), linked if _SHA256.fullmatch(linked) else "", etag)


def content_of(source: Source, told: Told) -> str:
    """What stands for the content: its checksum, or a digest of the address and what changes with the content."""
    known = source.sha256 or told.sha256
    return known or hashlib.sha256(f"{source.url}\n{told.version}\n{told.size}".encode()).hexdigest()


def _position(response: httpx.Response, source: Source, start: int) -> int:
    """Where the body begins in the file; raises for an answer that has no body of use."""
    status = response.status_code
    if status == httpx.codes.PARTIAL_CONTENT:
        told = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
        if told is None or int(told[1]) != start:
            raise Broken("the server sent another range than asked for")
        return start
    if status == httpx.codes.OK:
        return 0
    if status in {408, 416, 425, 429} or status >= 500 or _origin(str(response.url)) != _origin(source.url):
        raise Broken(f"{response.url.host} answered {status}")  # of the storage: a new redirect may mend it
    raise refusal(response, source)


def refusal(response: httpx.Response, source: Source) -> TroupeError:
    """The error of an answer that is none."""
    status, code = response.status_code, response.headers.get("x-error-code", "")
    if source.mirror != HUB_MIRROR and status in {401, 403, 429}:
        return CannotConnect(
            f"{response.url.host} refuses {source.url} ({status}); it may be asked too often from here. Try again in "
            f"an hour{_or_mirror(source)}."
        )
    if code == "GatedRepo" or (status == 403 and not code):
        return PermissionDenied(
            f"{source.page} is gated: its licence has to be accepted first. Accept it on that page with an account of "
            f"Hugging Face, make a token ({HUB}/settings/tokens), and run HF_TOKEN=... {source.command}"
        )
    if status in {401, 403} and code != "RepoNotFound":
        return Unauthenticated(f"{source.page} does not accept HF_TOKEN ({status}). Set a valid one, or unset it.")
    if status in {401, 403, 404, 410}:
        what = "There is no such repository, or it is private" if code == "RepoNotFound" else "There is no such file"
        return CheckpointNotFound(f"{what}: {source.url}. See {source.page}")
    return CannotConnect(f"{response.url.host} answered {status} for {source.url}. Try again later.")


def _unreachable(url: str, source: Source, error: httpx.TransportError) -> CannotConnect:
    reason = str(error) or type(error).__name__
    return CannotConnect(
        f"{urlsplit(url).hostname} cannot be reached: {reason}. Without a network: fetch {source.url} on another "
        f"machine and put it into the folder of {source.setting} as {source.file}. Behind a proxy set HTTPS_PROXY"
        f"{_or_mirror(source)}."
    )


def _or_mirror(source: Source) -> str:
    return f"; {source.mirror} names a mirror" if source.mirror else ""
