"""The built-in corpus: its grammar, its promises of size and variety, and its frozen evaluation."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from sashimi.flagship.builtin import build, grammar, slots, speak, style
from sashimi.flagship.builtin.make import MOST_OF_A_PROGRAM, MOST_OF_A_SKELETON
from sashimi.flagship.builtin.plan import Run, Use
from sashimi.flagship.data import corpus, leaks
from sashimi.program import compile as compile_program
from sashimi.program import parse, render, tiers, validate
from sashimi.program.tree import ForEach, If, Menu, Program, Repeat, Set, actions, walk


@pytest.fixture(scope="module")
def builtin() -> corpus.Corpus:
    return corpus.load()


def test_the_evaluation_is_frozen(builtin):
    assert corpus.evaluation_digest(builtin) == corpus.FROZEN_EVALUATION
    assert [len(builtin.dev), len(builtin.test), len(builtin.test_unseen)] == [300, 300, 300]


def test_sizes_domains_actions_and_control_flow(builtin):
    assert len(builtin.train) >= 6679
    domains = Counter(example.domain for example in builtin.train)
    assert len(domains) >= 12
    assert min(domains.values()) >= 200
    names = {action.name for example in builtin.train for action in actions(example.program)}
    assert len(names) >= 180
    kinds = Counter(type(s) for e in builtin.train for s in walk(e.program.body))
    assert all(kinds[kind] >= 100 for kind in (If, Menu, Repeat, ForEach, Set))
    lengths = [sum(1 for _ in walk(e.program.body)) for e in builtin.examples()]
    assert min(lengths) == 1
    assert 12 <= max(lengths) <= 15


def test_no_skeleton_dominates(builtin):
    skeletons = Counter(leaks.skeleton_key(e.program) for e in builtin.train)
    assert len(skeletons) >= 1500
    most = MOST_OF_A_SKELETON - 1 + 3 * 3  # a plan adds up to three programs, three prompts each
    assert skeletons.most_common(1)[0][1] <= most


def test_every_program_parses_validates_compiles_and_survives_the_tiers(builtin):
    programs = {render(e.program): e.program for e in builtin.examples()}
    for text, program in programs.items():
        assert parse(text) == program
        assert validate(program, strict=True) == []
        assert compile_program(program)["WFWorkflowActions"]
        assert tiers.lower(tiers.encode(program)) == program


def test_short_requests_are_common(builtin):
    words = [len(example.prompt.split()) for example in builtin.train]
    assert sum(n <= 10 for n in words) > 0.12 * len(words)
    steps = [sum(1 for _ in actions(example.program)) for example in builtin.train]
    assert sum(n <= 2 for n in steps) > 0.4 * len(steps)
    assert len({leaks.normalised(e.prompt) for e in builtin.train}) == len(builtin.train)


def test_a_prompt_has_one_program_and_a_program_one_split(builtin):
    answers: dict[str, str] = {}
    for example in builtin.examples():
        key = leaks.program_key(example.program)
        assert answers.setdefault(leaks.normalised(example.prompt), key) == key
    for row in leaks.audit(builtin):
        assert (row.programs, row.exact_prompts, row.near_prompts) == (0, 0, 0)
        assert row.skeletons == 0 or row.right != "test_unseen"


def test_unseen_programs_use_known_actions_in_new_ways(builtin):
    known = {action.name for e in builtin.train for action in actions(e.program)}
    assert {a.name for e in builtin.test_unseen for a in actions(e.program)} <= known
    trained = {leaks.skeleton_key(e.program) for e in builtin.train}
    assert all(leaks.skeleton_key(e.program) in trained for e in builtin.test)


def _copied(example: corpus.Example) -> set[str]:
    """The texts and numbers of a program that stand in its prompt; the title is left out."""
    values = tiers.encode(example.program).values[:-1]
    texts = {str(v) for v in values if isinstance(v, str | int | float)}
    return {text for text in texts if len(text) > 1 and text in example.prompt}


def test_values_must_be_copied_and_evaluation_has_new_ones(builtin):
    trained: set[str] = set()
    for example in builtin.train:
        trained |= _copied(example)
    # many requests hold no value ("wifi off"), and others say it in words ("half past seven")
    assert sum(bool(_copied(e)) for e in builtin.train) > 0.45 * len(builtin.train)
    for split in (builtin.test, builtin.test_unseen):
        assert sum(bool(_copied(e) - trained) for e in split) > 0.4 * len(split)


def test_styles_are_balanced_and_differ_for_one_program(builtin):
    styles = Counter(e.style for e in builtin.train)
    assert set(styles) == set(style.STYLES)
    assert min(styles.values()) > 0.75 * len(builtin.train) / len(style.STYLES)
    by_program: dict[str, list[str]] = {}
    for example in builtin.train:
        by_program.setdefault(leaks.program_key(example.program), []).append(example.style)
    assert all(len(found) <= MOST_OF_A_PROGRAM for found in by_program.values())
    assert sum(len(found) > 1 for found in by_program.values()) > 1000


def test_the_same_call_gives_the_same_corpus():
    from sashimi.flagship.builtin.make import Sizes, make

    assert make(3, Sizes(80, 14)) == make(3, Sizes(80, 14))
    assert make(3, Sizes(80, 14))[0]["train"] != make(4, Sizes(80, 14))[0]["train"]


def test_limit_is_small_and_mixed():
    small = corpus.load(limit=200)
    assert len(small.train) == 200
    assert len({e.domain for e in small.train}) >= 8
    assert min(len(small.dev), len(small.test), len(small.test_unseen)) >= 10


def test_third_person():
    said = {"turn on": "turns on", "copy": "copies", "fetch": "fetches", "play": "plays"}
    said |= {"don't show": "doesn't show", "do": "does", "POST": "POSTs", "mix": "mixes"}
    assert {verb: style.third(verb) for verb in said} == said


def test_no_style_touches_a_value():
    rng = random.Random(5)
    spoken = speak.Spoken(
        f"[text] {chr(0xE000)} the words {chr(0xE001)}", ("Ada A.", "The a my, , the")
    )
    phrases = grammar.load().phrases
    for name in style.STYLES * 40:
        prompt = style.styled(spoken, name, phrases, rng)
        assert "Ada A." in prompt
        assert "The a my, , the" in prompt


def test_a_choice_is_made_for_each_group():
    found = {speak.choose("(a|b) (c|) d", random.Random(seed)) for seed in range(40)}
    assert found == {"a c d", "b c d", "a  d", "b  d"}


def test_held_out_values_stay_out_of_training():
    table, rng = grammar.load().slots, random.Random(1)
    drawn = [slots.draw(table["title"], table, rng, evaluation=False) for _ in range(300)]
    assert not any(slots.held_out(filling.says[0]) for filling in drawn)
    drawn = [slots.draw(table["title"], table, rng, evaluation=True) for _ in range(300)]
    assert 150 < sum(slots.held_out(filling.says[0]) for filling in drawn) < 290


def test_a_plan_becomes_the_program_that_the_conventions_say():
    known = grammar.load()
    fill = slots.Filling("ink", ("ink",), copied=True)
    step = known.steps
    plan = (
        Run(
            (Use(step["clipboard"], ()),),
            (
                Use(step["show_result"], ()),
                Use(step["reminder_from_list"], ("list_name",), {"list_name": fill}),
            ),
        ),
    )
    program, domain = build.program(plan, known)
    assert domain == "clipboard_text"
    assert isinstance(program, Program)
    assert render(program) == render(
        parse(
            'SHORTCUT "Clipboard"\nACTION getclipboard\nSET $Clipboard = @prev\n'
            "ACTION showresult Text=`{$Clipboard}`\n"
            'ACTION addnewreminder WFCalendarItemTitle=`{$Clipboard}` WFCalendarItemCalendar="ink"'
        )
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "effect", "sya": []}, "unknown key 'sya'"),
        ({"kind": "verb"}, "kind must be one of"),
        ({"kind": "effect", "do": 'ACTION delay WFDelayTime="<nil>"'}, "slot <nil>"),
        (
            {"kind": "effect", "do": 'ACTION delay WFDelayTime="<seconds>"', "say": "[wait]"},
            "exactly",
        ),
        ({"kind": "sink", "in": "text", "do": "ACTION share", "say": "[share]"}, "must say <it>"),
        ({"kind": "check", "condition": "is_odd"}, "unknown condition 'is_odd'"),
    ],
)
def test_a_wrong_grammar_names_its_step(entry, message):
    with pytest.raises(grammar.GrammarError, match=r"x\.yaml, step y") as caught:
        grammar._step("y", entry, "x", {}, grammar.load().slots, "x.yaml, step y")
    assert message in str(caught.value)
