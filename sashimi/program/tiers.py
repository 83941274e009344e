"""The typed IR: a program as three tiers of tokens, without loss.

Tier 1, ``structure``: block keywords, action identities, SET and IF patterns with abstract variable
slots ``$1 $2 …`` (numbered by first appearance), handles. Tier 2, ``parameters``: one sequence per
action of keys, enumerable values, references and the shape of everything else. Tier 3, ``values``:
what the first two tiers leave open, in the order of its slots: texts, numbers, nested literals, the
names of variables and, last, the program's title.

Tokens are strings, so that a vocabulary is a list and a diff is readable:

=====================  ==========================================================================
``ACTION gettext``     an action; its Tier 2 sequence follows it in the merged order
``key:WFURL``          a parameter key
``="Get"``             an enumerable value: one that the catalogue lists for the key, or a unit
``$1`` ``@prev``       a reference (``$Repeat_Item`` and its kin keep their names: loops make them)
``name:$1``            the *name* of a variable, given as a string (Add to Variable)
``<text>`` ``<key>``   open slots: a string, a dictionary's key, a number, a whole nested literal or
                       a reference with steps
``WITH key:…``         a setting; ``key:…`` after a block's start, part or end: what stands beside
``<interp>`` …         opens a composite value, closed by ``</interp>``
=====================  ==========================================================================

``lower(encode(p)) == p`` for every program (LANGUAGE, "Typed IR, three tiers").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sashimi.program.ir.lower import Reader
from sashimi.program.ir.tokens import (
    END,
    OPEN_SLOTS,
)
from sashimi.program.ir.write import Writer
from sashimi.program.tree import (
    Action,
    Block,
    Program,
    Value,
    map_blocks,
)

_VARIABLE = re.compile(r"(?:name:)?(\$\d+)")


@dataclass(frozen=True, slots=True)
class TypedIR:
    """A program in three tiers; see the module's docstring for the tokens."""

    structure: tuple[str, ...]
    parameters: tuple[tuple[str, ...], ...]
    values: tuple[Value, ...]

    def merged(self) -> list[str]:
        """Tiers 1 and 2 in one sequence, each action followed by its own parameters."""
        parameters = iter(self.parameters)
        merged: list[str] = []
        for token in self.structure:
            merged.append(token)
            if token.startswith("ACTION "):
                merged.extend(next(parameters))
        return merged


def encode(program: Program) -> TypedIR:
    """The three tiers of a program."""
    writer = Writer()
    for pair in program.settings:
        writer.structure.append("WITH")
        writer.beside((pair,))
    writer.block(program.body)
    writer.structure.append(END)
    writer.values.append(program.name)
    return TypedIR(
        tuple(writer.structure), tuple(map(tuple, writer.parameters)), tuple(writer.values)
    )


def lower(ir: TypedIR) -> Program:
    """The program of a typed IR, the inverse of `encode`. Raises `IRError`."""
    return assemble(ir.merged(), ir.values)


def assemble(tokens: Iterable[str], values: Iterable[Value]) -> Program:
    """The program of merged Tier 1 and 2 tokens and the values of their slots. Raises `IRError`."""
    return Reader(list(tokens), list(values)).program()


def skeleton(program: Program) -> tuple[str, ...]:
    """The Tier 1 tokens: the unit of splits and of exact-match scores."""
    return encode(program).structure


def slots(tokens: Iterable[str]) -> list[tuple[int, str]]:
    """Where merged tokens leave a value open: (position, kind), in the order of ``values``.

    Kinds are text, key, number, literal, name (a variable's first appearance) and title.
    """
    found: list[tuple[int, str]] = []
    named: set[str] = set()
    for position, token in enumerate(tokens):
        if token in OPEN_SLOTS:
            found.append((position, OPEN_SLOTS[token]))
        elif (variable := _VARIABLE.fullmatch(token)) and variable[1] not in named:
            named.add(variable[1])
            found.append((position, "name"))
    return found


def without_comments(program: Program) -> Program:
    """The program less its ``comment`` actions, which do nothing when it runs."""

    def strip(block: Block) -> Block:
        kept = (s for s in block if not (isinstance(s, Action) and s.name == "comment"))
        return tuple(map_blocks(statement, strip) for statement in kept)

    return Program(program.name, strip(program.body))
