"""Several faults of one text in one go: ``diagnose``."""

from __future__ import annotations

from sashimi.program.text.fixes import ENDS, open_blocks
from sashimi.program.text.lex import BLOCKS, Token, join, statements, tokens, visible
from sashimi.program.text.parse import ParseError, parse, position
from sashimi.program.tree import Program

STAND_INS = {
    "SHORTCUT": 'SHORTCUT "?"',
    "WITH": "",
    "IF": "IF @input has_any_value",
    "MENU": 'MENU "?"',
    "CASE": 'CASE "?"',
    "REPEAT": "REPEAT 1",
    "FOREACH": "FOREACH @input",
    "ACTION": "",
    "SET": "",
}
"""What stands in for a faulty statement, by its first word, so that reading can go on."""

MOST = 50
"""Faults after which the rest of a text is not looked at."""

Lines = list[list[Token]]


def diagnose(text: str) -> tuple[Program | None, list[ParseError]]:
    """The tree of a text, or None and its faults in order of line.

    After each fault the statement it is in is replaced by one that keeps blocks as they are. An end
    that is not the innermost block's is set right, left out, or taken as a sign that the innermost
    block was never ended, whose own lines are then left out; so one fault is told once.
    """
    errors: list[ParseError] = []
    rest = text
    while len(errors) < MOST:
        try:
            program = parse(rest)
        except ParseError as error:
            errors.append(_in(text, error))
            passed = _without(rest, error)
            if passed is None or passed == rest:
                break
            rest = passed
        else:
            return (None if errors else program), _in_order(errors)
    return None, _in_order(errors)


def _in(text: str, error: ParseError) -> ParseError:
    """A fault of the text with stand-ins, as one of the text itself; its fix knows what is open."""
    line, column = error.line, error.column
    if error.reason == "the text ends too early":
        line, column = position(text, len(text.rstrip()))
    fault = ParseError(error.reason, text, line, column, error.expected)
    fault.offending, fault.fix = error.offending, error.fix
    return fault


def _in_order(errors: list[ParseError]) -> list[ParseError]:
    return sorted(errors, key=lambda error: (error.line, error.column))


def _without(text: str, error: ParseError) -> str | None:
    """The text with the faulty statement passed over; None if nothing helps."""
    lines = statements(tokens(text, careful=True))
    number = _at(lines, error.line)
    if number is None:
        return None
    word = _word(lines[number])
    if "SHORTCUT" in error.expected:
        heads = [n for n, line in enumerate(lines) if n >= number and _word(line) == "SHORTCUT"]
        before = {n: "" for n in range(heads[0])} if heads else {number: STAND_INS["SHORTCUT"]}
        return _replaced(lines, before) if heads != [number] else None
    if error.expected == ("end of text",):
        ends = [n for n in range(number) if _word(lines[n]) == "ENDSHORTCUT"]
        return _replaced(lines, {n: "" for n in ends}) if ends else None
    if not error.offending or word == "ENDSHORTCUT":
        opened = open_blocks(text, error.line + 1)
        if opened and (word == "ENDSHORTCUT" or error.reason == "the text ends too early"):
            return _unopened(lines, opened[-1][1])
    if word in ENDS:
        return _end(text, lines, number, word, error)
    if word in ("ELSE", "CASE") and error.column <= len(join([lines[number]]).rstrip()):
        return _replaced(lines, {number: STAND_INS["CASE"] if _bare(word, error) else ""})
    if "second SHORTCUT" in error.reason:
        return _replaced(lines, {number: ""})
    return _replaced(lines, {number: STAND_INS.get(word, "")})


def _bare(word: str, error: ParseError) -> bool:
    """Whether a CASE stands in its menu, and only its title is at fault."""
    return word == "CASE" and not error.offending.startswith("CASE")


def _end(text: str, lines: Lines, number: int, word: str, error: ParseError) -> str | None:
    """An end that does not fit, or that something stands behind."""
    if not error.offending.startswith(word):
        return _replaced(lines, {number: word})
    opened = open_blocks(text, error.line)
    if any(keyword == ENDS[word] for keyword, _ in opened):
        return _unopened(lines, opened[-1][1])
    return _replaced(lines, {number: BLOCKS[opened[-1][0]] if opened else ""})


def _unopened(lines: Lines, line: int) -> str | None:
    """The text without the first line of a block and without its parts."""
    first = _at(lines, line)
    if first is None:
        return None
    part = {"IF": "ELSE", "MENU": "CASE"}.get(_word(lines[first]), "")
    left_out, depth = {first: ""}, 0
    for number in range(first + 1, len(lines)):
        word = _word(lines[number])
        depth += (word in BLOCKS) - (word in ENDS)
        if depth < 0:
            break
        if depth == 0 and word == part:
            left_out[number] = ""
    return _replaced(lines, left_out)


def _replaced(lines: Lines, texts: dict[int, str]) -> str | None:
    """The text with statements replaced, each as high as before; None if that changes nothing."""
    parts = [join([line]) for line in lines]
    changed = False
    for number, fixed in texts.items():
        changed |= fixed != parts[number].strip()
        parts[number] = fixed + "\n" * max(parts[number].count("\n"), 1)
    return "".join(parts) if changed else None


def _at(lines: Lines, line: int) -> int | None:
    """The number of the statement that covers a line, if it holds anything."""
    for number, statement in enumerate(lines):
        height = max(join([statement]).count("\n"), 1)
        if statement[0].line <= line < statement[0].line + height:
            return number if visible(statement) else None
    return None


def _word(line: list[Token]) -> str:
    shown = visible(line)
    return line[shown[0]].text if shown else ""
