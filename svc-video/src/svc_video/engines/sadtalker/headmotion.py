"""The head's pose, frame by frame, while the sound comes: chunks of 32 frames from the network, smoothed."""

from __future__ import annotations

import torch
from torch import Tensor

from svc_video.engines.sadtalker import smoothing
from svc_video.engines.sadtalker.audio2pose import CHUNK_FRAMES, AudioToPose, Dice
from svc_video.engines.sadtalker.source import POSE
from svc_video.engines.sadtalker.track import Track, sent


class HeadMotion:
    """What frames hear in, poses out, from the frame `first` on; equal to the whole film's however it is fed.

    Frame 0 is the picture's own pose; chunk c holds the 32 frames after 1 + 32 c. A film's last chunk, if it is not
    whole, is computed over the last 32 frames and gives its end.
    """

    def __init__(self, network: AudioToPose, pose: Tensor, style: int, seed: int, first: int) -> None:
        self._network, self._pose, self._style = network, pose, style
        chunk = chunk_of(max(0, first - smoothing.REACH))
        self._dice = Dice(seed, network.latent, chunk)
        self.next = first  # the frame whose pose comes next
        self.first_heard = first_heard(first)
        self._heard = Track(self.first_heard, network.encoder.width, pose.device)
        # Frame 0 stands before the first chunk.
        self._poses = Track(1 + chunk * CHUNK_FRAMES if chunk else 0, POSE, pose.device)
        if chunk == 0:
            self._poses.append(pose[None])

    def hear(self, windows: Tensor) -> None:
        """The windows of the next frames, (n, 1, 80, 16), the first of frame `first_heard`."""
        self._heard.append(self._network.hear(windows))

    def poses(self, total: int | None) -> Tensor:
        """The poses that are known now, (n, 6). `total`: frames of the film, once all of them were heard."""
        self._decode_chunks()
        if total is not None and self._poses.stop < total:
            self._decode_rest(total)
        until = self._poses.stop - smoothing.REACH if total is None else total
        frames = range(self.next, max(self.next, until))
        if not frames:
            return self._pose.new_zeros(0, POSE)
        poses = smoothing.smoothed(self._poses, frames, total)
        self.next = frames.stop
        # The end of the film is fitted from its last 13 frames.
        self._poses.forget(self.next - smoothing.WINDOW)
        return poses

    def _decode_chunks(self) -> None:
        start = max(1, self._poses.stop)
        chunks = (self._heard.stop - start) // CHUNK_FRAMES
        if chunks <= 0:
            return
        stop = start + chunks * CHUNK_FRAMES
        heard = self._heard.slice(start, stop).unflatten(0, (chunks, CHUNK_FRAMES))
        self._poses.append(self._decode(heard).flatten(0, 1))
        # A part of a chunk at the film's end looks back over the one before.
        self._heard.forget(stop - CHUNK_FRAMES + 1)

    def _decode_rest(self, total: int) -> None:
        """The last part of a chunk; before a film's first frame stands the first one's sound."""
        rest = total - max(1, self._poses.stop)
        if rest <= 0:
            return
        heard = self._heard.slice(max(1, total - CHUNK_FRAMES), total)
        missing = CHUNK_FRAMES - len(heard)
        whole = torch.cat((heard[:1].expand(missing, -1), heard))
        self._poses.append(self._decode(whole[None])[0, -rest:])

    def _decode(self, heard: Tensor) -> Tensor:
        latents = sent(self._dice.draw(len(heard)), self._pose.device)
        return self._pose + self._network.decode(self._pose, self._style, latents, heard)


def chunk_of(frame: int) -> int:
    """The chunk in which a frame's pose is computed; frame 0 needs none, and belongs to the first."""
    return max(0, frame - 1) // CHUNK_FRAMES


def first_heard(first: int) -> int:
    """The first frame that must be heard for the poses from frame `first` on, wherever the film may end."""
    last_chunk = first + 1 - CHUNK_FRAMES  # of a film that ends right after that frame
    chunk = 1 + chunk_of(max(0, first - smoothing.REACH)) * CHUNK_FRAMES
    return max(1, min(chunk, last_chunk))
