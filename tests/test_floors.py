"""The four floors on vectors whose answers are plain."""

import numpy as np
import pytest

from sashimi import floors

UNIT = np.array([[1, 0], [0.96, 0.28], [0, 1], [0.28, 0.96]])


def test_each_floor_by_hand():
    fitted = floors.Floors(UNIT, ["east", "east", "north", "pole"])
    found = fitted.picks(np.array([[0.28, 0.96], [1.0, 0.0]]))
    assert list(found) == list(floors.NAMES)
    assert found[floors.CONSTANT] == [0, 0], "the first of the most frequent class"
    assert found[floors.NEAREST] == [3, 0]
    # cosines to the first query: .28, .54, .96, 1: east gathers .82, north .96, pole 1
    assert found[floors.VOTE] == [3, 0]
    assert fitted.classes[found[floors.PROBE][1]] == "east"


def test_other_similarities_weigh_the_vote():
    fitted = floors.Floors(UNIT, ["east", "east", "north", "pole"])
    query = np.array([[0.28, 0.96]])
    assert fitted.picks(query, np.array([[0.9, 0.1, 0.2, 0.3]]))[floors.VOTE] == [0]


def test_one_class_and_no_query():
    fitted = floors.Floors(UNIT, ["all"] * 4)
    assert fitted.picks(UNIT[2:3])[floors.PROBE] == [2]
    assert fitted.picks(UNIT[:0]) == {name: [] for name in floors.NAMES}
    with pytest.raises(ValueError, match="4 vectors of 3 classes"):
        floors.Floors(UNIT, ["a", "b", "c"])
