"""Gates over the seeds of a row, by hand."""

import math
from pathlib import Path

import pytest

from sashimi.gates import Gate
from sashimi.report.read import Run
from sashimi.report.verdicts import judged

RULES = {
    "right": Gate("right", "program_exact", at_least=0.5, noise=0.01, min_n=1),
    "small": Gate("small", "parameters", at_most=100, min_n=1),
    "other": Gate("other", "nobody", at_least=0.0, min_n=1),
}


def runs(*values):
    recorded = [
        [{"gate": name, "value": value, "decision": "go"} for name, value in row.items()]
        for row in values
    ]
    return [
        Run(Path(f"r/seed{seed}"), {"gates": gates, "seed": seed})
        for seed, gates in enumerate(recorded)
    ]


def test_the_values_of_all_seeds_are_judged_together():
    found = {v.gate: v for v in judged(runs({"right": 0.6}, {"right": 0.5}, {"right": 0.7}), RULES)}
    assert set(found) == {"right"}, "what no run recorded is no verdict"
    assert found["right"].value == pytest.approx(0.6) and found["right"].n == 3
    assert found["right"].needed == pytest.approx(3 * 0.1 / math.sqrt(3))
    assert found["right"].decision == "stop", "three standard errors of the spread are not cleared"
    assert found["right"].evidence["results"] == [f"r/seed{n}/result.json" for n in range(3)]


def test_a_seed_that_lacks_a_value_is_never_go():
    found = judged(runs({"right": 0.9, "small": 10}, {"right": 0.9}), RULES)
    assert [(v.gate, v.decision) for v in found] == [("right", "go"), ("small", "not-evaluable")]
    (gone,) = judged(runs({"right": 0.9, "of yesterday": 1.0}), RULES)
    assert gone.gate == "right"
