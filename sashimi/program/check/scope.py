"""What a statement may refer to, at each place of a program: the one notion that all share.

``validate`` asks it about finished programs, ``compile`` asks it which action a handle means, and
the decoder asks it which references are legal next. The rules, and the share of the real corpus's
references that each explains, are checked in ``tests/test_validate.py``:

- ``@input @date @Ask @Clipboard @DeviceDetails`` stand for themselves everywhere.
- ``@prev`` is the output of the last action before, or the result of the last block; at the start
  of a block (or of an ELSE or CASE) it is what it was before the block. ``SET`` and the actions
  in ``SILENT`` leave it as it was.
- A named handle is an earlier action's output: by the ``CustomOutputName`` it was given, by the
  handle that its ``UUID=@name`` gives it, or by the short name of the action with ``.`` and ``-``
  as ``_``; the latest wins. A finished block leaves
  ``@conditional``, ``@choosefrommenu``, ``@repeat_count`` or ``@repeat_each``.
- ``$name`` was set earlier in the text, by ``SET`` or by the actions in ``SETTERS``. ``gap`` says
  on which way through the blocks before it was not: a branch not taken, a loop without a round.
- Inside a loop, ``@item`` and ``@index``, ``$Repeat_Item`` and ``$Repeat_Index`` stand for the
  loop's item and count; the second loop inwards has ``$Repeat_Item_2``, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sashimi.program import names, tree
from sashimi.program.check.parts import kind, named, sanitise, sets
from sashimi.program.check.ways import Frame, Gap, Variables, found_set, merged, sure_to_run
from sashimi.program.tree import Action, Block, Case, Handle, Reference, Statement, Var, walk

ALWAYS = ("input", "date", "Ask", "Clipboard", "DeviceDetails")
"""Handles that stand for themselves everywhere."""

LOOP_HANDLES = ("item", "index")
"""Handles that stand for the innermost loop's item and count."""

LOOP_VARIABLES = ("Repeat_Item", "Repeat_Index")
"""Variables that a loop makes; nested loops append ``_2``, ``_3`` …"""

SILENT = frozenset({"comment", "setvariable", "appendvariable"})
"""Actions that leave ``@prev`` as it was."""

STOPS = frozenset({"exit", "output"})
"""Actions after which nothing of their block runs."""

FLOW_ACTIONS = frozenset({"conditional", "choosefrommenu", "repeat.count", "repeat.each"})
"""Actions that blocks are stored as; a program has them where a block is kept as its actions."""

KEPT_LOOPS = frozenset({"repeat.count", "repeat.each"})
"""Actions that make a loop's variables where a loop is kept as its actions."""

BLOCK_HANDLES = {
    "if": "conditional",
    "menu": "choosefrommenu",
    "repeat": "repeat_count",
    "foreach": "repeat_each",
}
"""The handle that each kind of block leaves behind."""


OUTPUT = re.compile(r"output_([0-9A-F]{8}(?:_[0-9A-F]{4}){3}_[0-9A-F]{12})")
"""The handle of an output by its identifier, which its action states as ``UUID="…"``."""


_NOTHING = object()


@dataclass
class Scope:
    """The references that are legal at one point; moved along statement by statement.

    A ``key`` given with an action or a block is handed back by ``resolve`` for its output: the
    compiler stores UUIDs there, others leave it out.
    """

    _variables: Variables = field(default_factory=dict)
    _outputs: dict[str, Any] = field(default_factory=dict)
    _previous: Any = _NOTHING
    _frames: list[Frame] = field(default_factory=list)
    _stopped: bool = False
    _kept: int = 0
    moves: int = field(default=0, compare=False)
    """How often anything has changed: as long as it stays, so does what is legal."""

    def after_action(self, name: str, named: Iterable[str] = (), key: Any = None) -> None:
        """An action stands here; its output can be referred to from now on, also as ``named``."""
        self.moves += 1
        if name not in SILENT:
            self._previous = key
        for handle in (names.handle(name), *named):
            self._outputs[handle] = key
        self._stopped |= name in STOPS

    def set_variable(self, name: str) -> None:
        """A variable is set here; ``name`` as the language writes it, without ``$``."""
        self._assign(name, None)

    def _assign(self, name: str, gap: Gap | None) -> None:
        self.moves += 1
        if self._frames:
            self._frames[-1].undo.setdefault(name, self._variables.get(name, _NOTHING))
        self._variables[name] = gap

    def assume(self, name: str) -> None:
        """A variable that may be unset has been found to hold a value."""
        if name in self._variables:
            self._assign(name, None)

    def enter(self, kind: str, line: int = 0, runs: bool = False, body: Block = ()) -> None:
        """A block begins; a loop may be sure to run, and its body tells what it sets."""
        if kind not in BLOCK_HANDLES:
            raise ValueError(f"no such block: {kind!r}; one of {', '.join(BLOCK_HANDLES)}")
        self.moves += 1
        way = None if kind == "menu" else Gap(kind, line, "" if runs else "holds")
        self._frames.append(Frame(kind, self._previous, line, self._stopped, way, body))

    def branch(self, title: Any = None) -> None:
        """An ELSE or a CASE: ``@prev`` is again what it was before the block."""
        self.moves += 1
        frame = self._frames[-1]
        self._close(frame)
        frame.way = Gap(frame.kind, frame.line, "", title)
        self._previous = frame.previous
        self._stopped = frame.stopped

    def keep_loop(self, mode: Any) -> None:
        """The start or the end of a loop that is kept as its actions."""
        self.moves += 1
        self._kept = max(0, self._kept + {0: 1, 2: -1}.get(mode, 0))

    def leave(self, key: Any = None, named: Iterable[str] = ()) -> None:
        """The innermost block ends; its result is ``@prev``, its own handle, and ``named``."""
        self.moves += 1
        frame = self._frames[-1]
        self._close(frame)
        self._frames.pop()
        if frame.way and frame.way.may_fail:  # an IF without ELSE, a loop
            frame.ends.append((Gap(frame.kind, frame.line), {}))
        self._stopped = not frame.ends
        for name, gap in merged(frame.ends, frame.names, self._variables):
            self._assign(name, gap)
        self._previous = key
        for handle in (BLOCK_HANDLES[frame.kind], *named):
            self._outputs[handle] = key

    def _close(self, frame: Frame) -> None:
        """Keeps what the open branch has set, and puts the variables back as they were before."""
        changed = {name: self._variables[name] for name in frame.undo}
        if frame.way and not self._stopped:
            frame.ends.append((frame.way, changed))
        for name, before in frame.undo.items():
            if before is _NOTHING:
                del self._variables[name]
            else:
                self._variables[name] = before
        frame.names |= dict.fromkeys(changed)
        frame.undo = {}

    def copy(self) -> Scope:
        """An independent scope at the same point."""
        frames = [frame.copy() for frame in self._frames]
        variables, outputs = dict(self._variables), dict(self._outputs)
        return Scope(
            variables, outputs, self._previous, frames, self._stopped, self._kept, self.moves
        )

    @property
    def depth(self) -> int:
        """How many blocks are open."""
        return len(self._frames)

    @property
    def loops(self) -> int:
        """How many loops are open."""
        return self._kept + sum(frame.kind in ("repeat", "foreach") for frame in self._frames)

    def variables(self) -> tuple[str, ...]:
        """Names of the variables that may be used here, loops' first, then in order of setting."""
        return (*self.loop_variables(), *self.set_variables())

    def set_variables(self) -> tuple[str, ...]:
        """Names of the variables set so far by the program itself, in order of setting."""
        elsewhere = (name for frame in self._frames for name in frame.names)
        return tuple(dict.fromkeys((*self._variables, *elsewhere)))

    def loop_variables(self) -> tuple[str, ...]:
        """Names of the variables of the open loops, outermost first."""
        return tuple(
            name if level == 1 else f"{name}_{level}"
            for level in range(1, self.loops + 1)
            for name in LOOP_VARIABLES
        )

    def handles(self) -> tuple[str, ...]:
        """Names of the handles that may be used here, the fixed ones first."""
        previous = () if self._previous is _NOTHING else ("prev",)
        loop = LOOP_HANDLES if self.loops else ()
        fixed = (*previous, *ALWAYS, *loop)
        return (*fixed, *(name for name in self._outputs if name not in fixed))

    def allows(self, reference: Reference) -> bool:
        """Whether a reference means something here."""
        return self.why_not(reference) is None

    def gap(self, reference: Reference) -> Gap | None:
        """A way to here on which a variable is not set; None for one that is set on all."""
        if not isinstance(reference, Var):
            return None
        if reference.name in self._variables:
            return self._variables[reference.name]
        return next((f.way for f in reversed(self._frames) if reference.name in f.names), None)

    def _is_set(self, name: str) -> bool:
        return name in self._variables or any(name in frame.names for frame in self._frames)

    def surely(self, reference: Reference) -> bool:
        """Whether a reference means something here on every way, but for loops without a round."""
        gap = self.gap(reference)
        return self.allows(reference) and (gap is None or gap.in_loop)

    def carried(self, reference: Reference) -> int | None:
        """The line of an open loop whose earlier rounds set a variable not yet set; else None."""
        if not isinstance(reference, Var) or self._is_set(reference.name):
            return None
        for frame in self._frames:
            if frame.later is None:
                given = list(filter(None, map(sets, walk(frame.body))))
                frame.later = frozenset((*given, *map(sanitise, given)))
            if reference.name in frame.later:
                return frame.line
        return None

    def why_not(self, reference: Reference) -> str | None:
        """Why a reference means nothing here, in words; None if it is fine."""
        match reference:
            case Var(name=name):
                if self._is_set(name) or name in self.loop_variables():
                    return None
                if re.fullmatch(r"Repeat_(Item|Index)(_\d+)?", name):
                    return f"${name} is used outside a loop that makes it"
                return f"${name} is used before it is set"
            case Handle(name="prev"):
                return "@prev has no action before it" if self._previous is _NOTHING else None
            case Handle(name=name) if name in LOOP_HANDLES:
                return None if self.loops else f"@{name} is used outside a loop"
            case Handle(name=name):
                if name in ALWAYS or name in self._outputs:
                    return None
                return f"@{name} names no earlier action, block or output"
        raise TypeError(f"not a reference: {reference!r}")

    def resolve(self, handle: Handle) -> Any:
        """The key of the action or block whose output a handle means; ``KeyError`` if none."""
        if handle.name == "prev" and self._previous is not _NOTHING:
            return self._previous
        return self._outputs[handle.name]


def pass_simple(scope: Scope, statement: Action | tree.Set, key: Any = None) -> None:
    """Move a scope past an ACTION or a SET."""
    if isinstance(statement, Action):
        scope.after_action(statement.name, named(statement.params), key)
        if statement.name in KEPT_LOOPS:
            scope.keep_loop(dict(statement.params).get("WFControlFlowMode"))
    variable = sets(statement)
    if variable is not None:
        scope.set_variable(sanitise(variable))
        scope.set_variable(variable)


def walk_scoped(
    block: Block, scope: Scope | None = None
) -> Iterator[tuple[Statement | Case, Scope]]:
    """Each statement and CASE of a block in order of text, with the scope just before it.

    The scope is one object that moves: look at it before asking for the next pair. Its keys are
    the statements, so ``scope.resolve`` gives the one whose output a handle means.
    """
    scope = Scope() if scope is None else scope
    for statement in block:
        yield statement, scope
        opened = kind(statement)
        if opened is None:
            pass_simple(scope, statement, key=statement)
            continue
        body = statement.body if isinstance(statement, tree.Repeat | tree.ForEach) else ()
        scope.enter(opened, statement.line, sure_to_run(statement), body)
        for branch, part in enumerate(_parts(statement)):
            if isinstance(part, Case):
                scope.branch(part.title)
                yield part, scope
                part = part.body
            elif branch:
                scope.branch()
            known = found_set(statement, branch)
            if known:
                scope.assume(known)
            yield from walk_scoped(part, scope)
        scope.leave(statement, named(statement.end))


def _parts(statement: tree.If | tree.Menu | tree.Repeat | tree.ForEach) -> tuple[Block | Case, ...]:
    return statement.cases if isinstance(statement, tree.Menu) else tree.blocks(statement)
