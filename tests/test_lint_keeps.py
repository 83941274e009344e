"""The linter loses nothing: every statement that can be read is still there, in order."""

from __future__ import annotations

import random

import pytest
from cases import VALID
from hypothesis import given, settings
from hypothesis import strategies as st

from sashimi.program import lint, parse, render
from sashimi.program.text.kept import lost, readable
from sashimi.program.text.repairs import GUESS, LIKELY

ENDS = {
    "ENDIF": ("END IF", "END", "Endif", "end if", "FI", "END_IF", ""),
    "ENDREPEAT": ("END REPEAT", "END", "END LOOP", "ENDFOREACH", ""),
    "ENDFOREACH": ("END FOREACH", "END FOR", "NEXT", "ENDREPEAT", ""),
    "ENDMENU": ("END MENU", "END", "ENDIF", ""),
    "ENDSHORTCUT": ("END SHORTCUT", "END", "", "ENDSHORTCUT\nThat is all."),
    "ELSE": ("OTHERWISE", "ENDIF\nELSE", "ELSE\nELSE", "ELSE IF @input has_any_value"),
}
"""How drafts write an end or a part, or leave it out."""
AROUND = ("```", "Here you go:", "ENDSHORTCUT", "ENDIF", "ELSE", "}", "END IF", 'SHORTCUT "B"', "")
"""Lines that drafts have where they do not belong."""
DRAFTS = [render(parse(text)) for text in VALID.values()]


def damaged(text: str, chance: random.Random) -> str:
    """A draft of a program: ends written otherwise, lines between, quotes and indentation lost."""
    lines = []
    for line in text.split("\n"):
        word = line.strip()
        if word in ENDS and chance.random() < 0.4:
            line = line.replace(word, chance.choice(ENDS[word]))
        if chance.random() < 0.08:
            lines.append(chance.choice(AROUND))
        if chance.random() < 0.04:
            line = line.replace('"', chance.choice("“”'"), 1)
        lines.append(line)
    flat = chance.random() < 0.3
    return "\n".join(line.strip() if flat else line for line in lines)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DRAFTS), st.integers(0, 2**32))
def test_every_readable_statement_is_still_there_in_order(text: str, seed: int) -> None:
    draft = damaged(text, random.Random(seed))
    whole = [
        line.strip() for line in text.split("\n") if line.strip().startswith(("ACTION ", "SET"))
    ]
    intact = [line for line in whole if line in {part.strip() for part in draft.split("\n")}]
    done = lint(draft)
    rest = iter(line.strip() for line in done.text.split("\n"))
    assert [line for line in intact if line not in rest] == []
    assert lost(draft, done.text) == []
    assert lint(done.text).text == done.text
    assert done.faults or parse(done.text)


def whole(body: str) -> str:
    return f'SHORTCUT "A"\n{body}\n'


IF = "IF @input has_any_value\n"
SPELLED = [
    (f"{IF}ACTION vibrate\nEND IF\nACTION exit", f"{IF}ACTION vibrate\nENDIF\nACTION exit"),
    (f"{IF}  ACTION vibrate\nEND\nACTION exit", f"{IF}ACTION vibrate\nENDIF\nACTION exit"),
    ("REPEAT 2\nACTION vibrate\nend loop", "REPEAT 2\nACTION vibrate\nENDREPEAT"),
    ("FOR EACH @input\nACTION vibrate\nNEXT", "FOREACH @input\nACTION vibrate\nENDFOREACH"),
    (
        f"{IF}ACTION vibrate\nENDIF\nELSE\nACTION exit\nENDIF",
        f"{IF}ACTION vibrate\nELSE\nACTION exit\nENDIF",
    ),
    (
        f"{IF}ACTION vibrate\nELSEIF @input contains 3\nACTION nothing\n"
        "ELIF @input == 4\nACTION exit\nENDIF",
        f"{IF}ACTION vibrate\nELSE\nIF @input contains 3\nACTION nothing\nELSE\n"
        "IF @input equals_number 4\nACTION exit\nENDIF\nENDIF\nENDIF",
    ),
    (
        f"{IF}ACTION vibrate\nELSE {IF}ACTION exit\nENDIF\nENDIF\nACTION nothing",
        f"{IF}ACTION vibrate\nELSE\n{IF}ACTION exit\nENDIF\nENDIF\nACTION nothing",
    ),
    (
        'MENU "a"\nCASE "b"\nACTION exit\nEND CASE\nEND MENU',
        'MENU "a"\nCASE "b"\nACTION exit\nENDMENU',
    ),
    ('ACTION gettext WFTextActionText=“say "x"”', 'ACTION gettext WFTextActionText="say \\"x\\""'),
    ("ACTION gettext WFTextActionText=„so“", 'ACTION gettext WFTextActionText="so"'),
    ('ACTION gettext WFTextActionText=“so"', 'ACTION gettext WFTextActionText="so"'),
    ('ACTION gettext WFTextActionText="so”', 'ACTION gettext WFTextActionText="so"'),
    ("ACTION gettext WFTextActionText=‘it’s so’", 'ACTION gettext WFTextActionText="it’s so"'),
    ("ACTION exit\nENDSHORTCUT\nACTION vibrate", "ACTION exit\nACTION vibrate\nENDSHORTCUT"),
    ("SET $My List = @input\nSET $b = $My List", "SET $My_List = @input\nSET $b = $My_List"),
    ("SET $a b = @input\nSET $c = `x {$a b}`", "SET $a_b = @input\nSET $c = `x {$a_b}`"),
    (
        f"SET $a b = @input\n{IF}ENDIF\nIF $a b contains 3\nENDIF",
        f"SET $a_b = @input\n{IF}ENDIF\nIF $a_b contains 3\nENDIF",
    ),
]


@pytest.mark.parametrize(("draft", "wanted"), SPELLED)
def test_words_of_other_languages_are_written_as_here(draft: str, wanted: str) -> None:
    done = lint(whole(draft))
    assert parse(done.text) == parse(whole(wanted))
    assert done.faults == [] and lint(done.text).repairs == []


def test_a_name_in_other_quotes_or_none_is_kept() -> None:
    for head in (
        "SHORTCUT “Tea timer”",
        "SHORTCUT Tea timer",
        "SHORTCUT 'Tea timer'",
        'Shortcut: "Tea timer"',
    ):
        assert lint(f"{head}\nACTION exit\n").text.startswith('SHORTCUT "Tea timer"\n'), head


def test_several_fences_are_one_program() -> None:
    text = 'Sure!\n```\nSHORTCUT "A"\nACTION exit\n```\nThen:\n```\nACTION vibrate\n```\nEnjoy.'
    assert parse(lint(text).text) == parse(whole("ACTION exit\nACTION vibrate"))


def test_what_cannot_be_mended_stays_and_is_told() -> None:
    for body, line in (
        ("ACTION exit\nELSE\nACTION vibrate", 3),
        ('ACTION exit\nCASE "x"\nACTION vibrate', 3),
        ('ACTION exit\nSHORTCUT "B"\nACTION vibrate', 3),
        ("ELSEIF @input has_any_value\nACTION vibrate", 2),
        ("ACTION showresult Text=`It is {@No Such Name} today`\nACTION vibrate", 2),
    ):
        done = lint(whole(body))
        assert done.text == whole(body) and done.repairs == []
        assert [fault.line for fault in done.faults] == [line] and done.faults[0].fix


def test_a_fence_inside_a_string_is_no_fence() -> None:
    body = 'ACTION gettext WFTextActionText="a\n```\nACTION exit\n```\nb"\nACTION vibrate\nEND'
    assert parse(lint(whole(body)).text) == parse(whole(body.removesuffix("\nEND")))


def test_a_repair_that_may_change_the_meaning_is_not_certain() -> None:
    for body, most in (
        (f"{IF}ACTION exit\nACTION vibrate", GUESS),
        ("ACTION exit\nENDIF", GUESS),
        (f"{IF}ACTION exit\nENDREPEAT", GUESS),
        (f"{IF}ACTION exit\nENDIF\nACTION vibrate\nELSE", GUESS),
        ("ACTION ask\nSET $a = @result", LIKELY),
        ("SET $n = @input\nSET $b = @n", LIKELY),
        ('ACTION showresult Text="x{@input}"', LIKELY),
    ):
        assert max(repair.confidence for repair in lint(whole(body)).repairs) <= most, body


def test_names_that_a_loop_makes_and_keys_of_kept_blocks_stay() -> None:
    for body in (
        "FOREACH @input\nSET $a = $Repeat_Item_2\nENDFOREACH",
        "SET $a = @item",
        'ACTION conditional GroupingIdentifier="g" WFConditions={} WFControlFlowMode=0',
    ):
        assert lint(whole(body)).repairs == []


def test_what_can_be_read_alone() -> None:
    text = whole('IF @input has_any_value\nACTION a k=\nCASE "x"\nELSE\nACTION exit\nSET $a = 1')
    assert [line.split("\n")[1].strip() for line in readable(text)] == [
        "IF @input has_any_value",
        'MENU "?"',
        "ACTION exit",
        "SET $a = 1",
    ]
    assert lost("ACTION a\nACTION b\n", "ACTION b\nACTION a\n") == readable("ACTION b\n")


@pytest.mark.parametrize(
    "body",
    [
        "ACTION ask UUID=@Answer\nSET $a = @Answer.Name",
        'SET $"My List" = @input\nACTION showresult Text=`a {$"My List"["k"] as Number} b`',
        'SET $a = @input\nIF ALL $a contains "x", @input is_at_least 3\n'
        "ACTION exit\nENDIF UUID=@R\nSET $b = @R",
        "SET $a = @input\nIF $a as Number is_greater_than 3\nENDIF",
    ],
)
def test_references_with_steps_stay_also_beside_faults(body: str) -> None:
    assert lint(whole(body)).repairs == []
    done = lint(whole(f"{body}\nREPEAT 2\nEND REPEAT"))
    assert done.text == whole(f"{body}\nREPEAT 2\nENDREPEAT") and done.faults == []
    broken = whole(f"{body}\nCASE 'x'")
    assert lint(broken).text == broken


def test_settings_are_kept() -> None:
    text = 'Sure:\nSHORTCUT "A"\nWITH WFWorkflowTypes=["Watch"]\nREPEAT 2\nEND\n'
    assert parse(lint(text).text) == parse(text[6:].replace("END", "ENDREPEAT"))
