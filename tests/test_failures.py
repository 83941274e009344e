"""The stage at which a program first differs, by hand for every stage."""

import pytest

from sashimi.flagship.data.corpus import Example
from sashimi.flagship.judge import failures
from sashimi.program import parse

ASKED = """SHORTCUT "A"
ACTION ask WFAskActionPrompt="How much?" WFInputType="Number"
SET $n = @prev
IF $n is_greater_than 2
ACTION notification WFNotificationActionBody="Enough"
ENDIF
"""


def program(text=ASKED, *changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse(text)


CASES = {
    "right": [('SHORTCUT "A"', 'SHORTCUT "Other"')],
    "value": [("How much?", "How many?")],
    "parameter": [('WFInputType="Number"', 'WFInputType="Text"')],
    "reference": [("is_greater_than", "is_less_than")],
    "action": [("ACTION notification WFNotificationActionBody", "ACTION showresult Text")],
    "blocks": [("IF $n is_greater_than 2", "REPEAT 2"), ("ENDIF", "ENDREPEAT")],
    "too long": [("ENDIF\n", "ENDIF\nACTION vibrate\n")],
    "too short": [('ACTION notification WFNotificationActionBody="Enough"\n', "")],
}


@pytest.mark.parametrize("stage", CASES)
def test_each_stage_by_hand(stage):
    assert failures.stage_of(program(), program(ASKED, *CASES[stage])) == stage


def test_what_is_refused_or_not_written_comes_first():
    assert failures.stage_of(program(), program(), admitted=False) == "refused"
    assert failures.stage_of(program(), None) == "no program"
    assert failures.stage_of(program(), None, admitted=False) == "refused"


def test_comments_do_not_run_and_a_block_left_out_is_short():
    noted = program(ASKED, ("SET", 'ACTION comment WFCommentActionText="here"\nSET'))
    assert failures.stage_of(noted, program()) == failures.stage_of(program(), noted) == "right"
    flat = program(ASKED, ("IF $n is_greater_than 2\n", ""), ("ENDIF\n", ""))
    assert failures.stage_of(program(), flat) == "too short"
    assert failures.stage_of(flat, program()) == "too long"
    moved = ASKED.replace("ENDIF\n", "").replace(
        "ACTION notification", "ENDIF\nACTION notification"
    )
    assert failures.stage_of(program(), parse(moved)) == "action", "the same blocks, emptied"


def test_every_prompt_is_counted_once_in_each_category():
    part = [
        Example(str(n), "word " * size, program(), domain, style)
        for n, (size, domain, style) in enumerate(
            [(3, "health", "short"), (12, "health", "long"), (40, "files", "long")]
        )
    ]
    made = [program(), None, program(ASKED, *CASES["value"])]
    found = failures.counts(part, made, [True, True, False])
    assert found == {
        "all": {"refused": 1, "no program": 1, "right": 1},
        "domain": {"files": {"refused": 1}, "health": {"no program": 1, "right": 1}},
        "length": {
            "9 to 16": {"no program": 1},
            "more than 32": {"refused": 1},
            "up to 8 words": {"right": 1},
        },
        "style": {"long": {"refused": 1, "no program": 1}, "short": {"right": 1}},
    }
    nameless = [Example("0", "a b", program(), "health")]
    assert "style" not in failures.counts(nameless, [None], [True])
