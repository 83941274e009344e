"""Hard negatives: wrong in meaning, described rightly, kept apart, the same from their file."""

import random
from collections import defaultdict
from dataclasses import replace

import pytest
import strategies
from development import CORPUS, needs_shared
from hypothesis import given, settings

from sashimi import params
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import negatives
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.corpus import Corpus, Example
from sashimi.flagship.negatives import audit
from sashimi.flagship.negatives.differences import count, describe
from sashimi.flagship.negatives.known import Known
from sashimi.flagship.negatives.lines import CLOSE, PART, Line, Unmatched, flat, rebuilt
from sashimi.flagship.negatives.make import PERTURBATIONS, Judge
from sashimi.flagship.negatives.meaning import meaning
from sashimi.flagship.params import NegativesParams
from sashimi.program import catalogue, parse, render, tiers, validate
from sashimi.program.findings import errors
from sashimi.program.tree import Program


def program(*lines: str, name: str = "A") -> Program:
    return parse("\n".join([f'SHORTCUT "{name}"', *lines]) + "\n")


@pytest.fixture(scope="module")
def small() -> Corpus:
    return corpora.load("builtin", limit=120)


@pytest.fixture(scope="module")
def made(small):
    return negatives.make(small, synthetic_each=3, seed=0)


# Lines.


@settings(max_examples=100, deadline=None)
@given(strategies.programs)
def test_lines_give_every_program_back(whole):
    assert rebuilt(flat(whole.body)) == whole.body


def test_lines_that_do_not_match_are_refused():
    lines = flat(program("IF @input has_any_value", "ACTION vibrate", "ENDIF").body)
    for wrong in (
        lines[:-1],
        [*lines, Line(CLOSE)],
        [*lines[:-1], Line(PART), Line(PART), lines[-1]],
    ):
        with pytest.raises(Unmatched):
            rebuilt(wrong)


# Meaning.

SAME = {
    "title and comments": (
        ["ACTION vibrate"],
        ['ACTION comment WFCommentActionText="once"', "ACTION vibrate"],
    ),
    "names of variables": (
        ["SET $a = 3", "REPEAT $a", "ACTION vibrate", "ENDREPEAT"],
        ["SET $Times = 3", "REPEAT $Times", "ACTION vibrate", "ENDREPEAT"],
    ),
    "an output by either name": (
        ["ACTION ask", "ACTION showresult Text=`{@ask}`"],
        ["ACTION ask", "ACTION showresult Text=`{@prev}`"],
    ),
    "an output with a name of its own": (
        ['ACTION ask CustomOutputName="Name"', "ACTION showresult Text=`{@Name}`"],
        ["ACTION ask", "ACTION showresult Text=`{@prev}`"],
    ),
    "an input that is the output before": (
        ["ACTION getclipboard", "ACTION detect.link"],
        ["ACTION getclipboard", "ACTION detect.link WFInput=@prev"],
    ),
    "a number as text": (
        ["ACTION delay WFDelayTime=5"],
        ['ACTION delay WFDelayTime="5"'],
    ),
}
DIFFERENT = {
    "order": (["ACTION vibrate", "ACTION exit"], ["ACTION exit", "ACTION vibrate"]),
    "a value": (["ACTION delay WFDelayTime=5"], ["ACTION delay WFDelayTime=6"]),
    "true is no number": (["ACTION dnd.set Enabled=true"], ["ACTION dnd.set Enabled=1"]),
    "the variable that is read": (
        ["SET $a = 1", "SET $b = 2", "ACTION showresult Text=`{$a}`"],
        ["SET $a = 1", "SET $b = 2", "ACTION showresult Text=`{$b}`"],
    ),
    "the output that is read": (
        ["ACTION ask", "ACTION getclipboard", "ACTION showresult Text=`{@ask}`"],
        ["ACTION ask", "ACTION getclipboard", "ACTION showresult Text=`{@prev}`"],
    ),
    "where a block ends": (
        ["REPEAT 2", "ACTION vibrate", "ENDREPEAT", "ACTION exit"],
        ["REPEAT 2", "ACTION vibrate", "ACTION exit", "ENDREPEAT"],
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_layout_is_no_meaning(name):
    one, other = SAME[name]
    assert meaning(program(*one)) == meaning(program(*other, name="Another"))


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_runs_differently_means_something_else(name):
    one, other = DIFFERENT[name]
    assert meaning(program(*one)) != meaning(program(*other))


def test_what_no_plist_holds_has_no_meaning():
    assert meaning(program("IF @input no_such_condition 1", "ACTION exit", "ENDIF")) is None


# Perturbations, each against every result that it may have.

BODY = {
    "if": [
        "IF @input contains \"a\"", "ACTION vibrate", "ACTION exit", "ELSE", "ACTION nothing",
        "ACTION getclipboard", "ENDIF",
    ],
    "loop": ["REPEAT 2", "ACTION vibrate", "ACTION exit", "ENDREPEAT", "ACTION getclipboard"],
    "menu": ["MENU \"M\"", "CASE \"a\"", "ACTION vibrate", "CASE \"b\"", "ACTION exit", "ENDMENU"],
}  # fmt: skip
RESULTS = [
    ("missing step", "menu", ["M a b exit .", "M a vibrate b ."]),
    ("repeated step", "menu", ["M a vibrate vibrate b exit .", "M a vibrate b exit exit ."]),
    ("swapped steps", "loop", ["R exit vibrate . getclipboard"]),
    ("moved step", "menu", ["M a b vibrate exit .", "M a vibrate exit b ."]),
    ("moved end", "loop", ["R vibrate . exit getclipboard", "R vibrate exit getclipboard ."]),
    ("dropped end", "loop", ["R vibrate . exit getclipboard", "R vibrate exit getclipboard ."]),
    ("missing block", "loop", ["vibrate exit getclipboard"]),
    ("missing branch", "menu", ["M b exit .", "M a vibrate ."]),
    ("missing branch", "if", ["I vibrate exit ."]),
    ("repeated case", "menu", ["M a vibrate a vibrate b exit .", "M a vibrate b exit b exit ."]),
    ("swapped branches", "menu", ["M a exit b vibrate ."]),
    ("swapped branches", "if", ["I nothing getclipboard E vibrate exit ."]),
    ("missing block", "if", ["vibrate exit"]),
]


def outline(whole: Program) -> str:
    """``R vibrate . exit``: a repeat with one step, then another."""
    short = {"REPEAT": "R", "MENU": "M", "IF": "I", "ELSE": "E", "ACTION": "", "CASE": ""}
    words = []
    for line in render(whole).splitlines()[1:-1]:
        first, *rest = line.split()
        kept = [] if first in ("REPEAT", "MENU", "IF") else [word.strip('"') for word in rest[:1]]
        words += ["."] if first.startswith("END") else [w for w in (short[first], *kept) if w]
    return " ".join(words)


@pytest.mark.parametrize(("kind", "body", "allowed"), RESULTS)
def test_a_perturbation_does_what_its_name_says(kind, body, allowed):
    whole, known = program(*BODY[body]), Known.of([], catalogue.load())
    seen = set()
    for seed in range(60):
        lines = PERTURBATIONS[kind](flat(whole.body), random.Random(seed), known)
        seen.add(outline(Program("A", rebuilt(lines))))
    assert seen == set(allowed)


def test_a_perturbation_without_a_place_says_so():
    known = Known.of([], catalogue.load())
    for kind, perturb in PERTURBATIONS.items():
        lines = perturb(flat(program("ACTION exit").body), random.Random(0), known)
        assert lines is None or kind == "repeated step"


def test_negated_conditions_are_the_opposite():
    whole, known = program(*BODY["if"]), Known.of([], catalogue.load())
    lines = PERTURBATIONS["negated condition"](flat(whole.body), random.Random(0), known)
    assert render(Program("A", rebuilt(lines))) == render(whole).replace(
        "contains", "does_not_contain"
    )


def test_another_source_is_never_another_name_of_the_same_data():
    lines = ["ACTION ask", "SET $a = @prev", "SET $b = 1", "ACTION showresult Text=`{$a}`"]
    whole, known = program(*lines), Known.of([], catalogue.load())
    seen = set()
    for seed in range(60):
        made = PERTURBATIONS["other source"](flat(whole.body), random.Random(seed), known)
        seen.add(render(Program("A", rebuilt(made))).split("SET $b = 1\n")[1].split("\n")[0])
    texts = {line for line in seen if "@ask" not in line and "`{$a}`" not in line}
    assert texts == {"ACTION showresult Text=`{$b}`", "ACTION showresult Text=`{@input}`"}


def test_other_actions_are_alike_and_keep_the_data(small):
    programs = [example.program for example in small.train]
    known = Known.of(programs, catalogue.load().extended(programs))
    own = program("ACTION getclipboard", 'ACTION text.split WFTextSeparator="Spaces"').body[1]
    others = {known.like(own, random.Random(seed)) for seed in range(40)} - {None}
    assert all(other.name != own.name for other in others)
    assert all(known.likeness(own.name, other.name) >= 0.75 for other in others)


def test_a_listed_value_out_of_force_is_left_alone():
    known = Known.of([], catalogue.load())
    split = program('ACTION text.split WFTextSeparator="Spaces"').body[0]
    value = known.other_value(split, 0, random.Random(0))
    listed = catalogue.find("text.split").parameter("WFTextSeparator").enum
    assert value in set(listed) - {"Spaces"}
    assert (
        known.other_value(program('ACTION exit WFResult="a"').body[0], 0, random.Random(0)) is None
    )


def test_a_plausible_program_has_no_new_neighbours():
    whole = program(*BODY["loop"])
    known = Known.of([whole], catalogue.load())
    assert known.plausible(whole)
    assert not known.plausible(program(*BODY["loop"], "ACTION vibrate"))
    assert not known.plausible(program("ACTION vibrate"))  # nothing began or ended with it
    seen = [program("ACTION exit"), program("ACTION exit", "ACTION exit")]
    assert Known.of(seen, catalogue.load()).plausible(program(*["ACTION exit"] * 3))


# Description and weight.


@pytest.mark.parametrize(
    ("one", "other", "tags", "severity", "places"),
    [
        (["ACTION vibrate"], ["ACTION exit"], ("other step",), 1.0, 1),
        (["ACTION vibrate", "ACTION exit"], ["ACTION exit"], ("missing step",), 1.0, 1),
        (["ACTION exit"], ["ACTION exit", "ACTION exit"], ("extra step",), 1.0, 1),
        (["ACTION exit", "ACTION vibrate"], ["ACTION vibrate", "ACTION exit"], ("order",), 0.75, 2),
        (["REPEAT 2", "ACTION exit", "ENDREPEAT"], ["ACTION exit"], ("missing block",), 1.0, 2),
        (*DIFFERENT["where a block ends"], ("nesting",), 0.75, 2),
        (["ACTION delay WFDelayTime=5"], ["ACTION delay WFDelayTime=6"], ("literal",), 0.5, 1),
        (["ACTION dnd.set A=true"], ["ACTION dnd.set A=false"], ("listed value",), 0.5, 1),
        (["ACTION alert"], ["ACTION alert K=@input"], ("parameter", "source"), 0.75, 1),
        (["ACTION showresult Text=@input"], ["ACTION showresult Text=@date"], ("source",), 0.75, 1),
        (
            ["IF @input contains \"a\"", "ENDIF"],
            ["IF @input does_not_contain \"a\"", "ENDIF"],
            ("condition",), 1.0, 1,
        ),
    ],
)  # fmt: skip
def test_differences_by_hand(one, other, tags, severity, places):
    found, worst, number = describe(program(*one), program(*other))
    assert (set(found), worst, number) == (set(tags), severity, places)


def test_names_of_variables_are_no_difference():
    one = tiers.encode(program("SET $a = 1", "ACTION showresult Text=$a"))
    assert (
        count(one, tiers.encode(program("SET $b = 1", "ACTION showresult Text=$b", name="B"))) == 0
    )


def test_weights_by_hand(made):
    triple = replace(made.everything()[0], severity=0.75, count=2)
    assert negatives.weight(triple, alpha=0.5, beta=0.25) == 1 + 0.5 * 0.75 + 0.25 * 2
    assert negatives.weight(triple, alpha=0.0, beta=0.0) == 1.0


# Files.


def test_triples_come_back_from_their_file(made, tmp_path):
    for split, triples in made.triples.items():
        negatives.save(triples, tmp_path / f"{split}.jsonl")
        assert negatives.load(tmp_path / f"{split}.jsonl") == triples
        assert repr(negatives.load(tmp_path / f"{split}.jsonl")) == repr(triples)


@settings(max_examples=40, deadline=None)
@given(strategies.programs, strategies.programs)
def test_any_two_programs_come_back(tmp_path_factory, one, other):
    path = tmp_path_factory.mktemp("any") / "a.jsonl"
    sides = tiers.encode(one), tiers.encode(other)
    triple = negatives.Triple(
        "1", "train", "p", *sides, "synthetic", "k", ("order",), 0.75, 1, False
    )
    negatives.save([triple], path)
    back = negatives.load(path)[0]
    assert render(tiers.lower(back.positive)) == render(one)
    assert render(tiers.lower(back.negative)) == render(other)


def test_a_damaged_or_missing_file_is_named(made, tmp_path):
    with pytest.raises(BadInput, match=r"cannot read .*none.jsonl.*sashimi run params/negatives"):
        negatives.load(tmp_path / "none.jsonl")
    path = tmp_path / "a.jsonl"
    negatives.save(made.triples["dev"], path)
    path.write_text(path.read_text() + '{"id": "x"}\n')
    lines = len(path.read_text().splitlines())
    with pytest.raises(BadInput, match=rf"a\.jsonl:{lines}: .*run again"):
        negatives.load(path)


# The whole set.


def test_the_same_seed_makes_the_same_negatives(small, made):
    assert negatives.make(small, 3, seed=0).triples == made.triples
    assert negatives.make(small, 3, seed=1).triples != made.triples


def test_every_negative_is_one(small, made):
    everything = made.everything()
    assert audit.differing(made.triples, small).value == 1.0
    assert audit.astray(made.triples, small) == 0
    assert all(audit.kinds(everything).values())
    known = catalogue.load().extended([example.program for example in small.train])
    for triple in everything:
        found = validate(tiers.lower(triple.negative), strict=True, catalogue=known)
        assert triple.legal == (not errors(found))
    per_prompt = defaultdict(list)
    for triple in everything:
        per_prompt[triple.id].append(meaning(tiers.lower(triple.negative)))
    assert all(len(found) == len(set(found)) for found in per_prompt.values())


def test_the_audit_sees_what_is_wrong(small, made):
    first = made.triples["train"][0]
    planted = {**made.triples, "dev": [first]}
    assert audit.astray(planted, small) == 1
    same = replace(first, negative=first.positive)
    assert audit.differing({"train": [same, first]}, small).value == 0.5


def test_what_is_right_for_the_same_prompt_is_no_negative():
    one, two = program("ACTION vibrate"), program("ACTION exit")
    train = [Example("1", "Do  it", one, "d"), Example("2", "do it", two, "d")]
    judge = Judge(Corpus("x", "0", train, [], [], []), catalogue.load())
    assert not judge.keep((train[0], two, "synthetic", "k"))
    assert not judge.keep((train[0], program("ACTION vibrate", name="B"), "synthetic", "k"))
    assert judge.keep((train[0], program("ACTION getclipboard"), "synthetic", "k"))
    assert not judge.keep((train[0], program("ACTION getclipboard"), "synthetic", "k"))
    assert dict(judge.made.fate) == {
        ("synthetic", "right for the same prompt"): 1,
        ("synthetic", "means the same"): 1,
        ("synthetic", "kept"): 1,
        ("synthetic", "made already"): 1,
    }


# What gives a negative away.


def test_rows_of_the_study_load():
    rows = sorted((root() / "params" / "negatives").glob("*.yaml"))
    assert {row.stem for row in rows} >= {"00_full", "10_adversarial", "90_smoke"}
    for row in rows:
        assert params.load(row, NegativesParams)


@needs_shared
def test_negatives_of_real_programs():
    corpus = corpora.load(CORPUS, limit=80)
    made = negatives.make(corpus, 4, 0)
    assert audit.differing(made.triples, corpus).value == 1.0
    assert audit.astray(made.triples, corpus) == 0
    assert len(made.everything()) > 3 * len(corpus.examples())
