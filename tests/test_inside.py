"""What is counted of the shipped network, and where an answer is said to fail first."""

from types import SimpleNamespace

import pytest

from sashimi.flagship.data.example import Example
from sashimi.program import parse, render
from sashimi.studies.trajectory import inside


def program(body):
    return parse(f'SHORTCUT "a"\n{body}\nENDSHORTCUT\n')


SHOWN, OTHER = program('ACTION showresult Text="a"'), program('ACTION showresult Text="b"')
BUZZED = program("ACTION vibrate")


class Way:
    """Answers from a table of prompts; ``refused`` are turned away unless asked not to be."""

    def __init__(self, table, refused=()):
        self.table, self.refused = table, refused

    def generate(self, prompts, refuse=True):
        return [self._outcome(prompt, refuse) for prompt in prompts]

    def _outcome(self, prompt, refuse):
        made = self.table[prompt]
        kept = None if made is None or (refuse and prompt in self.refused) else made
        text = "" if kept is None else render(kept)
        accepted = kept is not None
        return SimpleNamespace(program=kept, text=text, accepted=accepted, confidence=len(prompt))


def test_the_shares_of_trits_are_whole_and_rows_average_to_them():
    rows = inside.trits()
    assert len(rows) > 10
    for row in rows:
        assert row["-1"] + row["0"] + row["+1"] == pytest.approx(1)
        zeros = inside.zeros_by_row(row["layer"])
        assert zeros.shape == row["shape"][:1] and zeros.mean() == pytest.approx(row["0"])
        assert row["empty rows"] == pytest.approx((zeros == 1).mean())


def test_an_answer_fails_first_where_the_truth_would_have_helped():
    asked = {"right": SHOWN, "turned away": SHOWN, "value": OTHER, "shape": BUZZED, "none": None}
    examples = [Example(prompt, prompt, SHOWN, "d") for prompt in asked]
    found = inside.located(Way(asked, refused={"turned away"}), examples)
    assert found == ["right", "domain", "values", "skeleton", "skeleton"]
    shares = inside.shares(found)
    assert shares["skeleton"].value == pytest.approx(0.4)
    assert sum(one.value for one in shares.values()) == pytest.approx(1)


def test_a_word_taken_out_changes_a_value_or_the_skeleton_or_nothing():
    table = {"show a now": SHOWN, "a now": BUZZED, "show now": OTHER, "show a": SHOWN}
    found = inside.removed(Way(table), ["show a now"])
    assert [one.word for one in found] == ["show", "a", "now"]
    assert [(one.changed, one.actions) for one in found] == [
        (True, True), (True, False), (False, False)
    ]  # fmt: skip
    assert [one.plain for one in found] == [True, True, True]
    assert [one.lost for one in found] == [5, 2, 4]


def test_minimal_pairs_tell_a_value_from_a_skeleton():
    sentences = [text for _, *both in inside.PAIRS for text in both]
    assert len(sentences) == len(set(sentences))
    table = dict.fromkeys(sentences, SHOWN)
    kinds = {kind: (one, two) for kind, one, two in inside.PAIRS}
    table[kinds["on or off"][1]], table[kinds["each or first"][1]] = OTHER, BUZZED
    differ = [(row["one"], row["skeletons"]) for row in inside.pairs(Way(table)) if row["differ"]]
    assert differ == [(kinds["on or off"][0], False), (kinds["each or first"][0], True)]
