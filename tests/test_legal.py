"""What the masks allow is legal, and what is legal is allowed."""

import random
from dataclasses import replace

import numpy as np
import pytest

from sashimi.program import catalogue, parse, render, tiers, validate
from sashimi.program.check.accept import accepts, admits, beside
from sashimi.program.findings import errors
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.program.ir.walk import MAX_PARTS, Walk
from sashimi.program.tiers import slots
from sashimi.program.tree import Dict

TEXTS = (
    'SHORTCUT "a"\nACTION ask WFAskActionPrompt="Q" WFInputType="Number"\nSET $n = @prev\n'
    "IF $n is_greater_than 3\nACTION alert WFAlertActionMessage=`{$n}!`\n"
    "ELSE\nACTION exit\nENDIF\n",
    'SHORTCUT "b"\nMENU "Which?"\nCASE "one"\nREPEAT 3\nACTION vibrate\nENDREPEAT\nCASE "two"\n'
    "FOREACH @input\nACTION speaktext WFText=$Repeat_Item\nENDFOREACH\nENDMENU\n",
    'SHORTCUT "c"\nACTION downloadurl WFURL="https://a.b" WFHTTPMethod="POST" '
    'WFHTTPHeaders=HEADERS {"k": "v"} WFJSONValues={"a": 1, "b": @prev}\n'
    'ACTION list WFItems=["x", "y"]\n'
    'ACTION adjustdate WFDuration=QTY(7, "days") WFDate=`{@date}`\n',
)


@pytest.fixture(scope="module")
def vocabulary():
    programs = [parse(text) for text in TEXTS]
    return Vocabulary.build([tiers.encode(p) for p in programs], catalogue.load())


def values_for(tokens):
    """Some value for every slot; texts that are numbers pass wherever a text may stand."""
    found, names = [], 0
    for index, (position, kind) in enumerate(slots(tokens)):
        names += kind == "name"
        number = {"number": 2, "name": f"v{names}", "literal": Dict(())}
        found.append(number.get(kind, str(index)))
        assert tokens[position]
    return found


def test_the_training_programs_are_legal(vocabulary):
    for text in TEXTS[:2]:
        legality = Legality(vocabulary, limit=500)
        for token in tiers.encode(parse(text)).merged():
            assert legality.mask()[vocabulary.ids[token]], (text, token)
            legality.advance(vocabulary.ids[token])
        assert legality.done


@pytest.mark.parametrize("seed", range(60))
def test_a_random_walk_under_the_masks_validates_strictly(vocabulary, seed):
    chance = random.Random(seed)
    legality, tokens = Legality(vocabulary, limit=300), []
    while not legality.done:
        token = chance.choice(np.flatnonzero(legality.mask()).tolist())
        tokens.append(vocabulary.tokens[token])
        legality.advance(token)
    assert len(tokens) <= 300
    program = tiers.assemble(tokens, values_for(tokens))
    assert parse(render(program)) == program
    assert validate(program, strict=True) == []


def test_masks_from_real_programs_are_legal_too(real_programs):
    known = catalogue.load().extended(real_programs)
    words = Vocabulary.build([tiers.encode(p) for p in real_programs], known)
    chance, faults = random.Random(0), []
    for _ in range(40):
        legality, tokens = Legality(words, limit=400), []
        while not legality.done:
            token = chance.choice(np.flatnonzero(legality.mask()).tolist())
            tokens.append(words.tokens[token])
            legality.advance(token)
        assert len(tokens) <= 400
        program = tiers.assemble(tokens, values_for(tokens))
        faults += [f for f in validate(program, strict=True, catalogue=known)]
    # which literal stands in a slot is the filler's to decide, so literals may be wrong
    of_literals = ("expected a", "Health has no")
    assert [f for f in errors(faults) if not any(w in f.why for w in of_literals)] == []


def test_the_longest_interpolation_can_only_end():
    parts = "".join(f"a{k} {{@prev}} " for k in range(MAX_PARTS))  # more parts than are decoded
    program = parse(f'SHORTCUT "d"\nACTION gettext\nACTION alert WFAlertActionMessage=`{parts}`\n')
    ir = tiers.encode(program)
    words = Vocabulary.build([ir], catalogue.load())
    legality = Legality(words, 512)
    for token in ir.merged():
        if legality.walk.due.context == "last part":
            break
        legality.advance(words.ids[token])
    assert legality.walk.due.context == "last part"
    assert [words.tokens[i] for i in np.flatnonzero(legality.mask())] == ["</interp>"]


def test_variables_are_legal_only_once_they_are_set(vocabulary):
    legality = Legality(vocabulary, limit=100)
    slot = vocabulary.ids["$1"]
    for token in ("IF",):
        legality.advance(vocabulary.ids[token])
    assert not legality.mask()[slot]
    legality = Legality(vocabulary, limit=100)
    for token in ("SET", "$1", "<text>", "IF"):
        assert legality.mask()[vocabulary.ids[token]], token
        legality.advance(vocabulary.ids[token])
    assert legality.mask()[slot]
    assert not legality.mask()[vocabulary.ids["$Repeat_Item"]]


def legal_next(words, *tokens):
    """The mask after these tokens, as the set of tokens it allows."""
    legality = Legality(words, limit=300)
    for token in tokens:
        assert legality.mask()[words.ids[token]], token
        legality.advance(words.ids[token])
    return {words.tokens[i] for i in np.flatnonzero(legality.mask())}


def test_a_parameter_that_would_be_ignored_is_not_legal():
    text = (
        'SHORTCUT "a"\nACTION ask WFInputType="Date"\n'
        'ACTION ask WFAskActionDefaultAnswer="x" WFInputType="Text"\n'
    )
    words = Vocabulary.build([tiers.encode(parse(text))], catalogue.load())
    kind, answer = "key:WFInputType", "key:WFAskActionDefaultAnswer"
    assert answer in legal_next(words, "ACTION ask", kind, '="Text"')
    assert answer not in legal_next(words, "ACTION ask", kind, '="Date"')
    assert {'="Text"', '="Date"'} <= legal_next(words, "ACTION ask", kind)
    after = legal_next(words, "ACTION ask", answer, "<text>", kind)
    assert '="Text"' in after and '="Date"' not in after


def test_a_required_parameter_comes_first():
    text = 'SHORTCUT "a"\nACTION properties.health.quantity WFContentItemPropertyName="Value"\n'
    words = Vocabulary.build([tiers.encode(parse(text))], catalogue.load())
    due = legal_next(words, "ACTION properties.health.quantity")
    assert due == {"key:WFContentItemPropertyName"}


def test_a_variable_set_on_one_way_is_not_legal_after(vocabulary):
    way = ("IF", "@input", "is_greater_than", "<text>", "SET", "$1", "<text>")
    assert "$1" in legal_next(vocabulary, *way, "IF")
    assert "$1" not in legal_next(vocabulary, *way, "ELSE", "IF")
    assert "$1" not in legal_next(vocabulary, *way, "ENDIF", "IF")
    asked = ("SET", "$1", "<text>", "IF", "$1", "has_any_value", "<none>", "IF")
    assert "$1" in legal_next(vocabulary, *asked)


def test_a_unit_and_its_type_are_chosen_together():
    program = parse(
        'SHORTCUT "a"\nACTION health.quantity.log WFQuantitySampleType="Water" '
        'WFQuantitySampleQuantity=QTY(3, "mL")\nSET $x = 1\n'
    )
    tokens = tiers.encode(program).merged()
    at = tokens.index("key:WFQuantitySampleType") + 1
    assert tokens[at] == "<text>" and '="mL"' in tokens
    assert beside(tokens, at, "Water", {}) and not beside(tokens, at, "Weight", {})
    unit = tokens.index('="mL"')
    tokens[unit] = "<text>"
    assert beside(tokens, at, "Weight", {})
    assert beside(tokens, unit, "kg", {at: "Weight"})
    assert not beside(tokens, unit, "mL", {at: "Weight"})
    place = "health.quantity.log key:WFQuantitySampleQuantity unit"
    assert accepts(place, "kg", catalogue.load())
    assert not accepts(place, "stones", catalogue.load())
    assert not accepts("timer.start key:WFDuration unit", "days", catalogue.load())
    assert admits("timer.start key:WFDuration", "<quantity>", catalogue.load())
    assert admits("health.quantity.log key:WFQuantitySampleType", "<text>", catalogue.load())


def test_the_walk_refuses_what_the_grammar_cannot_place():
    walk = Walk()
    with pytest.raises(ValueError, match="expected a statement"):
        walk.advance("ENDIF")
    done = Walk()
    done.advance("END")
    with pytest.raises(ValueError, match="nothing may follow"):
        done.advance("END")


def test_the_validator_decides_what_a_place_takes():
    known = catalogue.load()
    assert accepts("IF is_greater_than", 3, known)
    assert not accepts("IF is_greater_than", "three", known)
    assert accepts("IF contains", "three", known)
    assert not accepts("REPEAT", 2.5, known)
    assert not admits("alert key:WFAlertActionCancelButtonShown", "<list>", known)
    assert admits("alert key:WFAlertActionCancelButtonShown", "true", known)


def test_a_vocabulary_survives_json(vocabulary):
    again = Vocabulary.from_json(vocabulary.to_json())
    assert again == vocabulary
    assert again.coverage([tiers.encode(parse(TEXTS[0]))])["tier1"] == (13, 13)


def test_kept_masks_are_those_made_anew(vocabulary):
    """A vocabulary keeps masks by the state of the grammar: a fresh one makes the same."""
    chance = random.Random(3)
    for _ in range(5):
        kept = Legality(vocabulary, 120)
        while not kept.done:
            fresh = Legality(replace(vocabulary), 120)
            fresh.walk = kept.walk
            mask = kept.mask()
            assert np.array_equal(mask, fresh.mask())
            for token, index in vocabulary.reference_ids.items():
                if mask[index]:
                    assert kept.walk.scope.surely(token)
            kept.advance(chance.choice(np.flatnonzero(mask).tolist()))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_of_the_scope_is_what_a_fresh_look_finds(vocabulary, seed):
    chance = random.Random(seed)
    legality = Legality(vocabulary, limit=300)
    while not legality.done:
        token = chance.choice(np.flatnonzero(legality.mask()).tolist())
        kept, legality._looked = legality._sure(), -1
        assert legality._sure() == kept
        legality.advance(token)
