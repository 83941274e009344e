"""The likely fix of a fault in a text, in words: ``likely``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sashimi.program.conditions import CONDITIONS, MORE_CONDITIONS
from sashimi.program.text import aliases
from sashimi.program.text.closest import nearest
from sashimi.program.text.lex import BLOCKS, KEYWORDS, statements, tokens, visible

ENDS = {end: keyword for keyword, end in BLOCKS.items()}
CLOSERS = ("'}'", "']'", "')'")
TYPOGRAPHIC = "“”„‟«»‘’‚"
EXAMPLES = {
    "a condition": "give a condition, such as has_any_value or equals_string",
    "a parameter key": "give a parameter as key=value",
    "an action name": "name the action, such as showresult",
    "a $variable": "name a variable, such as $result",
    "'='": "put '=' between the name and the value",
    "':'": "put ':' between a key and its value",
    "','": "put ',' between the two: a quantity is QTY(number, unit)",
    "CASE": 'begin with CASE "title": a menu holds nothing but cases',
}
"""By what was expected: what to write."""
REASONS = {
    "second SHORTCUT": "put each program into a file of its own",
    "deep": "move the inner part into a Shortcut of its own and call it with runworkflow",
    "too large": "write a smaller number, or the digits as text in quotes",
    "digits": "write a smaller number, or the digits as text in quotes",
    "braces": "write {$name} or {@name} with nothing else in the braces, or \\{ for a brace",
}
"""By a word of the reason."""


def likely(text: str, line: int, reason: str, offending: str, expected: tuple[str, ...]) -> str:
    """What to do about a fault; ``""`` where nothing is likely."""
    if 'SHORTCUT "name"' in expected or "SHORTCUT" in expected:
        return 'begin the text with SHORTCUT "name"'
    for word, fix in REASONS.items():
        if word in reason:
            return fix
    if "never ends" in reason:
        quote = '"' if '"' in reason else "`"
        return f"close the string with {quote} on its line, or write \\{quote} for one inside it"
    if offending.startswith("MACRO "):
        return "run 'sashimi lint --fix': it writes the lines that the macro stands for"
    if offending.startswith("#"):
        return "put the comment on a line of its own"
    if expected == ("end of text",):
        return "move ENDSHORTCUT behind the last statement, or leave it out"
    if expected == ("CASE",):
        return EXAMPLES["CASE"]
    tries: tuple[Callable[[], str], ...] = (
        partial(_loose, text, line, offending),
        partial(_block, text, line, offending, expected),
        partial(_keyword, offending, expected),
        partial(_value, offending, expected),
        partial(_missing, expected),
    )
    return next((fix for attempt in tries if (fix := attempt())), "")


def _loose(text: str, line: int, offending: str) -> str:
    """Words that other languages have, and quotes that phones and chats insert."""
    if offending[:1] and offending[0] in TYPOGRAPHIC:
        return "write straight quotes, \"text\": 'sashimi lint --fix' does"
    word = aliases.LOOSE.get(offending.split(" ")[0].rstrip(":").upper())
    if word == "ELSEIF":
        return "write ELSE and an IF inside it, with an ENDIF of its own: 'sashimi lint --fix' does"
    stack = open_blocks(text, line)
    if word in ("END", "ENDLOOP") and stack:
        keyword, opened = stack[-1]
        return f"write {BLOCKS[keyword]}: the {keyword} of line {opened} is open"
    return ""


def _block(text: str, line: int, offending: str, expected: tuple[str, ...]) -> str:
    """Parts and ends of blocks that stand where they may not, or are missing."""
    word = offending.split(" ")[0]
    wanted = [end for end in ENDS if end in expected]
    stack = open_blocks(text, line if offending else line + 1)
    if wanted and stack and BLOCKS[stack[-1][0]] in wanted:
        keyword, opened = stack[-1]
        if word in ENDS and any(BLOCKS[other] == word for other, _ in stack):
            return f"put {BLOCKS[keyword]} before it: the {keyword} of line {opened} is open"
        if word in ENDS:
            return f"write {BLOCKS[keyword]}: the {keyword} of line {opened} is open"
        if word == "ELSE" and keyword == "IF":
            return f"leave it out: the IF of line {opened} has an ELSE"
        if word in ("", "ENDSHORTCUT"):
            return f"add {BLOCKS[keyword]}: the {keyword} of line {opened} is open"
    if word in ENDS or word in ("ELSE", "CASE"):
        opener = ENDS.get(word, "IF" if word == "ELSE" else "MENU")
        return f"leave it out, or put {opener} before it: no {opener} is open here"
    return ""


def open_blocks(text: str, line: int) -> list[tuple[str, int]]:
    """Keyword and line of the blocks that are open where a line begins, outermost first."""
    stack: list[tuple[str, int]] = []
    for statement in statements(tokens(text, careful=True)):
        shown = visible(statement)
        if not shown or statement[shown[0]].line >= line:
            continue
        word = statement[shown[0]].text
        if word in BLOCKS:
            stack.append((word, statement[shown[0]].line))
        elif word in ENDS and stack and stack[-1][0] == ENDS[word]:
            stack.pop()
    return stack


def _keyword(offending: str, expected: tuple[str, ...]) -> str:
    """A first word or a condition that is nearly one of the language's."""
    word, *others = offending.split(" ") if offending else ("",)
    if others and "END" in (word.upper(), others[0].upper()):
        joined = "END" + (others[0] if word.upper() == "END" else word).upper()
        if joined in ENDS or joined == "ENDSHORTCUT":
            return f"write {joined}"
    if "a condition" in expected and word in aliases.CONDITIONS:
        value = next(iter(tokens(offending.removeprefix(word).lstrip())), None)
        numeric = value is not None and value.kind == "number"
        return f"write {aliases.named_condition(word, numeric)}"
    if "a condition" in expected and word:
        near = nearest(word, (*CONDITIONS, *MORE_CONDITIONS))
        return f"write {near[0]}" if near else EXAMPLES["a condition"]
    if not KEYWORDS & {*expected} or not word.isidentifier():
        return ""
    known = aliases.KEYWORDS.get(word.upper())
    if known is None:
        near = nearest(word, KEYWORDS - {"MACRO"})
        known = near[0] if near else None
    return f"write {known}" if known and known != word else ""


def _value(offending: str, expected: tuple[str, ...]) -> str:
    """A value that lacks its quotes or its sign, or is written as elsewhere."""
    word = offending.split(" ")[0]
    if ('a "string"' not in expected and "a $variable" not in expected) or not word:
        return ""
    if word in aliases.VALUES:
        return f"write {aliases.VALUES[word]}"
    if word[0] in "])}":
        return "remove the comma before it, or write a value after the comma"
    if word[0] == "'":
        return 'write strings in double quotes: "text"'
    bare = word.rstrip(",:;)]}")
    if bare.isidentifier() and "a $variable" in expected and 'a "string"' not in expected:
        return f"write ${bare} for a variable or @{bare} for an output"
    if bare[:1].isalnum():
        return f'put quotes around text: "{bare}"'
    return ""


def _missing(expected: tuple[str, ...]) -> str:
    """What is expected, as an instruction."""
    closer = next((sign for sign in CLOSERS if sign in expected), None)
    if closer:
        return f"close what is open with {closer}"
    if "end of line" in expected and len(expected) == 1:
        return "end the line here"
    if 'a "string"' in expected and "a number" in expected:
        return 'give a value, such as "text", 3, true, $name or @prev'
    if 'a "string"' in expected:
        return 'give a "string"'
    if "a number" in expected:
        return "give a number, a $variable or an @output"
    return next((fix for word, fix in EXAMPLES.items() if word in expected), "")
