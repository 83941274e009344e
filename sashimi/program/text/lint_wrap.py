"""The linter's phase for what stands around a program: fences, prose, a head or an end misplaced.

What reads as a statement is never dropped: a second fence, and what stands before SHORTCUT or
after ENDSHORTCUT, belong to the program too. Only a second program is left where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sashimi.program.text import aliases
from sashimi.program.text.kept import alone
from sashimi.program.text.lex import KEYWORDS, statements, tokens
from sashimi.program.text.repairs import GUESS, Repair

HEAD = re.compile(r'[ \t]*(?:SHORTCUT\b|(?i:SHORTCUT)[ \t]*:?[ \t]*")')
_LOWER = re.compile(
    r"[ \t]*(action[ \t]+[\w.]+([ \t]+\w+=|[ \t]*$)|(set|if|foreach|repeat)[ \t]+[@$]"
    r"|menu[ \t]+\")",
    re.IGNORECASE,
)
END = "ENDSHORTCUT"


def unwrap(text: str, repairs: list[Repair]) -> str:
    """Drop fences and prose around a program; put its SHORTCUT first and its ENDSHORTCUT last."""
    lines = text.removeprefix("\ufeff").split("\n")
    inside = _in_strings(text)
    open_lines = [i for i in range(len(lines)) if i not in inside]
    heads = [i for i in open_lines if HEAD.match(lines[i])]
    begin = _begin(lines, open_lines, heads)
    if begin is None:
        return text
    fences = [i for i in open_lines if i >= begin and lines[i].strip().startswith("```")]
    ends = [i for i in open_lines if i >= begin and lines[i].strip() == END]
    stop = min([*(i + 1 for i in ends[:1]), *fences[:1], len(lines)])
    more = [i for i in open_lines if i >= stop and _starts_statement(lines[i])]
    second = any(i >= stop for i in heads)
    drop: dict[int, float] = {i: 1.0 for i in range(begin)}
    if second:
        stop = len(lines)
    elif more:
        stop = _after(lines, more[-1], fences, ends)
        drop |= _between(lines, fences, stop)
        drop |= {i: GUESS for i in ends if i < stop - 1}
    drop |= {i: 1.0 for i in range(stop, len(lines))}
    kept = _without(lines, drop, repairs)
    if more and not second and any(i < stop - 1 for i in ends) and lines[stop - 1].strip() != END:
        kept.append(END)
        repairs.append(Repair("structure", stop, "", END, GUESS))
    return _headed(kept, lines, heads, begin, repairs)


def _in_strings(text: str) -> set[int]:
    """Lines, from 0, that begin inside a string."""
    found: set[int] = set()
    for token in tokens(text, careful=True):
        if token.kind == "string":
            found |= set(range(token.line, token.line + token.text.count("\n")))
    return found


def _begin(lines: list[str], open_lines: list[int], heads: list[int]) -> int | None:
    """The program's first line: its SHORTCUT, or a statement before that; None if none is seen."""
    if not heads:
        return next((i for i in open_lines if _starts_statement(lines[i])), None)
    before = (i for i in open_lines if i < heads[0] and _stands(lines[i]))
    return next(before, heads[0])


def _stands(line: str) -> bool:
    return any(alone(statement) is not None for statement in statements(tokens(line)))


def _starts_statement(line: str) -> bool:
    word = re.match(r"[ \t]*([A-Z]\w*)", line)
    known = (KEYWORDS, aliases.KEYWORDS, aliases.LOOSE)
    return bool(word and any(word[1] in table for table in known)) or bool(_LOWER.match(line))


def _after(lines: list[str], last: int, fences: list[int], ends: list[int]) -> int:
    """The line after the last that belongs to the last statement, its ENDSHORTCUT included."""
    blank = (i for i in range(last + 1, len(lines)) if not lines[i].strip() or i in fences)
    stop = next(blank, len(lines))
    later = [i + 1 for i in ends if i >= last]
    return later[0] if later else stop


def _between(lines: list[str], fences: list[int], stop: int) -> dict[int, float]:
    """Fences, and the prose between one that closes and the next that opens."""
    drop, outside = {}, False
    for i in range(fences[0] if fences else stop, stop):
        if i in fences:
            outside = not outside
            drop[i] = 1.0
        elif outside and not _starts_statement(lines[i]):
            drop[i] = 1.0
    return drop


def _without(lines: list[str], drop: dict[int, float], repairs: list[Repair]) -> list[str]:
    kept = []
    for i, line in enumerate(lines):
        if i not in drop or line.lstrip().startswith("#"):
            kept.append(line)
        elif line.strip():
            repairs.append(Repair("structure", i + 1, line, "", drop[i]))
    return kept


def _headed(
    kept: list[str], lines: list[str], heads: Iterable[int], begin: int, repairs: list[Repair]
) -> str:
    """The program with its SHORTCUT first; ``Untitled`` where it has none."""
    head = next(iter(heads), None)
    if head is None:
        repairs.append(Repair("structure", 1, "", 'SHORTCUT "Untitled"'))
        kept.insert(0, 'SHORTCUT "Untitled"')
    elif begin < head:
        repairs.append(Repair("structure", head + 1, lines[head], lines[head], GUESS))
        kept.remove(lines[head])
        kept.insert(0, lines[head])
    return "\n".join(kept).rstrip("\n") + "\n"
