"""One table of programs and prompts for every stage, with those to refuse and why.

``REFUSED`` is for ``parse``: text, line, column, a word of the reason. ``INVALID`` parses and is
for ``validate``: text, line and a word of the one error. ``VALID`` passes every stage.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refused:
    """A text that is no program."""

    name: str
    text: str
    line: int
    column: int
    why: str


@dataclass(frozen=True)
class Invalid:
    """A program with one fault."""

    name: str
    body: str
    line: int
    why: str
    severity: str = "error"


VALID = {
    "empty body": 'SHORTCUT "Nothing"\n',
    "end stated": 'SHORTCUT "A"\nACTION nothing\nENDSHORTCUT\n',
    "one action": 'SHORTCUT "Hello"\nACTION showresult Text="Hi"\n',
    "previous output": 'SHORTCUT "A"\nACTION ask\nACTION showresult Text=`You said {@prev}.`\n',
    "named output": (
        'SHORTCUT "A"\nACTION ask WFAskActionPrompt="Name?"\nACTION date\n'
        "ACTION showresult Text=`{@ask}: {@date}`\n"
    ),
    "custom output": (
        'SHORTCUT "A"\nACTION ask CustomOutputName="First Line"\nACTION nothing\n'
        "ACTION showresult Text=@First_Line\n"
    ),
    "variable": 'SHORTCUT "A"\nSET $n = 3\nREPEAT $n\nACTION vibrate\nENDREPEAT\n',
    "added variable": (
        'SHORTCUT "A"\nACTION list WFItems=["a", "b"]\nFOREACH @prev\n'
        'ACTION appendvariable WFVariableName="My List" WFInput=@item\nENDFOREACH\n'
        "ACTION showresult Text=`{$My_List}`\n"
    ),
    "block result": (
        'SHORTCUT "A"\nIF @input has_any_value\nACTION getvariable WFVariable=@input\nELSE\n'
        "ACTION ask\nENDIF\nACTION showresult Text=@conditional\n"
    ),
    "menu": (
        'SHORTCUT "A"\nMENU "Which?"\nCASE "One"\nACTION openurl\nCASE `Two`\nENDMENU\n'
        "ACTION showresult Text=`{@choosefrommenu}`\n"
    ),
    "nested loops": (
        'SHORTCUT "A"\nACTION list WFItems=["a"]\nFOREACH @prev\nREPEAT 2\n'
        "ACTION showresult Text=`{$Repeat_Item} {$Repeat_Index_2} {@index}`\n"
        "ENDREPEAT\nENDFOREACH\n"
    ),
    "all values": (
        'SHORTCUT "A"\nACTION downloadurl WFURL="https://x.org" ShowHeaders=true '
        'WFHTTPHeaders=HEADERS {"Accept": "a/b"} WFHTTPMethod="POST" '
        'WFJSONValues={"a": 1, "b": [true, "x", -2.5], "c": {}}\n'
        'ACTION adjustdate WFDate=`{@date}` WFDuration=QTY(7, "days")\n'
    ),
    "comments and blank lines": '# first\n\n  SHORTCUT "A"\n\n  # more\n\tACTION nothing\n# end',
    "carriage returns": 'SHORTCUT "A"\r\nACTION nothing\r\n',
    "full name": 'SHORTCUT "A"\nACTION is.workflow.actions.nothing\n',
    "raw newline": 'SHORTCUT "A"\nACTION gettext WFTextActionText="a\nb"\nACTION nothing\n',
    "escapes": 'SHORTCUT "A"\nACTION gettext WFTextActionText="\\\\ \\" \\n \\t \\d \\{"\n',
    "set on each way": (
        'SHORTCUT "A"\nMENU "M"\nCASE "a"\nSET $x = 1\nCASE "b"\nACTION exit\nENDMENU\n'
        "ACTION showresult Text=`{$x}`\n"
    ),
    "asked before use": (
        'SHORTCUT "A"\nIF @input contains 1\nSET $x = 1\nENDIF\nIF $x has_any_value\n'
        "ACTION showresult Text=$x\nENDIF\nIF $x does_not_have_any_value\nACTION exit\nELSE\n"
        "ACTION showresult Text=$x\nENDIF\n"
    ),
    "set in a loop": (
        'SHORTCUT "A"\nFOREACH @input\nACTION appendvariable WFVariableName="x"\nENDFOREACH\n'
        "ACTION showresult Text=`{$x}`\n"
    ),
    "Health": (
        'SHORTCUT "A"\nACTION health.quantity.log WFQuantitySampleType="Water" '
        'WFQuantitySampleQuantity=QTY(@input, "fl_oz_us")\n'
        'ACTION health.quantity.log WFQuantitySampleType="sleep" '
        'WFCategorySampleEnumeration="In Bed" WFSampleEndDate=`{@date}`\n'
        'ACTION health.workout.log WFWorkoutReadableActivityType="Preparation and Recovery" '
        'WFWorkoutDuration=QTY(10, "min") WFWorkoutCaloriesQuantity=QTY(90, "kcal")\n'
    ),
    "emoji": 'SHORTCUT "😀"\nACTION ask\nACTION showresult Text=`😀{@prev}👨‍👩‍👧{@date}`\n',
}

_DEEP_LIST = 'SHORTCUT "A"\nACTION list WFItems=' + "[" * 10_000
_DEEP_IF = 'SHORTCUT "A"\n' + "IF @input has_any_value\n" * 10_000

REFUSED = (
    Refused("empty", "", 1, 1, "empty"),
    Refused("only white space", " \n\t\n", 1, 1, "empty"),
    Refused("prose", "Here is your shortcut:", 1, 1, "SHORTCUT"),
    Refused("no name", "SHORTCUT\nACTION nothing\n", 1, 9, "string"),
    Refused("two programs", 'SHORTCUT "A"\nSHORTCUT "B"\n', 2, 1, "second SHORTCUT"),
    Refused("text after the end", 'SHORTCUT "A"\nENDSHORTCUT\nACTION x\n', 3, 1, "end of text"),
    Refused("open IF", 'SHORTCUT "A"\nIF @input has_any_value\n', 2, 24, "ENDIF"),
    Refused("ELSE alone", 'SHORTCUT "A"\nELSE\n', 2, 1, "ELSE"),
    Refused("ENDIF alone", 'SHORTCUT "A"\nENDIF\n', 2, 1, "ENDIF"),
    Refused("two ELSE", 'SHORTCUT "A"\nIF @a contains 1\nELSE\nELSE\nENDIF\n', 4, 1, "ENDIF"),
    Refused("action in a menu", 'SHORTCUT "A"\nMENU "M"\nACTION x\nENDMENU\n', 3, 1, "CASE"),
    Refused("wrong end", 'SHORTCUT "A"\nREPEAT 2\nENDFOREACH\n', 3, 1, "ENDREPEAT"),
    Refused("no value", 'SHORTCUT "A"\nACTION x k=\n', 2, 12, "line ends"),
    Refused("no equals sign", 'SHORTCUT "A"\nSET $x 5\n', 2, 8, "'='"),
    Refused("open string", 'SHORTCUT "A"\nACTION x k="abc\nACTION y\n', 2, 12, "never ends"),
    Refused("open interpolation", 'SHORTCUT "A"\nACTION x k=`abc\n', 2, 12, "never ends"),
    Refused("broken reference", 'SHORTCUT "A"\nACTION x k=`ab{@prev`\n', 2, 15, "reference"),
    Refused("open list", 'SHORTCUT "A"\nACTION x k=[1, 2\n', 2, 17, "']'"),
    Refused("comma at the end", 'SHORTCUT "A"\nACTION x k=[1,]\n', 2, 15, "number"),
    Refused("number too large", 'SHORTCUT "A"\nACTION x k=1e999\n', 2, 12, "too large"),
    Refused("number too long", f'SHORTCUT "A"\nACTION x k={"9" * 5000}\n', 2, 12, "digits"),
    Refused("comment behind", 'SHORTCUT "A" # no\n', 1, 14, "end of line"),
    Refused("lists nested deeply", _DEEP_LIST, 2, 85, "64 deep"),
    Refused("blocks nested deeply", _DEEP_IF, 66, 1, "64 deep"),
)

LOG = "health.quantity.log WFQuantitySampleType"

INVALID = (
    Invalid("unknown action", "ACTION gettxt", 2, "no such action"),
    Invalid("vendor's action", "ACTION com.acme.app.DoIntent", 2, "does not know", "warning"),
    Invalid("unknown parameter", "ACTION ask Prompt=1", 2, "no such parameter", "warning"),
    Invalid("menu without a case", 'MENU "M"\nENDMENU', 2, "without a CASE"),
    Invalid("no count", "REPEAT\nENDREPEAT", 2, "states no count"),
    Invalid("no condition", "IF\nENDIF", 2, "states no condition"),
    Invalid("parameter twice", 'ACTION ask WFInputType="Text" WFInputType="URL"', 2, "2 times"),
    Invalid("wrong enum", 'ACTION ask WFInputType="Colour"', 2, "not one of", "warning"),
    Invalid("wrong type", 'ACTION vibrate\nACTION delay WFDelayTime="soon"', 3, "a number"),
    Invalid("unset variable", "ACTION showresult Text=`{$x}`", 2, "before it is set"),
    Invalid("set too late", "ACTION showresult Text=$x\nSET $x = 1", 2, "before it is set"),
    Invalid("nothing before", "ACTION comment\nACTION showresult Text=@prev", 3, "no action"),
    Invalid("unknown handle", "ACTION showresult Text=@ask", 2, "names no earlier"),
    Invalid("item outside", "ACTION showresult Text=@item", 2, "outside a loop"),
    Invalid("item after", "REPEAT 2\nENDREPEAT\nSET $x = $Repeat_Item", 4, "outside a loop"),
    Invalid("item too deep", "REPEAT 2\nSET $x = $Repeat_Item_2\nENDREPEAT", 3, "outside a loop"),
    Invalid("unknown condition", "IF @input resembles 1\nENDIF", 2, "no such condition"),
    Invalid("compares text", 'IF @input is_less_than "few"\nENDIF', 2, "compares numbers"),
    Invalid("nothing to compare", "IF @input contains\nENDIF", 2, "no value", "warning"),
    Invalid("useless value", "IF @input has_any_value 1\nENDIF", 2, "ignored", "warning"),
    Invalid("same title", 'MENU "M"\nCASE "a"\nCASE "a"\nENDMENU', 2, "2 cases", "warning"),
    Invalid("negative count", "REPEAT -1\nENDREPEAT", 2, "cannot repeat"),
    Invalid("control character", 'ACTION gettext WFTextActionText="\x07"', 2, "U+0007", "warning"),
    Invalid("large integer", f"ACTION number WFNumberActionNumber={2**64}", 2, "64 bits"),
    Invalid(
        "unset if it fails",
        "IF @input has_any_value\nSET $x = 1\nENDIF\nACTION showresult Text=`{$x}`",
        5,
        "$x is not set if the IF of line 2 does not hold",
    ),
    Invalid(
        "unset in a case",
        'MENU "M"\nCASE "a"\nSET $x = 1\nCASE "b"\nENDMENU\nACTION showresult Text=$x',
        7,
        "not set if case 'b' of line 2 is chosen",
    ),
    Invalid(
        "set in the other branch",
        "IF @input contains 1\nSET $x = 1\nELSE\nACTION showresult Text=$x\nENDIF",
        5,
        "not set if the IF of line 2 does not hold",
    ),
    Invalid(
        "set where the program ends",
        "IF @input contains 1\nSET $x = 1\nACTION exit\nENDIF\nACTION showresult Text=$x",
        6,
        "not set if the IF of line 2 does not hold",
    ),
    Invalid(
        "set later in a loop",
        "REPEAT 3\nACTION showresult Text=`{$x}`\nSET $x = 1\nENDREPEAT",
        3,
        "empty in the first round of the loop of line 2",
        "warning",
    ),
    Invalid(
        "ignored parameter",
        'ACTION ask WFInputType="Date" WFAskActionDefaultAnswer="x"',
        2,
        "WFInputType other than 'Date', and it is 'Date': it is ignored",
        "warning",
    ),
    Invalid("required", "ACTION filter.health.quantity", 2, "required, and not given", "warning"),
    Invalid("unit", 'ACTION timer.start WFDuration=QTY(3, "m")', 2, "not one of: sec, min, hr"),
    Invalid(
        "unknown samples",
        f'ACTION {LOG}="Mood" WFQuantitySampleQuantity=QTY(1, "g")',
        2,
        "no samples of 'Mood'",
    ),
    Invalid(
        "unit of samples",
        f'ACTION {LOG}="Caffeine" WFQuantitySampleQuantity=QTY(1, "mL")',
        2,
        "'mL' is no unit of Caffeine: g, kg, mg",
    ),
    Invalid(
        "unknown unit",
        f'ACTION {LOG}="Caffeine" WFQuantitySampleQuantity=QTY(1, "cups")',
        2,
        "no unit 'cups'",
    ),
    Invalid(
        "amount of a category",
        f'ACTION {LOG}="Headache" WFQuantitySampleQuantity=QTY(1, "min")',
        2,
        "no quantity: the value is ignored",
        "warning",
    ),
    Invalid(
        "value of a category",
        f'ACTION {LOG}="Sleep" WFCategorySampleEnumeration="Snoring"',
        2,
        "none of the values of Sleep",
        "warning",
    ),
    Invalid(
        "workout",
        'ACTION health.workout.log WFWorkoutReadableActivityType="Chess"',
        2,
        "no workout 'Chess'",
    ),
    Invalid(
        "distance of a workout",
        'ACTION health.workout.log WFWorkoutReadableActivityType="Running" '
        'WFWorkoutDistanceQuantity=QTY(3, "kcal")',
        2,
        "no unit of length",
    ),
    Invalid("compares a list", "IF @input contains {}\nENDIF", 2, "compares text"),
    Invalid("not before", "IF @input is_before true\nENDIF", 2, "compares dates"),
    Invalid(
        "output is no number",
        "ACTION dictionary\nIF @prev is_less_than 3\nENDIF",
        3,
        "gives NSDictionary",
        "warning",
    ),
    Invalid("magnitude", 'ACTION adjustdate WFDuration=QTY("x", "min")', 2, "magnitude"),
)

ANALYSED = {
    "variables": (
        ("IF @input has_any_value\nSET $x = 1\nENDIF\nACTION showresult Text=`{$x}`", "not hold"),
        ("SET $x = 1", "never used"),
        ("FOREACH @input\nSET $x = @item\nENDFOREACH\nACTION showresult Text=$x", "no round"),
    ),
    "loops": (
        ("REPEAT 0\nACTION vibrate\nENDREPEAT", "no time"),
        ("REPEAT 1000\nREPEAT 1000\nACTION vibrate\nENDREPEAT\nENDREPEAT", "1,000,000 times"),
    ),
    "menus": (
        ('MENU "M"\nCASE "a"\nACTION vibrate\nENDMENU', "nothing but 'a'"),
        (
            'MENU "M"\nCASE "a"\nACTION ask\nCASE "b"\nENDMENU\n'
            "ACTION showresult Text=@choosefrommenu",
            "if case 'b'",
        ),
    ),
    "dead": (
        ("ACTION exit\nACTION vibrate", "never reached"),
        (
            "IF @input has_any_value\nACTION exit\nELSE\nACTION output\nENDIF\nACTION ask",
            "reached",
        ),
    ),
    "endpoints": (
        ('ACTION downloadurl WFURL="http://x.org"', "in the clear"),
        ('ACTION downloadurl WFURL="https:///a"', "no host"),
        ('ACTION url WFURLActionURL="https://x.org/a b"', "white space"),
    ),
    "types": (
        ("ACTION dictionary\nIF @prev is_less_than 3\nACTION ask\nENDIF", "NSDictionary"),
        ("ACTION dictionary\nREPEAT @prev\nACTION ask\nENDREPEAT", "NSDictionary"),
    ),
    "contracts": (
        (
            'ACTION ask WFInputType="Date" WFAskActionDefaultAnswer="x"',
            "WFInputType other than 'Date'",
        ),
    ),
}
"""Per analysis: bodies that it must find, and a word of what it says."""

SOUND = {
    "variables": (
        "IF @input has_any_value\nSET $x = 1\nELSE\nSET $x = 2\nENDIF\nACTION showresult Text=$x",
        "IF @input has_any_value\nSET $x = 1\nELSE\nACTION exit\nENDIF\nACTION showresult Text=$x",
        "REPEAT 2\nSET $x = 1\nENDREPEAT\nACTION showresult Text=$x",
    ),
    "loops": ("REPEAT 100\nACTION vibrate\nENDREPEAT", "REPEAT @input\nACTION ask\nENDREPEAT"),
    "menus": ('MENU "M"\nCASE "a"\nACTION ask\nCASE "b"\nENDMENU',),
    "dead": (
        "IF @input has_any_value\nACTION exit\nENDIF\nACTION ask",
        "FOREACH @input\nACTION exit\nENDFOREACH\nACTION ask",
    ),
    "endpoints": (
        'ACTION downloadurl WFURL="https://x.org/a?b=c"',
        "ACTION downloadurl WFURL=`{@input}`",
        'ACTION openurl\nACTION url WFURLActionURL="things:///add"',
    ),
    "types": ("ACTION ask\nIF @prev is_greater_than 3\nACTION ask\nENDIF",),
    "contracts": ('ACTION ask WFInputType="Text" WFAskActionDefaultAnswer="x"',),
}
"""Per analysis: bodies near to those, on which no analysis may say anything."""

PROMPTS_REFUSED = {
    "": "empty",
    "   \n\t": "empty",
    "word " * 10_000: "too long",
    "What is the capital of France?": "outside the domain",
    "Write a poem about the sea": "outside the domain",
}
"""Prompts that the whole must refuse, and why."""


def invalid_text(case: Invalid) -> str:
    """The whole program of a case."""
    return f'SHORTCUT "A"\n{case.body}\n'
