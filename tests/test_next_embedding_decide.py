import itertools
import math

import pytest

from sashimi.studies.next_embedding import branch
from sashimi.studies.next_embedding.decide import (
    AMBER,
    FULL,
    FULL_7,
    GREEN,
    HYBRID,
    KEEP,
    LAST,
    LIMITS,
    RED,
    UNKNOWN,
    colour,
    skill,
)

GOOD = {"epoch 1": 0.6, "epoch 3": 0.6, "epoch 5": 0.6, "ood": 0.6}


@pytest.mark.parametrize(
    ("gate", "value", "expected"),
    [
        ("epoch 1", 0.4999, RED), ("epoch 1", 0.50, AMBER), ("epoch 1", 0.51, AMBER),
        ("epoch 1", 0.52, GREEN), ("epoch 3", 0.4457, RED), ("epoch 3", 0.52, GREEN),
        ("epoch 5", 0.5299, AMBER), ("epoch 5", 0.53, GREEN),
        ("ood", 0.0211, RED), ("ood", 0.57, AMBER), ("ood", 0.575, AMBER), ("ood", 0.58, GREEN),
        ("ood", math.nan, RED), ("ood", math.inf, RED), ("ood", None, UNKNOWN),
    ],
)  # fmt: skip
def test_gates_have_no_hole(gate, value, expected):
    assert colour(gate, value) == expected


def test_green_amber_and_red_lead_where_the_plan_says():
    assert branch(GOOD).actions == (FULL,)
    amber = branch(GOOD | {"ood": 0.55})
    assert (amber.colour, amber.actions) == (AMBER, (FULL, FULL_7))
    assert branch(GOOD | {"ood": 0.55, "ood, context 7": 0.5}).actions == (HYBRID,)
    assert branch(GOOD | {"ood": 0.55, "ood, context 7": 0.49}).actions == ()
    assert branch(GOOD | {"epoch 5": 0.51}).colour == GREEN  # AMBER there: out of domain decides
    assert branch(GOOD | {"epoch 3": 0.1}).colour == GREEN  # a watch, not a gate
    red = branch({"epoch 1": 0.45})
    assert (red.colour, red.actions) == (RED, (KEEP, LAST))
    assert red.why == "RED: epoch 1 0.4500 < 0.50"
    assert branch(GOOD | {"ood": math.nan}).why == "RED: ood NaN < 0.50"
    assert branch({}).colour == UNKNOWN


def test_the_tree_has_an_answer_for_every_combination():
    values = (None, math.nan, 0.1, 0.5, 0.525, 0.55, 0.6)
    for combination in itertools.product(values, repeat=len(LIMITS)):
        found = branch(dict(zip(LIMITS, combination, strict=True)))
        assert found.colour in (RED, AMBER, GREEN, UNKNOWN)
        assert found.why
        bad = [
            v
            for g, v in zip(LIMITS, combination, strict=True)
            if g in ("epoch 1", "epoch 5", "ood")
        ]
        hurt = any(v is not None and not v >= 0.5 for v in bad)
        assert (found.colour == RED) == hurt
    with pytest.raises(KeyError):
        branch({"epoch 2": 0.5})


def test_skill_asks_for_an_interval_above_nothing():
    assert skill((0.01, 0.005), (0.01, 0.001), -0.02)[0] == GREEN
    assert skill((0.01, 0.005), (0.01, -0.001), 0.0)[0] == AMBER
    assert skill((0.01, 0.005), (0.01, 0.001), -0.03)[0] == AMBER
    assert skill((0.01, 0.0), (0.01, 0.005), 0.0)[0] == RED
    assert skill((math.nan, math.nan), (0.1, 0.1), 0.0)[0] == RED
