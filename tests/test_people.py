"""People's requests: every program is right by its own account, and nothing leaks into the test."""

from collections import Counter

import pytest

from sashimi import program as language
from sashimi.flagship import people
from sashimi.flagship.data import corpus, leaks, normal
from sashimi.flagship.judge import useful

TEST = "010375b2f5a2ea0fd732c8f31e870e51875627a0fedf26a5d91048233c44ac77"
OUT_OF_DOMAIN = "18f076f0e7f8a8df10aa7cace01e94487d4e3ecba537e13016f997f0e402e905"
"""Digests of what judges: they change only if somebody changes the frozen test."""


def test_the_frozen_test_is_unchanged():
    assert people.digest(people.test()) == TEST
    assert people.digest(people.out_of_domain("test")) == OUT_OF_DOMAIN


def test_the_frozen_test_has_the_mixture_of_real_use():
    items = people.test()
    kinds = Counter(item.kind for item in items)
    assert len(items) == 300 and set(kinds) == set(people.KINDS)
    assert 110 <= kinds["one step"] <= 130 and 65 <= kinds["two steps"] <= 85
    assert all(len(item.say) == 1 for item in items)
    keys = [leaks.program_key(item.golds[0]) for item in items]
    assert len(set(keys)) == 300
    prompts = [item.prompt for item in items]
    assert {(a, b) for a, b in leaks.near_pairs(prompts, prompts) if a < b} == set()


def test_refusals_are_of_both_kinds_and_of_separate_subjects():
    judged, taught = people.out_of_domain("test"), people.out_of_domain("train")
    for part, least in ((judged, 150), (taught, 190)):
        counts = Counter(refusal.category for refusal in part)
        assert set(counts) == {"near", "far"} and min(counts.values()) >= least
    assert {r.sub for r in judged} & {r.sub for r in taught} == set()
    prompts = [r.prompt for r in judged]
    assert leaks.near_pairs(prompts, [r.prompt for r in taught]) == set()
    assert leaks.near_pairs(prompts, [item.prompt for item in people.test()]) == set()


@pytest.mark.parametrize("items", [people.test, people.train])
def test_every_program_is_valid_and_right_by_its_own_item(items):
    for item in items():
        for gold in item.golds:
            text = language.render(gold)
            assert language.parse(text) == gold
            language.compile(gold)
            errors = [f for f in language.validate(gold, strict=True) if f.severity == "error"]
            assert errors == [], f"{item.id}: {errors[0]}"
        row = useful.judge(item, language.render(item.golds[0]))
        assert row.stage == "right" and row.valid, f"{item.id}: {row.stage}"


def test_every_gold_of_the_test_is_right():
    for item in people.test():
        for gold in item.golds:
            assert useful.judge(item, language.render(gold)).useful_strict, item.id


def test_no_split_leaks_into_another():
    found = corpus.load("people")
    assert len(found.test) + len(found.test_unseen) == 300
    for row in leaks.audit(found):
        assert (row.programs, row.exact_prompts, row.near_prompts) == (0, 0, 0), row
        if "test_unseen" in (row.left, row.right):
            assert row.skeletons == 0, row
    golds = {leaks.program_key(gold) for item in people.test() for gold in item.golds}
    for example in (*found.train, *found.dev):
        assert leaks.program_key(example.program) not in golds, example.id


def test_training_items_have_several_phrasings():
    for item in people.train():
        assert 3 <= len(item.say) <= 5, item.id


def test_a_small_corpus_keeps_the_evaluation():
    small, whole = corpus.load("people", limit=5), corpus.load("people")
    assert len(small.train) <= 5
    assert corpus.evaluation_digest(small) == corpus.evaluation_digest(whole)


def test_titles_are_the_first_words():
    assert normal.heading("alarm at six, please and thanks") == "Alarm at six, please and"
    assert normal.heading("text sam, ok?") == "Text sam, ok"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- id: a\n", "an item needs id, domain, kind, say and program"),
        ("a: 1\n", "expected a list"),
        ("- {id: a, domain: d, kind: many, say: [], program: x}\n", "kind 'many' is none of"),
        ("- {id: a, domain: d, kind: if, say: [{odd: x}], program: x}\n", "style 'odd'"),
        ("- {id: a, domain: d, kind: if, say: [x], program: x}\n", "- style: words"),
        ("- {id: a, domain: d, kind: if, say: [{terse: 5}], program: x}\n", "put it in quotes"),
        ("- {id: a, domain: d, kind: if, say: [{terse: x}], program: nope}\n", "program 1:"),
        (
            "- {id: a, domain: d, kind: if, say: [{terse: x}], program: x, values: [6:45]}\n",
            "values: 405 is no text",
        ),
        ("- {id: a, other: 1, domain: d, kind: if, say: [{terse: x}], program: x}\n", "other"),
        ("- [", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path, text, told):
    file = tmp_path / "train_x.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(corpus.CorpusError, match=r"train_x\.yaml") as error:
        people.read(file)
    assert told in str(error.value)


def test_an_id_stands_once(tmp_path):
    entry = "- {id: a, domain: d, kind: if, say: [{terse: x}], program: ACTION exit}\n"
    file = tmp_path / "twice.yaml"
    file.write_text(entry * 2, encoding="utf-8")
    with pytest.raises(corpus.CorpusError, match="id a stands twice"):
        people.read(file)
