"""Reading text: what is accepted, what is refused where and why, and at what cost."""

from __future__ import annotations

import pytest
from cases import REFUSED, VALID, Refused
from work import calls

from sashimi.flagship.judge.stated import Stated
from sashimi.program import CompileError, ParseError, compile, parse, render
from sashimi.program.tree import (
    Action,
    Case,
    Dict,
    ForEach,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Menu,
    Program,
    Quantity,
    Repeat,
    Set,
    Var,
    walk,
)


def one(line: str):
    return parse(f'SHORTCUT "A"\n{line}\n').body[0]


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_valid_cases_are_read(text: str) -> None:
    assert isinstance(parse(text), Program)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_faults_are_refused_where_they_are(case: Refused) -> None:
    with pytest.raises(ParseError) as caught:
        parse(case.text)
    error = caught.value
    assert (error.line, error.column) == (case.line, case.column)
    assert case.why in str(error)
    caret = error.excerpt.split("\n")[1]
    assert caret.strip() == "^" and len(caret) <= 101
    line = case.text.split("\n")[case.line - 1]
    assert error.offending == line[case.column - 1 :].rstrip()
    assert error.fix and error.fix in str(error)


def test_statements_become_their_nodes() -> None:
    text = (
        'SHORTCUT "N"\nSET $a = @input\nIF $a contains "x"\nELSE\nACTION nothing\nENDIF\n'
        'MENU `m`\nCASE "c"\nENDMENU\nREPEAT 2\nENDREPEAT\nFOREACH @prev\nENDFOREACH\n'
    )
    assert parse(text) == Program(
        "N",
        (
            Set("a", Handle("input")),
            If(Var("a"), "contains", "x", (), (Action("nothing"),)),
            Menu(Interp(("m",)), (Case("c", ()),)),
            Repeat(2, ()),
            ForEach(Handle("prev"), ()),
        ),
    )
    assert [statement.line for statement in walk(parse(text).body)] == [2, 3, 5, 7, 10, 12]


def test_values_become_python() -> None:
    action = one(
        'ACTION x a="s" b=-2.5 c=1e3 d=7 e=true f=false g=$v h=@h i=`{$v}t{@h}` '
        'j={"k": [1, "x"], `{$v}`: {}} k=QTY($n, "m") l=HEADERS {"a": "b"} m=[]'
    )
    assert dict(action.params) == {
        "a": "s",
        "b": -2.5,
        "c": 1000.0,
        "d": 7,
        "e": True,
        "f": False,
        "g": Var("v"),
        "h": Handle("h"),
        "i": Interp((Var("v"), "t", Handle("h"))),
        "j": Dict((("k", List((1, "x"))), (Interp((Var("v"),)), Dict(())))),
        "k": Quantity(Var("n"), "m"),
        "l": Headers((("a", "b"),)),
        "m": List(()),
    }
    types = {key: type(value) for key, value in action.params}
    assert types["c"] is float and types["d"] is int and types["e"] is bool


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"\" \\ \n \t \r"', '" \\ \n \t \r'),
        (r'"\d\,"', r"\d\,"),
        (r'"\\n"', "\\n"),
        (r"`\{@prev} \` \,{@prev}`", Interp(("{@prev} ` \\,", Handle("prev")))),
        ('`{"a": {@prev}}`', Interp(('{"a": ', Handle("prev"), "}"))),
        ("``", Interp(())),
        ('"a\r\tb"', "a\r\tb"),
    ],
)
def test_escapes(literal: str, value: object) -> None:
    assert one(f"ACTION x k={literal}").params == (("k", value),)


def test_prefix_of_apples_actions_is_dropped_and_only_that() -> None:
    assert one("ACTION is.workflow.actions.text.split").name == "text.split"
    name = "com.apple.mobiletimer-framework.MobileTimerIntents.MTCreateAlarmIntent"
    assert one(f"ACTION {name}").name == name


def test_a_key_may_read_like_a_keyword_and_follow_a_reference() -> None:
    keys = [key for key, _ in one("ACTION x a=@prev contains=$v IF=1 true=2").params]
    assert keys == ["a", "contains", "IF", "true"]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse('\ufeffSHORTCUT "A"\n') == Program("A", ())


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("acton x", "write ACTION"),
        ("end if", "write ENDIF"),
        ("MACRO wait seconds=1", "sashimi lint --fix"),
        ("for x in y", "write FOREACH"),
        ("ACTION x k=hello", 'put quotes around text: "hello"'),
        ("ACTION x k='a'", 'write strings in double quotes: "text"'),
        ("ACTION x k=True", "write true"),
        ("ACTION x k=[1,]", "remove the comma before it"),
        ('ACTION x k={"a" 1}', "put ':' between a key and its value"),
        ("ACTION x k=QTY(5)", "QTY(number, unit)"),
        ("IF @prev == 3\nENDIF", "write equals_number"),
        ("IF @prev\nENDIF", "give a condition"),
        ("FOREACH items\nENDFOREACH", "write $items for a variable"),
        ("SET x = 5", "write $x for a variable"),
        ("MENU Pick\nENDMENU", 'put quotes around text: "Pick"'),
        ("REPEAT 2\nIF @a has_any_value\nENDREPEAT", "put ENDIF before it: the IF of line 3"),
        ("REPEAT 2\nENDFOREACH", "write ENDREPEAT: the REPEAT of line 2 is open"),
        ("REPEAT 2\nACTION x", "add ENDREPEAT: the REPEAT of line 2 is open"),
    ],
)
def test_the_likely_fix(body: str, fix: str) -> None:
    with pytest.raises(ParseError) as caught:
        one(body)
    assert fix in caught.value.fix
    assert caught.value.message.startswith("line ") and "\n" not in caught.value.message


def test_expectations_are_those_that_lead_on() -> None:
    with pytest.raises(ParseError) as caught:
        parse('SHORTCUT "A"\nMENU "M"\nSET $x = 1\n')
    assert caught.value.expected == ("CASE", "ENDMENU")


def test_work_is_linear() -> None:
    line = 'ACTION gettext WFTextActionText="abc" k=`x{@prev}` l={"a": [1, 2]}\n'

    def text(lines: int) -> str:
        return 'SHORTCUT "A"\n' + line * lines

    parse(text(10))  # builds the parser
    small, large = calls(lambda: parse(text(100))), calls(lambda: parse(text(1000)))
    assert 0 < large < 10.5 * small


def test_every_real_program_is_read(real_texts: list[str]) -> None:
    assert len([parse(text) for text in real_texts]) == 1671


def test_an_integer_beyond_every_float_comes_back():
    """Found by `sashimi bench fuzz`: a digit of a program, repeated three hundred times."""
    text = f'SHORTCUT "Wait"\nACTION delay WFDelayTime={"9" * 400}\nENDSHORTCUT\n'
    program = parse(text)
    assert render(program) == text and parse(render(program)) == program
    with pytest.raises(CompileError, match="WFDelayTime"):
        compile(program)
    assert not Stated(program).holds("7")
