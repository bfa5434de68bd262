"""The people who ship with the house. The first one is the default."""

from avatar_parts.looks import Look

LOOKS = (
    Look(
        name="ada", gender="female", brow_lift=2, eye_tilt=3, about="long brown hair, green eyes, blazer",
        voice="a calm, clear woman's voice", skin=(234, 188, 164), lips=(188, 96, 94), hair=(98, 60, 40),
        iris=(96, 122, 88), hair_style="long", clothes="blazer", cloth=(34, 84, 94), inner=(220, 212, 202),
        wall=((214, 205, 192), (146, 142, 138)), seed=11, lashes=1.15, liner=0.3, mouth=61, fullness=1.02, nose=36,
        brow=0.82, brow_colour=(92, 60, 44), blush=0.1, earrings=(222, 190, 120), jaw=-4,
    ),
    Look(
        name="maya", gender="female", about="long twisted locs, mustard blouse",
        voice="a warm, lively woman's voice", skin=(146, 92, 64), lips=(136, 64, 64), hair=(52, 36, 32),
        iris=(74, 44, 28), hair_style="locs", clothes="blouse", cloth=(204, 138, 44), inner=(204, 138, 44),
        wall=((170, 190, 188), (92, 118, 122)), seed=12, lashes=1.2, liner=0.5, mouth=65, fullness=1.36, nose=43,
        bridge=0.82, brow=0.9, brow_colour=(38, 26, 22), jaw=1, cheeks=3, eye=1.06, blush=0.0, broad=3, brow_lift=3,
        eye_tilt=4,
    ),
    Look(
        name="leo", gender="male", about="dark hair swept to the side, stubble, shirt and jumper",
        voice="a friendly, younger man's voice", skin=(214, 164, 130), lips=(176, 112, 100), hair=(58, 40, 32),
        iris=(98, 66, 40), hair_style="side", clothes="shirt", cloth=(44, 66, 108), inner=(208, 212, 220),
        wall=((196, 204, 214), (116, 128, 146)), seed=13, jaw=13, chin=9, long=6, brow_ridge=4, nose=42,
        bridge=1.12, eye=0.92, lashes=0.5, brow=1.2, brow_arch=3, mouth=64, fullness=0.82, blush=-0.05, beard=0.55,
        eye_tilt=0, brow_lift=-3, neck=92, shoulders=352, brow_colour=(50, 34, 28),
    ),
    Look(
        name="kenji", gender="male", about="choppy black hair, glasses, grey jumper",
        voice="a young, even man's voice", skin=(232, 192, 156), lips=(190, 124, 108), hair=(44, 40, 42),
        iris=(86, 48, 26), hair_style="crop", clothes="crew", cloth=(98, 106, 112), inner=(232, 232, 230),
        wall=((214, 202, 206), (138, 126, 142)), seed=14, jaw=10, chin=4, nose=41, bridge=0.78, eye=0.84,
        eye_tilt=5, crease=6.5, lashes=0.45, brow=1.15, brow_arch=3, mouth=61, fullness=0.88, blush=-0.05, neck=88,
        shoulders=338, cheeks=2, broad=4, brow_lift=2, brow_colour=(40, 34, 34), glasses=(34, 34, 40),
    ),
    Look(
        name="nora", gender="female", about="in her sixties, short silver hair, cardigan",
        voice="a mature woman's voice", skin=(232, 186, 166), lips=(180, 102, 100), hair=(124, 124, 129),
        iris=(92, 120, 142), hair_style="silver", clothes="cardigan", cloth=(112, 60, 86), inner=(214, 206, 196),
        wall=((206, 212, 204), (126, 138, 130)), seed=15, age=0.85, jaw=3, eye_tilt=-1, brow_lift=1, eye=0.88,
        crease=9, lashes=0.6, brow=0.75, brow_colour=(142, 130, 126), mouth=60, fullness=0.78, nose=39, smile=9,
        blush=0.04, earrings=(232, 228, 222), neck=76,
    ),
    Look(
        name="omar", gender="male", about="full dark beard, short hair, olive jacket", voice="a deep man's voice",
        skin=(186, 130, 96), lips=(150, 90, 82), hair=(46, 34, 30), iris=(70, 44, 28), hair_style="fade",
        clothes="blazer", cloth=(76, 82, 62), inner=(208, 198, 182), wall=((206, 190, 170), (128, 110, 94)),
        seed=16, jaw=10, chin=6, long=4, brow_ridge=5, nose=44, bridge=1.16, nose_tip=3, eye=0.94, lashes=0.8,
        brow=1.35, brow_arch=3, mouth=62, fullness=0.95, blush=-0.05, beard=22, eye_tilt=0, broad=3, brow_lift=-3,
        neck=94, shoulders=356, age=0.25, brow_colour=(38, 28, 26),
    ),
    Look(
        name="amina", gender="female", about="headscarf in deep rose, brown eyes", voice="a gentle woman's voice",
        skin=(200, 146, 112), lips=(172, 88, 84), hair=(44, 30, 26), iris=(84, 54, 34), hair_style="scarf",
        clothes="drape", cloth=(84, 46, 62), inner=(150, 70, 86), wall=((212, 206, 196), (140, 136, 134)), seed=17,
        lashes=1.25, liner=0.6, mouth=60, fullness=1.12, nose=38, brow=1.0, jaw=-2, eye=1.04, blush=0.02, broad=-3,
        brow_lift=1,
    ),
    Look(
        name="samuel", gender="male", about="shaven head, dark skin, roll-neck", voice="a calm, low man's voice",
        skin=(104, 66, 48), lips=(112, 62, 58), hair=(34, 26, 24), iris=(78, 44, 26), hair_style="shaven",
        clothes="turtleneck", cloth=(54, 62, 78), inner=(54, 62, 78), wall=((190, 178, 160), (112, 100, 90)),
        seed=18, jaw=12, chin=8, brow_ridge=4, nose=47, bridge=0.9, eye=0.92, lashes=0.5, brow=1.1, brow_arch=3,
        mouth=66, fullness=1.25, blush=-0.1, neck=96, eye_tilt=1, brow_lift=-1, shoulders=360, age=0.2, beard=0.25,
    ),
    Look(
        name="mei", gender="female", about="black bob with a fringe, teal roll-neck",
        voice="a bright woman's voice", skin=(240, 204, 176), lips=(200, 96, 96), hair=(42, 36, 40),
        iris=(84, 48, 28), hair_style="bob", clothes="turtleneck", cloth=(196, 190, 180), inner=(196, 190, 180),
        wall=((226, 196, 184), (164, 128, 120)), seed=19, eye=0.92, eye_tilt=5, crease=7, lashes=0.9, liner=0.35,
        nose=37, bridge=0.74, mouth=58, fullness=1.0, cheeks=4, jaw=-2, long=-6, broad=5, brow_lift=3, brow=0.85,
        brow_arch=3, blush=0.1, brow_colour=(52, 42, 42),
    ),
    Look(
        name="freya", gender="female", about="copper hair in a bun, freckles, green blouse",
        voice="a cheerful woman's voice", skin=(240, 196, 174), lips=(196, 108, 98), hair=(168, 82, 40),
        iris=(88, 118, 138), hair_style="bun", clothes="blouse", cloth=(62, 96, 78), inner=(62, 96, 78),
        wall=((206, 212, 222), (128, 140, 160)), seed=20, freckles=1.0, lashes=0.9, nose=36, mouth=60,
        fullness=0.98, brow=0.85, brow_colour=(150, 84, 52), jaw=-5, broad=-2, chin=-3, long=4, brow_lift=3,
        eye=1.06, eye_tilt=1, blush=0.06, smile=10,
    ),
)  # fmt: skip
