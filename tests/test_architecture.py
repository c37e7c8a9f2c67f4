"""The rooms: none import each other in a circle, and the picture of them is up to date."""

from collections import Counter

import pytest

from apps.architecture import FRAMES, Room, architecture, drawn, layers


@pytest.mark.parametrize("part", FRAMES)
def test_no_rooms_import_each_other_in_a_circle(part: str) -> None:
    house = architecture()
    rooms = [room for room in house.rooms if room.part == part]
    assert set(layers(rooms, house.imports)) == set(rooms)


def test_a_circle_is_refused() -> None:
    one, other = Room("apps", "one"), Room("apps", "other")
    imports = Counter({(one, other): 1, (other, one): 1})
    with pytest.raises(ValueError, match=r"circle; got \['apps/one', 'apps/other'\]"):
        layers([one, other], imports)


def test_the_picture_is_of_these_rooms_and_imports() -> None:
    assert drawn() == architecture().as_json(), "draw it again: python -m apps.architecture"
