"""The voices at hand: the checkpoint's own, and those of references, computed once each.

What a reference's latents are valid for stands in their file: the networks and the reference's key. Of other networks,
of another sample or damaged, they are made anew.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from svc_tts.engines.xtts.latents import VoiceLatents
from svc_tts.engines.xtts.orders import Line, Sample
from troupe.wire.errors import CheckpointBroken, InvalidArgument

FILE = "latents.xtts.safetensors"
HELD = 256  # references in memory; 130 kB each

log = logging.getLogger(__name__)


class Shelf:
    """Latents by voice; safe to use from two threads."""

    def __init__(
        self,
        speakers: Mapping[str, VoiceLatents],
        identity: str,
        hear: Callable[[Path], VoiceLatents],
        device: torch.device,
    ) -> None:
        self._speakers = {name: latents.to(device) for name, latents in speakers.items()}
        self._identity = identity
        self._hear = hear  # computes the latents of a recording; a second or two
        self._device = device
        self._references: OrderedDict[str, VoiceLatents] = OrderedDict()
        self._forgotten: set[str] = set()  # the last one: who prepares it just now must not keep it
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The checkpoint's own speakers, in its order."""
        return tuple(self._speakers)

    def of(self, line: Line) -> VoiceLatents:
        """The voice that a line asks for; raises `InvalidArgument` for one that is not there."""
        if line.sample is not None:
            return self.prepare(line.sample)
        if line.speaker not in self._speakers:
            raise InvalidArgument(f'This checkpoint has no speaker "{line.speaker}".', field="voice_id")
        return self._speakers[line.speaker]

    def prepare(self, sample: Sample) -> VoiceLatents:
        """The latents of a reference: from memory, from their file, or computed now and kept."""
        with self._lock:
            if sample.key in self._references:
                self._references.move_to_end(sample.key)
                return self._references[sample.key]
            self._forgotten.discard(sample.key)
        latents = self._read_or_make(sample).to(self._device)
        with self._lock:
            if sample.key not in self._forgotten:  # it may have been deleted meanwhile
                self._references[sample.key] = latents
            while len(self._references) > HELD:
                self._references.popitem(last=False)
        return latents

    def forget(self, key: str) -> None:
        """Keep nothing of a reference in memory; its file goes with its folder."""
        with self._lock:
            self._references.pop(key, None)
            self._forgotten = {key}

    def _read_or_make(self, sample: Sample) -> VoiceLatents:
        path, model = Path(sample.folder) / FILE, f"{self._identity} {sample.key}"
        try:
            return VoiceLatents.read(path, model=model)
        except (FileNotFoundError, CheckpointBroken):
            latents = self._hear(Path(sample.wav))
        try:
            latents.save(path, model=model)
        except OSError as error:
            log.warning("the latents of a voice cannot be kept (%s): they are computed again after each start", error)
        return latents
