"""What goes wrong with Microsoft's endpoint -> the leaves of the error tree, each with what to do.

The detail `reason` tells them apart for programs. A connection that fails is `EngineFailed` and not `CannotConnect`:
of a service, that one says that the service itself cannot be reached.
"""

from __future__ import annotations

from http import HTTPStatus

import aiohttp
from edge_tts import exceptions as edge

from troupe.wire.errors import DeadlineExceeded, EngineFailed, Overloaded, TroupeError, UnsupportedLanguage

CAUGHT = (edge.EdgeTTSException, aiohttp.ClientError, OSError, ValueError, LookupError, TypeError)
"""What edge-tts raises: its own errors, those of the network, and those of a reply it cannot take apart."""

_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_RETRY_AFTER_S = 5.0  # where the reply does not say it
_UPGRADE = "python -m pip install --upgrade edge-tts"


def failure(error: Exception, voice_id: str) -> TroupeError:
    """The leaf for one of `CAUGHT`."""
    match error:
        case edge.NoAudioReceived():
            return no_audio(voice_id)
        case edge.SkewAdjustmentError():
            return _refused("and did not say what time it is there")
        case aiohttp.ClientResponseError():
            return _status(error)
        case TimeoutError():  # also aiohttp's own, of the connection
            return too_slow("did not take the connection")
        case aiohttp.ClientConnectionError() | OSError():
            return _unreachable(error)
    return _unknown(error)


def _unknown(error: Exception) -> EngineFailed:
    return EngineFailed(
        f"Microsoft answered in a way that is not known here ({type(error).__name__}: {error})."
        f" A newer edge-tts may know it. Run: {_UPGRADE}",
        reason="unknown_reply",
        remedy=_UPGRADE,
    )


def no_audio(voice_id: str) -> UnsupportedLanguage:
    """The endpoint took the text and gave no sound."""
    return UnsupportedLanguage(
        f"Microsoft gave no sound for {voice_id} and this text: the voice was retired, or it does not read this"
        " language. Choose another voice of GET /voices.",
        reason="no_audio",
        voice_id=voice_id,
    )


def too_slow(what: str) -> DeadlineExceeded:
    """The endpoint did not do that in time."""
    return DeadlineExceeded(f"Microsoft's endpoint {what} in time. Try again, or another engine.", reason="too_slow")


def cut_off() -> EngineFailed:
    """The connection ended before the utterance did."""
    return EngineFailed("Microsoft cut the connection off in the middle of a sentence. Try again.", reason="cut_off")


def _status(error: aiohttp.ClientResponseError) -> TroupeError:
    if error.status in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}:
        return _refused(f"({error.status}), also with its own time in the token")
    if error.status in _BUSY:
        message = f"Microsoft's endpoint is busy or down ({error.status}). Try again later, or another engine."
        return Overloaded(message, retry_after_s=_retry_after_s(error), reason="unavailable")
    return EngineFailed(f"Microsoft's endpoint answered {error.status} {error.message}.", reason="unknown_reply")


def _refused(how: str) -> EngineFailed:
    return EngineFailed(
        f"Microsoft refused the connection {how}. Its tokens change now and then, and a newer edge-tts follows; it"
        f" also refuses some addresses of data centres. Run: {_UPGRADE}",
        reason="refused",
        remedy=_UPGRADE,
    )


def _retry_after_s(error: aiohttp.ClientResponseError) -> float:
    told = error.headers.get("Retry-After", "") if error.headers is not None else ""
    return float(told) if told.isdigit() else _RETRY_AFTER_S


def _unreachable(error: Exception) -> EngineFailed:
    why = f"{error.host}: {error.os_error}" if isinstance(error, aiohttp.ClientConnectorError) else str(error)
    return EngineFailed(
        f"Cannot connect to Microsoft's speech endpoint ({why}). Check the network, the firewall (wss, port 443) and"
        " TROUPE_SPEECH_EDGE_PROXY, or choose an engine that needs no network.",
        reason="cannot_connect",
    )
