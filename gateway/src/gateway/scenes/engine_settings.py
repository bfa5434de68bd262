"""An engine's own settings are for that engine: another one, which makes the film in its place, does not get them."""

from __future__ import annotations

from troupe.v1.video_pb2 import AnimateSettings
from troupe.wire.sadtalker import check_sadtalker

ONEOF = "engine_settings"
CLOUD = "minimax"  # has no settings of its own
KNOWN = frozenset({CLOUD, *(field.name for field in AnimateSettings.DESCRIPTOR.oneofs_by_name[ONEOF].fields)})


def check_engine_settings(settings: AnimateSettings) -> None:
    """What is refused here costs no speech. Raises `InvalidArgument` or `MediaTooLarge`."""
    if settings.HasField("sadtalker"):
        beside_bytes = len(settings.framing.background_image)
        check_sadtalker(settings.sadtalker, settings.sadtalker.reference, beside_bytes)


def keep_own_settings(settings: AnimateSettings) -> str:
    """Drop what `settings.engine` has no use for; the note that says so, or nothing.

    An engine of somebody's own may read what it likes: it gets all that was sent.
    """
    asked = settings.WhichOneof(ONEOF)
    if asked is None or asked == settings.engine or settings.engine not in KNOWN:
        return ""
    settings.ClearField(asked)
    return f"the settings for {asked} had no effect: {settings.engine} made the film"
