import numpy as np
import pytest

from svc_video.engines.portrait import blendshapes
from svc_video.engines.portrait.params import FaceParams
from svc_video.faces import landmarks as lm


def weights(**params):
    return blendshapes.mouth_weights(FaceParams(**params))


@pytest.fixture
def gain(mouths):
    """What the light at a point of the mesh becomes, in parts of what it was."""

    def measure(name, indices, **params):
        mouth, picture, shapes = mouths[name]
        lit = mouth._shading.apply(picture, weights(**params))
        x, y = shapes.points[list(indices)].mean(axis=0).round().astype(int)
        before, after = (p[y - 1 : y + 2, x - 1 : x + 2].astype(float).mean() for p in (picture, lit))
        return after / before

    return measure


@pytest.mark.parametrize("name", ["ada", "maya", "laughing"])
def test_at_rest_every_gain_is_one(mouths, name):
    mouth, picture, _ = mouths[name]
    np.testing.assert_array_equal(mouth._shading.apply(picture, weights()), picture)


def test_shadows_fall_where_they_should(gain):
    assert gain("ada", [206], smile=1) < 0.97  # the fold deepens
    assert gain("ada", [18], jaw=1) < 0.96  # under the lip
    assert gain("ada", [18], press=1) < 0.96
    assert gain("ada", [207], jaw=1) < 0.98  # the cheek's hollow
    assert gain("ada", [61], press=1, close=1) < 0.93  # the corners
    assert gain("maya", [14, 17], pucker=1) > 1.04  # rounded lips gleam
    assert gain("ada", [164], pucker=1) < 0.99


def test_light_is_subtle_and_ends_inside_the_region(mouths):
    mouth, picture, _ = mouths["ada"]
    for field in ("jaw", "wide", "pucker", "press", "lower", "fv", "smile", "close"):
        lit = mouth._shading.apply(picture, weights(**{field: 1.0}))[mouth.region.part].astype(float)
        change = np.abs(lit - picture[mouth.region.part]) / 255
        assert change.max() < 0.2
        assert max(change[0].max(), change[:, 0].max(), change[:, -1].max()) <= 2 / 255


def test_the_picture_itself_is_not_touched(mouths):
    mouth, picture, _ = mouths["ada"]
    before = picture.copy()
    mouth._shading.apply(picture, weights(jaw=1, pucker=1))
    np.testing.assert_array_equal(picture, before)


def test_a_laughing_pictures_folds_relax_while_it_speaks(mouths, prepared):
    """A dark line drawn where the fold is becomes fainter with rounded lips, and only where the picture laughs."""
    from svc_video.engines.portrait.mouth import Mouth

    _, picture, shapes = mouths["laughing"]
    lined = picture.copy()
    place = shapes.points[206].round().astype(int)
    spot = np.s_[place[1] - 1 : place[1] + 2, place[0] - 1 : place[0] + 2]
    lined[spot] = (lined[spot] * 0.75).astype(np.uint8)
    shading = Mouth(lined, shapes)._shading
    relaxed, kept = (shading.apply(lined, weights(**p))[spot].mean() for p in ({"pucker": 1.0}, {"wide": 0.2}))
    assert relaxed > 1.015 * kept
    assert mouths["ada"][0]._shading._smile == 0


def test_landmarks_named_here_are_on_the_cheeks(shapes):
    face = shapes["ada"].points
    assert face[206, 0] < face[lm.UPPER_OUTER[2], 0]
    assert face[426, 0] > face[lm.UPPER_OUTER[-3], 0]
