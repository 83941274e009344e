"""Coverage of vocabularies: by hand on two programs, and against the vocabulary's own count."""

import numpy as np
import pytest

from sashimi.flagship.data import corpus
from sashimi.program import catalogue, parse, tiers
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.studies.vocabulary.coverage import (
    KINDS,
    WHOLE,
    Growth,
    coverage,
    good_turing,
    growth,
    outlook,
    uncovered,
    units,
)

SEEN = """SHORTCUT "a"
ACTION setbrightness WFBrightness=0.5
ACTION gettext WFTextActionText="x"
"""
OTHER = """SHORTCUT "b"
ACTION setbrightness WFBrightness=0.5
ACTION setvolume WFVolume=0.1
"""


@pytest.fixture(scope="module")
def data():
    return corpus.load("builtin", limit=120)


@pytest.fixture(scope="module")
def irs(data):
    return {s: [tiers.encode(e.program) for e in getattr(data, s)] for s in corpus.SPLITS}


@pytest.fixture(scope="module")
def built(data, irs):
    known = catalogue.load().extended([e.program for e in data.train])
    return Vocabulary.build(irs["train"], known)


def test_units_of_two_programs_by_hand():
    one, two = (tiers.encode(parse(text)) for text in (SEEN, OTHER))
    vocabulary = Vocabulary.build([one], catalogue.load())
    found = coverage(vocabulary, [units(two)])
    # ACTION setvolume is new; of ACTION setbrightness, ACTION setvolume and the end two are known
    assert found["structure"].value == pytest.approx(2 / 3)
    assert found[WHOLE].value == 0
    missing = {(row["kind"], row["token"]) for row in uncovered(vocabulary, [units(two)])}
    assert (KINDS[0], "ACTION setvolume") in missing
    assert (KINDS[1], "key:WFVolume") in missing
    assert not any("setbrightness" in token for _, token in missing)
    assert coverage(vocabulary, [units(one)])[WHOLE].value == 1


def test_units_are_the_programs_tokens_and_the_vocabulary_agrees(built, irs):
    for split in ("dev", "test_unseen"):
        programs = [units(ir) for ir in irs[split]]
        own = built.coverage(irs[split])
        found = coverage(built, programs)
        known, of = own["tier1"]
        assert found["structure"].value == pytest.approx(known / of)
        known, of = own["tier2"]
        assert found["parameters, anywhere"].value == pytest.approx(known / of)
        assert found["parameters"].value <= found["parameters, anywhere"].value
        assert sum(u[0] == KINDS[0] for p in programs for u in p) == own["tier1"][1]


def test_growth_falls_and_ends_where_coverage_is(built, irs):
    training, programs = ([units(ir) for ir in irs[split]] for split in ("train", "test"))
    grown = growth(built, training, programs, orders=2, points=4, seed=0)
    assert grown.sizes == (15, 30, 60, 120)
    ends = coverage(built, programs)
    for kind in (*KINDS, WHOLE):
        values = grown.unknown[kind]
        assert (np.diff(values, axis=1) <= 0).all()
        assert np.allclose(values[:, -1], 1 - ends[kind].value)
    again = growth(built, training, programs, orders=2, points=4, seed=0)
    assert all(np.array_equal(again.unknown[k], grown.unknown[k]) for k in KINDS)


def test_an_exact_power_law_is_extrapolated_exactly():
    sizes = (10, 20, 40, 80, 160)
    law = Growth(sizes, {"structure": np.array([[0.5 * s**-0.5 for s in sizes]])})
    found = outlook(law, "structure")
    assert found.exponent == pytest.approx(-0.5)
    assert found.doubled == pytest.approx(0.5 * 320**-0.5)
    assert found.backtest == pytest.approx(found.measured)
    assert outlook(Growth(sizes, {"structure": np.zeros((1, 5))}), "structure") is None
    assert outlook(Growth((1, 2), {"structure": np.ones((1, 2))}), "structure") is None


def test_good_turing_by_hand():
    programs = [
        [(KINDS[0], "", "a"), (KINDS[0], "", "a"), (KINDS[0], "", "b")],
        [(KINDS[0], "", "a")],
    ]
    found = good_turing(programs)
    assert found[KINDS[0]] == pytest.approx(1 / 3)  # b, among a, b and a
    assert np.isnan(found[KINDS[1]])
