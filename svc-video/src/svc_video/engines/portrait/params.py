"""What a face does in one frame: the seam between the tracks (speech, blinks, sway) and the renderer.

All zero is the portrait at rest, as the picture shows it. Values outside their range are clamped by the renderer.
Directions are those of the viewer: right is the right edge of the picture.
"""

from dataclasses import dataclass

# What the renderer's full gaze is on an eye 30 mm wide with a ball of 12 mm radius: how the eyes answer the head.
GAZE_ACROSS_DEGREES, GAZE_DOWN_DEGREES = 19.0, 7.0


@dataclass(frozen=True, slots=True)
class FaceParams:
    """One frame of a face. Shapes are 0..1, angles in degrees, shifts in fractions of the face's width."""

    # mouth: 0 = as in the picture
    jaw: float = 0.0  # 1 = wide open, as in "ah" said loudly
    wide: float = 0.0  # corners drawn apart, as in "ee"
    pucker: float = 0.0  # rounded and narrow, as in "oo"
    press: float = 0.0  # lips pressed thin, as in a long "m"
    upper: float = 0.0  # upper lip raised: shows the upper teeth
    lower: float = 0.0  # lower lip drawn down: shows the lower teeth
    close: float = 0.0  # 1 = lips together, whatever jaw, upper, lower and the picture itself say: /m b p/
    fv: float = 0.0  # lower lip at the upper teeth: /f v/
    tongue: float = 0.0  # its tip raised: 0 = low, 0.8 = at the ridge behind the upper teeth, 1 = between the teeth
    smile: float = 0.0  # corners up and out, cheeks with them; -1..1, below zero the corners sink
    # eyes
    blink_left: float = 0.0  # the eye on the left side of the picture; 1 = shut
    blink_right: float = 0.0
    lid: float = 0.0  # upper lids hang: sad, tired; -1..1, below zero wider open than in the picture
    squint: float = 0.0  # lower lids up, cheeks with them: smiles, effort
    brow: float = 0.0  # -1..1: lowered, raised, as a whole
    brow_inner: float = 0.0  # -1..1: the inner ends, added to the whole: up = sad, afraid; down = angry
    brow_outer: float = 0.0  # -1..1: the outer ends, added to the whole
    gaze_x: float = 0.0  # -1..1: to the left, to the right of the picture; 1 is GAZE_ACROSS_DEGREES
    gaze_y: float = 0.0  # -1..1: up, down; 1 is GAZE_DOWN_DEGREES
    # head: about +-4 degrees look right, beyond 8 the renderer clamps
    yaw: float = 0.0  # degrees, the nose towards the right of the picture
    pitch: float = 0.0  # degrees, the nose down
    roll: float = 0.0  # degrees, clockwise as seen
    dx: float = 0.0  # to the right
    dy: float = 0.0  # down
    # body
    breath: float = 0.0  # 0..1: chest and shoulders raised by an inhaled breath
