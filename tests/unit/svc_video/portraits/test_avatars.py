from __future__ import annotations

from svc_video.portraits.avatars import shipped


def test_at_least_eight_avatars_ship_with_the_house() -> None:
    avatars = shipped()
    assert len(avatars) >= 8
    assert next(iter(avatars)) == "ada"  # the default
    assert {"ada", "maya", "leo", "kenji"} <= set(avatars)  # ids that callers know
    genders = [avatar.gender for avatar in avatars.values()]
    assert min(genders.count("female"), genders.count("male")) >= 3
    for avatar in avatars.values():
        width, height = avatar.size()
        assert avatar.picture().shape == (height, width, 3)
        assert min(width, height) >= 512
