from __future__ import annotations

import numpy as np
import pytest
import torch

from svc_video.engines.sadtalker.hearing import Hearing
from svc_video.engines.sadtalker.mel import mel_spectrogram
from svc_video.engines.sadtalker.track import Track

CPU = torch.device("cpu")
PCM = np.random.default_rng(0).integers(-9_000, 9_000, 20 * 640).astype(np.int16)  # 20 frames at 16 kHz


def test_windows_are_columns_of_the_whole_clip():
    hearing = Hearing(CPU, rate=16_000)
    hearing.feed(PCM)
    hearing.end()
    columns = mel_spectrogram(PCM / 32_768)
    assert hearing.frames == hearing.known == 20
    windows = hearing.windows(range(20))[:, 0].numpy()
    assert windows.shape == (20, 80, 16)
    assert (windows[8] == columns[19:35].T).all()
    assert (windows[0] == columns[[0] * 7 + list(range(1, 10))].T).all()
    assert (windows[19] == columns[list(range(54, 65)) + [64] * 5].T).all()


def test_a_frame_is_known_when_its_window_is_and_sure_when_its_sound_is():
    hearing = Hearing(CPU, rate=16_000)
    hearing.feed(PCM[: 10 * 640])
    assert hearing.sure == 10
    assert hearing.known == 7
    hearing.end()
    assert hearing.known == hearing.sure == 10


def test_old_sound_is_forgotten():
    hearing = Hearing(CPU, rate=16_000)
    hearing.feed(PCM)
    hearing.forget(15)
    hearing.windows(range(15, 17))
    with pytest.raises(LookupError, match="were asked for"):
        hearing._columns.rows([0])


def test_much_sound_at_once_is_what_it_is_in_pieces():
    pcm = np.tile(PCM, 30)
    whole, pieces = Hearing(CPU), Hearing(CPU)
    whole.feed(pcm)
    for at in range(0, len(pcm), 960):
        pieces.feed(pcm[at : at + 960])
    assert whole.known == pieces.known
    last = range(whole.known - 5, whole.known)
    assert (whole.windows(last) - pieces.windows(last)).abs().max() < 1e-6


def test_rows_keep_their_numbers_when_older_ones_are_forgotten():
    track = Track(10, 2, CPU)
    track.append(torch.arange(12.0).view(6, 2))
    track.forget(13)
    assert (track.first, track.stop) == (13, 16)
    assert track.slice(14, 15).tolist() == [[8, 9]]
    assert track.rows([15, 13, 15]).tolist() == [[10, 11], [6, 7], [10, 11]]
    track.forget(5)
    track.forget(99)
    assert (track.first, track.stop) == (16, 16)
    with pytest.raises(LookupError):
        track.slice(15, 16)
