"""On which ways through a program's blocks a variable is set: what `Scope` keeps of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sashimi.program.conditions import UNARY_CONDITIONS
from sashimi.program.tree import Block, Case, If, Repeat, Statement, Var

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
"""A way through a block, and the variables that it changed."""


@dataclass
class Frame:
    """An open block: where it began, and what its branches have changed so far."""

    kind: str
    previous: Any
    line: int
    stopped: bool
    way: Gap | None  # of the branch that is open; a MENU has none before its first CASE
    body: Block = ()  # of a loop
    later: frozenset[str] | None = None  # what its body sets, once somebody asks
    undo: dict[str, Any] = field(default_factory=dict)  # what the open branch changed, as it was
    ends: list[End] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)  # set in branches that are closed

    def copy(self) -> Frame:
        undo, names = dict(self.undo), dict(self.names)
        return replace(self, undo=undo, ends=list(self.ends), names=names)


def merged(
    ends: Sequence[End], names: Iterable[str], before: Variables
) -> Iterator[tuple[str, Gap | None]]:
    """The variables that a block may have changed; a branch tells more than a loop.

    ``names`` are those changed on any way, also on ways that stop the program: no way that goes on
    has them. Without any way on, nothing after the block runs, and nothing is missed there. Linear
    in what is changed, so that a menu of many cases is no trouble.
    """
    found: dict[str, list[tuple[int, Gap | None]]] = {name: [] for name in names}
    for index, (_, changed) in enumerate(ends):
        for name, gap in changed.items():
            found[name].append((index, gap))
    for name, values in found.items():
        gaps = [gap for _, gap in values if gap]
        without = next((at for at, (index, _) in enumerate(values) if at != index), len(values))
        if without < len(ends):
            gap = before[name] if name in before else ends[without][0]
            gaps += [gap] if gap else []
        yield name, next((gap for gap in gaps if not gap.in_loop), gaps[0] if gaps else None)


def sure_to_run(statement: Statement) -> bool:
    """Whether a loop has a round in any case."""
    return (
        isinstance(statement, Repeat) and isinstance(statement.count, int) and statement.count > 0
    )


def asks(statement: Statement | Case, place: str) -> bool:
    """Whether this place of a statement is to find out if there is a value at all."""
    if not isinstance(statement, If) or not place.startswith("target"):
        return False
    tests = (statement, *statement.more)
    number = int(place.removeprefix("target") or 1) - 1
    return tests[number].condition in UNARY_CONDITIONS


def found_set(statement: Statement, branch: int) -> str | None:
    """The variable of which a branch of an IF knows that it holds a value; None if of none."""
    match statement:
        case If(more=(_, *_)):
            return None
        case If(target=Var(name=name, steps=()), condition="has_any_value") if branch == 0:
            return name
        case If(target=Var(name=name, steps=()), condition="does_not_have_any_value") if branch:
            return name
    return None
