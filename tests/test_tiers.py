"""The typed IR gives every program back, and its tiers hold what they say they hold."""

import pytest
from hypothesis import given
from strategies import programs

from sashimi.program import parse, render, tiers
from sashimi.program.ir.tokens import IRError
from sashimi.program.tiers import TypedIR

TEXT = """SHORTCUT "Log water"
ACTION ask WFAskActionPrompt="How much?" WFInputType="Number"
SET $Amount = @prev
IF $Amount is_greater_than 2
  ACTION notification WFNotificationActionBody=`You drank {$Amount} glasses`
ELSE
  FOREACH @input
    ACTION appendvariable WFInput=$Repeat_Item WFVariableName="List"
  ENDFOREACH
ENDIF
"""


def test_tiers_of_a_program_by_hand():
    ir = tiers.encode(parse(TEXT))
    assert ir.structure == (
        *("ACTION ask", "SET", "$1", "@prev"),
        *("IF", "$1", "is_greater_than", "<number>", "ACTION notification", "ELSE"),
        *("FOREACH", "@input", "ACTION appendvariable", "ENDFOREACH", "ENDIF", "END"),
    )
    assert ir.parameters == (
        ("key:WFAskActionPrompt", "<text>", "key:WFInputType", '="Number"'),
        ("key:WFNotificationActionBody", "<interp>", "<text>", "$1", "<text>", "</interp>"),
        ("key:WFInput", "$Repeat_Item", "key:WFVariableName", "name:$2"),
    )
    assert ir.values == ("How much?", "Amount", 2, "You drank ", " glasses", "List", "Log water")


def test_slots_stand_where_the_values_go():
    ir = tiers.encode(parse(TEXT))
    kinds = [kind for _, kind in tiers.slots(ir.merged())]
    assert kinds == ["text", "name", "number", "text", "text", "name", "title"]


@given(programs)
def test_lower_is_the_inverse_of_encode(program):
    lowered = tiers.lower(tiers.encode(program))
    assert lowered == program
    assert repr(lowered) == repr(program)  # == holds 1, 1.0 and True for one value


def test_every_real_program_survives(real_programs):
    failed = [p.name for p in real_programs if repr(tiers.lower(tiers.encode(p))) != repr(p)]
    assert failed == []
    assert len(real_programs) == 1671


def test_skeleton_abstracts_names_and_values_but_not_actions():
    other = TEXT.replace("Amount", "Glasses").replace("How much?", "Well?").replace("2\n", "7\n")
    assert tiers.skeleton(parse(other)) == tiers.skeleton(parse(TEXT))
    changed = TEXT.replace("ACTION notification", "ACTION alert")
    assert tiers.skeleton(parse(changed)) != tiers.skeleton(parse(TEXT))


def test_without_comments_keeps_the_rest():
    text = 'SHORTCUT "x"\nIF @input contains "a"\nACTION comment WFCommentActionText="c"\nENDIF\n'
    kept = tiers.without_comments(parse(text))
    assert render(kept) == render(parse(text.replace('ACTION comment WFCommentActionText="c"', "")))


@pytest.mark.parametrize(
    ("structure", "parameters", "values", "why"),
    [
        (("ACTION exit",), ((),), (), "end before END"),
        (("END",), (), (), "fewer values"),
        (("END",), (), ("a", "b"), "more values"),
        (("ENDIF", "END"), (), ("a",), "expected a statement"),
        (("SET", "$1", "nonsense", "END"), (), ("v", "a"), "expected a value"),
        (("IF", "@prev", "contains", "<text>", "END"), (), ("v", "a"), "expected a statement"),
    ],
)
def test_what_no_program_has_is_refused(structure, parameters, values, why):
    with pytest.raises(IRError, match=why):
        tiers.lower(TypedIR(structure, parameters, values))
