import itertools
import time

import numpy as np
import pytest

from svc_video.engines.portrait import blendshapes
from svc_video.engines.portrait.mouth import Mouth
from svc_video.engines.portrait.params import FaceParams
from svc_video.faces import landmarks as lm

FRAME_S = 0.0013  # goal for a face that fills half of 512 x 512


def weights(**params):
    return blendshapes.mouth_weights(FaceParams(**params))


@pytest.fixture
def drawn(mouths):
    """The mouth's region with parameters, and the picture's."""

    def draw(name, tongue=0.0, **params):
        mouth, picture, _ = mouths[name]
        return mouth.apply(picture, weights(**params), tongue).astype(float)

    return draw


def line_pixels(mouth, shapes, at):
    """Pixels of the region around the line where lips meet with the given weights."""
    upper, lower = mouth._rim.at(at)
    places = ((upper + lower) / 2 - (mouth.region.left, mouth.region.top)).round().astype(int)
    return places[3:-3]


@pytest.mark.parametrize("name", ["ada", "maya"])
@pytest.mark.parametrize("params", [{"close": 1, "jaw": 0.4}, {"press": 1}, {"smile": 1}, {"close": 1, "smile": 0.6}])
def test_closed_lips_show_nothing_of_the_inside(mouths, name, params):
    mouth, picture, _ = mouths[name]
    without = mouth._warp.apply(
        mouth._shading.apply(picture, weights(**params)),
        weights(**params),
        np.mean(mouth._rim.at(weights(**params)), axis=0),
    )
    np.testing.assert_array_equal(mouth.apply(picture, weights(**params)), without)


def test_an_open_picture_closes_to_one_line_without_speckles(mouths, drawn):
    mouth, _, shapes = mouths["laughing"]
    shut = drawn("laughing", close=1)
    places = line_pixels(mouth, shapes, weights(close=1))
    luma = shut.mean(axis=2)
    along = luma[places[:, 1], places[:, 0]]
    assert np.abs(np.diff(along)).max() < 26  # no tooth gleams through
    above, below = luma[places[:, 1] - 4, places[:, 0]], luma[places[:, 1] + 4, places[:, 0]]
    middle = slice(15, -15)
    assert (along[middle] < np.minimum(above, below)[middle]).mean() > 0.9  # a line, darker than both lips


def test_a_closed_smile_has_no_speckles(drawn, mouths):
    mouth, _, shapes = mouths["ada"]
    for params in ({"smile": 0.8}, {"smile": 0.5, "close": 1}):
        places = line_pixels(mouth, shapes, weights(**params))
        luma = drawn("ada", **params).mean(axis=2)
        along = np.min([luma[places[:, 1] + k, places[:, 0]] for k in (-2, -1, 0, 1, 2)], axis=0)  # the dark line
        spikes = along[3:-3] - np.maximum(along[:-6], along[6:])
        assert spikes.max() < 12


def test_a_raised_tongue_is_seen_behind_the_teeth(drawn):
    low, high = (drawn("ada", tongue=tongue, jaw=0.5) for tongue in (0.0, 1.0))
    change = np.abs(high - low).max(axis=2)
    assert change.max() > 40
    assert (change > 10).sum() > 40
    np.testing.assert_array_equal(drawn("ada", tongue=1.0, close=1, jaw=0.3), drawn("ada", close=1, jaw=0.3))


@pytest.mark.parametrize(("gain", "name"), [((0.4, 0.4, 0.4), "dark"), ((1.0, 0.8, 0.6), "warm")])
def test_teeth_take_the_pictures_light(mouths, gain, name):
    _, picture, shapes = mouths["ada"]
    changed = (picture * np.array(gain)).astype(np.uint8)
    usual, lit = (Mouth(p, shapes).apply(p, weights(jaw=0.3, upper=0.4)).astype(float) for p in (picture, changed))
    teeth = usual.min(axis=2) > 150  # only teeth are pale there
    region = Mouth(picture, shapes).region
    x, y = (shapes.points[[13, 14]].mean(axis=0) - (region.left, region.top)).round().astype(int)
    near = np.zeros(teeth.shape, dtype=bool)
    near[y - 4 : y + 8, x - 12 : x + 12] = True
    before, after = usual[teeth & near].mean(axis=0), lit[teeth & near].mean(axis=0)
    assert (teeth & near).sum() > 20
    if name == "dark":
        np.testing.assert_allclose(after, 0.4 * before, rtol=0.12)
    else:
        assert after[2] / after[0] < 0.85 * before[2] / before[0]


def test_own_teeth_stay_and_no_second_row_appears(mouths, drawn):
    """Wider open, the picture's own teeth are where they were; what is new below them is dark or tongue."""
    mouth, picture, shapes = mouths["laughing"]
    wide = drawn("laughing", jaw=0.5)
    rest = picture[mouth.region.part].astype(float)
    middle = (shapes.points[13] + shapes.points[14]) / 2 - (mouth.region.left, mouth.region.top)
    x, y = middle.round().astype(int)
    assert np.abs(wide - rest)[y - 1 : y + 1, x - 8 : x + 8].mean() < 12
    unit = shapes.mouth_width
    below = wide[y + int(0.14 * unit) : y + int(0.22 * unit), x - 8 : x + 8]
    assert below.min(axis=2).max() < 120


def test_the_cache_never_changes_a_frame(mouths):
    mouth, picture, shapes = mouths["maya"]
    first = mouth.apply(picture, weights(jaw=0.41, pucker=0.13), 0.3)
    for jaw in np.linspace(0, 1, 120):
        mouth.apply(picture, weights(jaw=float(jaw)), float(jaw))
    np.testing.assert_array_equal(mouth.apply(picture, weights(jaw=0.41, pucker=0.13), 0.3), first)
    np.testing.assert_array_equal(Mouth(picture, shapes).apply(picture, weights(jaw=0.41, pucker=0.13), 0.3), first)


def test_motion_has_no_leaps(drawn):
    """From shut to open in hundredths: no frame differs from the one before it by more than its share."""
    frames = [drawn("ada", jaw=v) for v in np.arange(0, 0.3, 0.01)]
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    assert max(steps) < 3 * np.median(steps)


def test_it_is_fast_enough(mouths):
    mouth, picture, _ = mouths["ada"]
    speech = [weights(jaw=0.4 + 0.4 * np.sin(n / 3), pucker=max(0.5 * np.sin(n / 5), 0)) for n in range(60)]
    start = time.process_time()
    for frame in speech:
        mouth.apply(picture, frame)
    assert (time.process_time() - start) / len(speech) < 5 * FRAME_S


def test_landmarks_of_the_lips_share_their_corners():
    assert lm.UPPER_INNER[0] == lm.LOWER_INNER[0]
    assert lm.UPPER_INNER[-1] == lm.LOWER_INNER[-1]
