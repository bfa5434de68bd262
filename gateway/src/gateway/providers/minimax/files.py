"""MiniMax's Files API, as far as clones and films need it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gateway.providers.minimax.client import Asking
from gateway.providers.minimax.desk import Desk
from gateway.providers.minimax.replies import Empty, FileEntry, FileList, FileReply
from troupe.wire.errors import EngineFailed, TroupeError

log = logging.getLogger(__name__)
UPLOAD_S = 120.0
VOICE_CLONE = "voice_clone"


async def upload(desk: Desk, name: str, data: bytes, purpose: str = VOICE_CLONE) -> str:
    """Store a file; gives its id."""
    asking = Asking("/v1/files/upload", form={"purpose": purpose}, file=(name, data), first_s=UPLOAD_S)
    return (await desk.client.ask(asking, FileReply)).file.file_id


async def list_files(desk: Desk, purpose: str) -> Sequence[FileEntry]:
    """The account's files of that purpose."""
    asking = Asking("/v1/files/list", method="GET", params={"purpose": purpose}, first_s=desk.first_s)
    return (await desk.client.ask(asking, FileList)).files


async def retrieve(desk: Desk, file_id: str) -> FileEntry:
    """What is known of a file, with the address to fetch it from."""
    asking = Asking("/v1/files/retrieve", method="GET", params={"file_id": file_id}, first_s=desk.first_s)
    return (await desk.client.ask(asking, FileReply)).file


async def download_url(desk: Desk, file_id: str) -> str:
    """Where to fetch a file."""
    entry = await retrieve(desk, file_id)
    if not entry.download_url:
        raise EngineFailed("MiniMax named no address for the file it made.")
    return entry.download_url


async def delete(desk: Desk, file_id: str, purpose: str = VOICE_CLONE) -> None:
    """Forget a file."""
    number = int(file_id) if file_id.isdecimal() else file_id
    body = {"file_id": number, "purpose": purpose}
    await desk.client.ask(Asking("/v1/files/delete", body, first_s=desk.first_s), Empty)


async def tidy(desk: Desk, file_id: str) -> None:
    """Forget a file that is not needed any more; MiniMax does so itself after seven days."""
    try:
        await delete(desk, file_id)
    except TroupeError as error:
        log.info("a file stays at MiniMax for seven days: %s", error.message)
