"""On which ways through a program's blocks a variable is set: what `Scope` keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sashimi.program.tree import UNARY_CONDITIONS, Case, If, Repeat, Statement, Var

LOOPS = frozenset({"repeat", "foreach"})
"""The kinds of block that may have no round."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A way on which a variable is not set: through the block of ``kind`` that starts on ``line``.

    ``way`` is "holds" for the body of an IF or of a loop, and empty for what else may happen to
    it; ``title`` is the case's.
    """

    kind: str
    line: int
    way: str = ""
    title: Any = None

    @property
    def may_fail(self) -> bool:
        """Whether the block may also do nothing, if no branch has come since."""
        return self.way == "holds"

    @property
    def in_loop(self) -> bool:
        """Whether the way is that a loop has no round: what it collects is then rightly empty."""
        return self.kind in LOOPS

    def __str__(self) -> str:
        at = f"of line {self.line}"
        if self.in_loop:
            return f"the loop {at} has no round"
        if self.kind == "menu":
            return f"case {self.title!r} {at} is chosen"
        return f"the IF {at} {self.way or 'does not hold'}"


Variables = dict[str, Gap | None]
"""The variables set so far on some way, each with a way on which it is not; None if on all."""

End = tuple[Gap, Variables]
"""A way through a block and what is set at its end."""


def merged(ends: Sequence[End], lost: Variables) -> Variables:
    """What is set after a block with these ways through it; a branch tells more than a loop.

    ``lost`` is what was set on ways that stop the program: no way that goes on has it. Without
    any way on, nothing after the block runs, and nothing is missed there.
    """
    if not ends:
        return dict.fromkeys(lost)
    if len(ends) == 1 and not lost.keys() - ends[0][1].keys():
        return ends[0][1]
    out: Variables = {}
    for name in dict.fromkeys((*(name for _, end in ends for name in end), *lost)):
        gaps = [gap for gap in (end.get(name, way) for way, end in ends) if gap]
        out[name] = next((gap for gap in gaps if not gap.in_loop), gaps[0] if gaps else None)
    return out


def sure_to_run(statement: Statement) -> bool:
    """Whether a loop has a round in any case."""
    return (
        isinstance(statement, Repeat) and isinstance(statement.count, int) and statement.count > 0
    )


def asks(statement: Statement | Case, place: str) -> bool:
    """Whether this place of a statement is to find out if there is a value at all."""
    match statement:
        case If(condition=condition):
            return place == "target" and condition in UNARY_CONDITIONS
    return False


def found_set(statement: Statement, branch: int) -> str | None:
    """The variable of which a branch of an IF knows that it holds a value; None if of none."""
    match statement:
        case If(target=Var(name=name), condition="has_any_value") if branch == 0:
            return name
        case If(target=Var(name=name), condition="does_not_have_any_value") if branch == 1:
            return name
    return None
