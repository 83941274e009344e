"""Plans: which actions a prompt asks for, by votes and by names, and programs put together."""

import numpy as np
import pytest

from sashimi.encode import encode
from sashimi.flagship.answer import candidates, choose, compose, plan
from sashimi.flagship.answer.choose import Candidates, Choice, Form
from sashimi.flagship.answer.compose import Composer
from sashimi.flagship.answer.library import Library
from sashimi.flagship.answer.plan import Plan, Planner
from sashimi.flagship.data import corpus as corpora
from sashimi.program import catalogue, tiers
from sashimi.program.ir.vocabulary import Vocabulary

THINGS = ("kettle", "lamp", "heater", "radio", "printer", "camera", "clock", "fan", "door", "oven")
DEEDS = ("Start", "Stop", "Show")


def library_of(prompts, programs):
    nothing = [() for _ in prompts]
    return Library(prompts, encode(prompts).pooled.numpy(), nothing, nothing, programs)


@pytest.fixture(scope="module")
def planner():
    """Of thirty programs, each with an action of its own; the catalogue has six more."""
    named = {f"com.acme.{t.title()}.{d}{t.title()}Intent": (d, t) for t in THINGS for d in DEEDS}
    prompts = [f"{deed} my {thing} please" for deed, thing in named.values()]
    forms = [Form((f"ACTION {n}", "END"), (f"ACTION {n}",)) for n in named]
    others = [f"com.acme.Toaster.{deed}ToasterIntent" for deed in (*DEEDS, "Clean", "Buy", "Sell")]
    made = Planner(library_of(prompts, range(len(prompts))), forms, [*named, *others])
    made.fit(seed=0)
    return made


def test_names_become_words():
    assert plan.words_of("ACTION com.apple.Notes.CreateNoteIntent") == "com apple Notes Create Note"
    assert plan.words_of("ACTION is.workflow.actions.dnd.set") == "dnd set"
    assert plan.words_of("ACTION getURLComponent") == "get URL Component"
    assert plan.words_of("ACTION Intent") == "Intent"


def test_an_action_that_no_program_has_is_planned_for_its_name(planner):
    prompts = ["Clean my toaster please"]
    vectors = encode(prompts).pooled.numpy()
    similar = planner.library.index.similarity(prompts, vectors)
    (found,) = planner.plans(prompts, vectors, similar)
    assert found.actions[0] == "ACTION com.acme.Toaster.CleanToasterIntent"
    assert list(found.chances) == sorted(found.chances, reverse=True)
    assert all(0 <= chance <= 1 for chance in found.chances)


def test_a_lesson_holds_no_vote_of_its_own_program(planner):
    features, asked = planner.lessons(np.arange(30), planner.library.programs)
    right = features[asked > 0]
    assert len(right) > 20  # by their names
    assert right[:, :3].max() == 0  # every program is the only one with its action
    assert np.allclose(right[:, 7], np.log(1e-4))  # nor is it counted in the prior
    assert features[asked == 0][:, 0].max() > 0


def test_expected_f1_by_hand():
    known = Plan(("a", "b", "c"), (0.8, 0.5, 0.2))
    assert plan.expected_f1(["a"], known) == pytest.approx(2 * 0.8 / (1 + 1.5))
    assert plan.expected_f1(["b", "a", "a"], known) == pytest.approx(2 * 1.3 / (2 + 1.5))
    assert plan.expected_f1(["elsewhere"], known) == 0
    assert plan.expected_f1([], Plan((), ())) == 0


TOKENS = [
    ["ACTION alert", "key:WFAlertActionMessage", "<text>", "ACTION delay", "END"],
    ["ACTION comment", "key:WFCommentActionText", "<text>", "ACTION delay", "key:t", "$1", "END"],
    ["IF", "@prev", "is", "<text>", "ACTION vibrate", "ENDIF", "END"],
]


@pytest.fixture
def composer():
    return Composer(TOKENS, [Form.of(tokens) for tokens in TOKENS])


def test_statements_stand_by_themselves():
    found = [list(compose.statements_of(tokens)) for tokens in TOKENS]
    alert = ("ACTION alert", "key:WFAlertActionMessage", "<text>")
    assert found == [[alert, ("ACTION delay",)], [], [("ACTION vibrate",)]]


def test_what_is_put_together(composer):
    known = Plan(("ACTION delay", "ACTION beep"), (0.9, 0.5))
    alert, delay, beep = "ACTION alert", "ACTION delay", "ACTION beep"
    assert set(composer.sequences(known, [0, 2])) == {
        (delay,),
        (beep,),
        (delay, beep),
        (alert,),  # the neighbour without its delay
        (alert, delay, beep),
        (beep, delay),  # in the place of alert
        (alert, beep),
    }
    assert (delay,) not in composer.sequences(known, [1])  # a neighbour's own, comment aside


def test_an_order_is_the_one_that_training_has(composer):
    known = Plan(("ACTION delay", "ACTION alert"), (0.9, 0.5))
    assert ("ACTION alert", "ACTION delay") in composer.sequences(known, [])


def test_parameters_come_from_the_most_similar_program():
    tokens = [["ACTION alert", "key:one", "<text>", "END"], ["ACTION alert", "END"]]
    composer = Composer(tokens, [Form.of(own) for own in tokens])
    actions = ("ACTION alert", "ACTION beep")
    assert composer.tokens(actions, np.array([1.0, 0.0])) == [*tokens[0][:3], "ACTION beep", "END"]
    assert composer.tokens(actions, np.array([0.0, 1.0])) == [*actions, "END"]
    assert compose.bare(composer.tokens(actions, np.array([1.0, 0.0]))) == [*actions, "END"]


def test_the_masks_judge_what_is_put_together():
    programs = [tiers.encode(e.program) for e in corpora.load("builtin", limit=60).train]
    words = Vocabulary.build(programs, catalogue.load())
    assert all(candidates.allowed(words, ir.merged()) for ir in programs)
    new = next(
        f"ACTION {name}"
        for name in catalogue.load().names()
        if f"ACTION {name}" not in words.ids and candidates.stands_alone(f"ACTION {name}")
    )
    assert candidates.allowed(words, [new, "END"])
    assert candidates.allowed(words, [new, new, "END"])
    assert not candidates.allowed(words, [new, "key:unheard", "<text>", "END"])
    assert not candidates.allowed(words, ["ACTION of.no.catalogue", "END"])
    assert not candidates.allowed(words, ["END"])
    assert not candidates.allowed(words, [new])
    given = [new, "key:unheard", "<text>", "END"]
    assert candidates.first_allowed(words, given) == [new, "END"]
    assert candidates.first_allowed(words, ["END"]) is None


def test_a_plan_counts_beside_agreement():
    one, two = (Form.of([f"ACTION {name}", "END"]) for name in ("alert", "delay"))
    found = Candidates([], [], [one], [0.5], [two], planned=[0.2, 0.9])
    assert choose.ranked(found, Choice(0.5, 0.1, 0.0))[0] == (0, 1.0)
    best, worth = choose.ranked(found, Choice(0.5, 0.1, 0.75))[0]
    assert (best, worth) == (1, pytest.approx(0.75 * 0.9))
    assert choose.tuned([found] * 3, [two] * 3).plan > 0.5


def test_without_a_skeleton_its_witnesses_are_gone():
    one, two = (Form.of([f"ACTION {name}", "END"]) for name in ("alert", "delay"))
    found = Candidates([two, one], [0.0, -1.0], [one, two], [0.9, 0.8], [one], [1, 2, 3, 4, 5])
    left = found.without(one.skeleton)
    assert (left.beams, left.likelihoods) == ([two], [0.0])
    assert (left.neighbours, left.similarities) == ([two], [0.8])
    assert (left.composed, left.planned) == ([one], [1, 4, 5])
