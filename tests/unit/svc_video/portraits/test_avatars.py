from __future__ import annotations

from svc_video.portraits.avatars import shipped


def test_four_avatars_ship_with_the_house() -> None:
    avatars = shipped()
    assert len(avatars) == 4
    assert {avatar.gender for avatar in avatars.values()} == {"female", "male"}
    for avatar in avatars.values():
        width, height = avatar.size()
        assert avatar.picture().shape == (height, width, 3)
        assert min(width, height) >= 512
