"""What was asked for beside what was answered."""

import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sashimi import confusion

ASKED = ["a", "a", "b", "c", "c", "d"]
ANSWERED = ["a", "b", "b", "a", "c", "d"]


def test_counts_by_hand():
    names, table = confusion.counts(ASKED, ANSWERED)
    assert names == ["a", "b", "c", "d"]  # a in two confusions, b and c in one, d in none
    assert table.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]


def test_what_is_hardly_confused_is_one_class():
    names, table = confusion.counts(ASKED, ANSWERED, most=2)
    assert names == ["a", "b", confusion.REST]
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"))), st.integers(1, 7))
def test_nothing_is_lost(pairs, most):
    asked, answered = [a for a, _ in pairs], [b for _, b in pairs]
    names, table = confusion.counts(asked, answered, most)
    assert table.sum() == len(pairs)
    for place, name in enumerate(names[:most]):
        assert table[place].sum() == Counter(asked)[name]
        assert table[:, place].sum() == Counter(answered)[name]


def test_the_page_holds_every_text_once_and_no_tag_of_a_text():
    texts = [f"prompt {n} </script><b>" for n in range(len(ASKED))]
    page = confusion.page(ASKED, ANSWERED, texts)
    data = json.loads(re.search(r"const data = (.*);\n", page)[1])
    assert sorted(text for own in data["texts"].values() for text in own) == texts
    assert np.sum(data["counts"]) == len(texts)
    assert "<b>" not in page and page.count("</script>") == 1
    cells = re.findall(r'data-at="(\d+),(\d+)" tabindex=0>(\d+)<', page)
    assert {f"{r},{c}": int(n) for r, c, n in cells} == {
        place: len(own) for place, own in data["texts"].items()
    }


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError):
        confusion.counts(["a"], [])
