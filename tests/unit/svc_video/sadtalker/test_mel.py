from __future__ import annotations

import numpy as np
import pytest

from svc_video.engines.sadtalker.mel import MELS, MelStream, mel_filters, mel_spectrogram


@pytest.fixture(scope="module")
def wave():
    seconds = np.arange(16_000) / 16_000
    noise = np.random.default_rng(0).standard_normal(16_000)
    return 0.3 * np.sin(2 * np.pi * 220 * seconds) + 0.02 * noise


def by_the_definition(wave):
    """Every column from the whole clip, one after the other."""
    sharpened = np.append(wave[:1], wave[1:] - 0.97 * wave[:-1])
    padded = np.pad(sharpened, 400)
    window = np.hanning(801)[:800]
    magnitudes = [
        np.abs(np.fft.rfft(padded[k : k + 800] * window)) @ mel_filters() for k in range(0, len(wave) + 1, 200)
    ]
    levels = 20 * np.log10(np.maximum(1e-5, magnitudes)) - 20
    return np.clip(8 * (levels + 100) / 100 - 4, -4, 4)


def test_columns_are_those_of_the_definition(wave):
    assert np.abs(mel_spectrogram(wave) - by_the_definition(wave)).max() < 1e-6


def test_silence_is_the_lowest_level():
    columns = mel_spectrogram(np.zeros(640))
    assert columns.shape == (4, MELS)
    assert (columns == -4).all()


def test_a_tone_stands_in_its_band(wave):
    loudest = mel_spectrogram(wave)[40].argmax()
    assert mel_filters()[:, loudest].argmax() * 20 == pytest.approx(220, abs=40)


@pytest.mark.parametrize("piece", [1, 7, 199, 200, 201, 640, 5_000])
def test_however_the_sound_is_cut_the_columns_are_the_same(wave, piece):
    wave = wave[:6_400]
    stream = MelStream()
    given = [stream.feed(wave[at : at + piece]) for at in range(0, len(wave), piece)]
    columns = np.concatenate((*given, stream.end()))
    assert np.abs(columns - mel_spectrogram(wave)).max() < 1e-6


@pytest.mark.parametrize("first", [1, 200, 399, 4_000, 4_001])
def test_a_later_start_gives_the_same_columns_once_it_heard_enough(wave, first):
    stream = MelStream(first)
    columns = np.concatenate((stream.feed(wave[first:]), stream.end()))
    whole = mel_spectrogram(wave)
    assert stream.first + len(columns) == len(whole)
    settled = 3  # columns that reach over the first sample
    assert np.abs(columns[settled:] - whole[stream.first + settled :]).max() < 1e-6


def test_nothing_heard_is_one_silent_column():
    assert MelStream().end().shape == (1, MELS)


def test_filters_have_slaneys_scale_and_area():
    filters = mel_filters()
    assert filters.shape == (401, MELS)
    assert filters.sum(0)[20:] * 20 == pytest.approx(1, abs=0.1)  # area in Hz; the lowest are narrower than a bin
    assert filters[:3].sum() == pytest.approx(filters[2:3].sum(), abs=1e-3)  # nothing below 55 Hz
    assert filters[381:].sum() == 0  # nothing above 7,600 Hz
