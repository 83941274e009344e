"""A program as a flat list of lines, in which a block's ends can be moved like anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sashimi.program.tree import Block, Case, ForEach, If, Menu, Repeat, Statement

STEP, OPEN, PART, CLOSE = "step", "open", "part", "close"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``node`` is the statement, of a block with its bodies left out; at a PART the case
    (None for ELSE); None at a CLOSE."""

    kind: str
    node: Statement | Case | None = None


class Unmatched(ValueError):
    """Lines whose blocks do not match."""


def flat(block: Block) -> list[Line]:
    """The lines of a block; `rebuilt` is the inverse."""
    found: list[Line] = []
    for statement in block:
        match statement:
            case If(then=then, orelse=orelse):
                head = replace(statement, then=(), orelse=None)
                found += [Line(OPEN, head), *flat(then)]
                if orelse is not None:
                    found += [Line(PART), *flat(orelse)]
            case Menu(cases=cases):
                found.append(Line(OPEN, replace(statement, cases=())))
                for case in cases:
                    found += [Line(PART, replace(case, body=())), *flat(case.body)]
            case Repeat(body=body) | ForEach(body=body):
                found += [Line(OPEN, replace(statement, body=())), *flat(body)]
            case _:
                found.append(Line(STEP, statement))
                continue
        found.append(Line(CLOSE))
    return found


def rebuilt(lines: Sequence[Line]) -> Block:
    """The block of some lines. Raises `Unmatched` for lines that are none."""
    rest = iter(lines)
    block, ending = _block(rest)
    if ending is not None:
        raise Unmatched(f"a {ending.kind} without its block")
    return block


def _block(lines: Iterator[Line]) -> tuple[Block, Line | None]:
    """Statements up to the line that ends them, or to the end of the lines."""
    found: list[Statement] = []
    for line in lines:
        if line.kind in (PART, CLOSE):
            return tuple(found), line
        found.append(line.node if line.kind == STEP else _whole(line.node, lines))
    return tuple(found), None


def _whole(head: Statement, lines: Iterator[Line]) -> Statement:
    parts: list[tuple[Line | None, Block]] = []
    part: Line | None = None
    while True:
        body, ending = _block(lines)
        parts.append((part, body))
        if ending is None:
            raise Unmatched("a block without its end")
        if ending.kind == CLOSE:
            return _joined(head, parts)
        part = ending


def _joined(head: Statement, parts: list[tuple[Line | None, Block]]) -> Statement:
    bodies = [body for _, body in parts]
    match head:
        case If() if len(parts) <= 2 and all(p is None or p.node is None for p, _ in parts):
            return replace(head, then=bodies[0], orelse=bodies[1] if len(parts) == 2 else None)
        case Menu() if len(parts) > 1 and not bodies[0]:
            cases = [(p.node, body) for p, body in parts[1:]]
            if all(isinstance(case, Case) for case, _ in cases):
                return replace(head, cases=tuple(replace(c, body=body) for c, body in cases))
        case Repeat() | ForEach() if len(parts) == 1:
            return replace(head, body=bodies[0])
    raise Unmatched(f"parts that are not those of a {type(head).__name__}")


def bounds_of(lines: Sequence[Line], opening: int) -> list[int]:
    """The indices of the PARTs of the block opened at ``opening`` itself, and of its CLOSE."""
    depth, found = 0, []
    for index in range(opening, len(lines)):
        depth += {OPEN: 1, CLOSE: -1}.get(lines[index].kind, 0)
        if depth == 1 and lines[index].kind == PART:
            found.append(index)
        if depth == 0:
            return [*found, index]
    raise Unmatched("a block without its end")


def openings(lines: Sequence[Line]) -> list[int]:
    """The indices at which blocks open."""
    return [index for index, line in enumerate(lines) if line.kind == OPEN]
