from pathlib import Path

from gateway.avatars import CATALOGUE, FOLDER, shipped

SVC_VIDEO = Path(__file__).parents[3] / "svc-video" / "src" / "svc_video" / "data" / "avatars"


def test_they_are_svc_videos_own() -> None:
    theirs = {path.name: path.read_bytes() for path in SVC_VIDEO.iterdir()}
    ours = {name: (FOLDER / name).read_bytes() for name in theirs}
    assert ours == theirs
    assert {path.name for path in FOLDER.glob("*.webp")} | {CATALOGUE} == set(theirs)


def test_each_has_a_picture_and_the_default_one_comes_first() -> None:
    assert next(iter(shipped())) == "ada"
    assert all(avatar.path.is_file() for avatar in shipped().values())
