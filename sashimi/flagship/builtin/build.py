"""The program of a filled plan.

Conventions that a reader of the prompt may rely on: an action takes the output of the one before
it; a value used twice, checked or used inside a branch is kept in a variable named for its type
(or for the step that made it); a menu without a question asks "Choose an option"; the program's
title is that of the first step of a domain.
"""

from __future__ import annotations

from dataclasses import replace

from sashimi.flagship.builtin import plan as plans
from sashimi.flagship.builtin.grammar import SLOT, Grammar, Step
from sashimi.flagship.builtin.plan import Check, Choice, Each, Run, Test, Times, Use, kind_of
from sashimi.program.tree import (
    Action,
    Block,
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
    Reference,
    Repeat,
    Set,
    Statement,
    Value,
    Var,
)

PREV, ITEM = Handle("prev"), Handle("item")
MENU_PROMPT = "Choose an option"


def program(plan: tuple, grammar: Grammar) -> tuple[Program, str]:
    """The program of a plan and its domain."""
    steps = [use.step for use in plans.uses(plan) if use.step is not None]
    leading = next((step for step in steps if not step.common), steps[0])
    domain = "clipboard_text" if leading.common else leading.domain
    body = _Builder(grammar).block(plan, None)
    return Program(leading.title or leading.id, tuple(body)), domain


def put(value: Value, use: Use, given: Reference) -> Value:
    """A template's value with its slots filled and ``@prev`` replaced by what is given."""
    match value:
        case str():
            return _text(value, use)
        case Handle(name="prev"):
            return given
        case Interp(parts=parts):
            return Interp(tuple(put(part, use, given) for part in parts))
        case Quantity(magnitude=magnitude, unit=unit):
            return Quantity(put(magnitude, use, given), put(unit, use, given))
        case Dict(items=items) | Headers(items=items):
            return replace(
                value, items=tuple((put(k, use, given), put(v, use, given)) for k, v in items)
            )
        case List(items=items):
            return List(tuple(put(item, use, given) for item in items))
    return value


def _text(text: str, use: Use) -> Value:
    whole = SLOT.fullmatch(text)
    if whole:
        value = use.values[whole[1]].value
        return str(value) if whole[2] == ":str" else value
    return SLOT.sub(lambda m: str(use.values[m[1]].value), text)


class _Builder:
    """Builds statements and remembers which variable names are taken."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.names: dict[str, int] = {}

    def block(self, nodes: tuple, given: Reference | None) -> list[Statement]:
        return [statement for node in nodes for statement in self.node(node, given)]

    def node(self, node: plans.Node, given: Reference | None) -> list[Statement]:
        match node:
            case Run(head=head, tail=tail):
                return self.run(head, tail, given)
            case Test(test=test, then=then, orelse=orelse):
                first = self.body(test, PREV)
                return [*first, self.conditional(PREV, test, then, orelse, given)]
            case Check(head=head, check=check, then=then, orelse=orelse):
                first, kept = self.kept(head, given)
                return [*first, self.conditional(kept, check, then, orelse, kept)]
            case Choice(words=words, cases=cases):
                return [self.menu(words, cases)]
            case Times(words=words, body=body):
                count = words.values["small"].value
                return [Repeat(count, tuple(self.block(body, given)))]
            case Each(head=head, body=body):
                made = self.run(head, (), None)
                return [*made, ForEach(PREV, tuple(self.block(body, ITEM)))]
        raise TypeError(f"not a node: {node!r}")

    def run(self, head: tuple, tail: tuple, given: Reference | None) -> list[Statement]:
        if not head:
            return [s for use in tail for s in self.body(use, given)]
        if len(tail) > 1:
            made, kept = self.kept(head, given)
            return made + [s for use in tail for s in self.body(use, kept)]
        out: list[Statement] = []
        current = given
        for use in (*head, *tail):
            out.extend(self.body(use, current))
            current = PREV
        return out

    def kept(self, head: tuple, given: Reference | None) -> tuple[list[Statement], Reference]:
        """What makes a value and keeps it in a variable; nothing when it is given already."""
        if not head:
            return [], given
        name = head[-1].step.var or self.grammar.nouns[kind_of(head)[0]]["var"]
        self.names[name] = self.names.get(name, 0) + 1
        name = name if self.names[name] == 1 else f"{name}{self.names[name]}"
        return [*self.run(head, (), given), Set(name, PREV)], Var(name)

    def conditional(
        self, target: Reference, use: Use, then: tuple, orelse: tuple | None, given
    ) -> If:
        step = use.step
        value = None if step.value is None else _text(step.value, use)
        otherwise = None if orelse is None else tuple(self.block(orelse, given))
        return If(target, step.condition, value, tuple(self.block(then, given)), otherwise)

    def menu(self, words: Use, cases: tuple) -> Menu:
        asked = words.values.get("question")
        titles = [words.values[f"choice#{n}"].value for n in range(1, len(cases) + 1)]
        return Menu(
            asked.value if asked else MENU_PROMPT,
            tuple(
                Case(title, tuple(self.block(case, None)))
                for title, case in zip(titles, cases, strict=True)
            ),
        )

    def body(self, use: Use, given: Reference | None) -> list[Statement]:
        """The statements of one step; the first takes what is given, the others their own."""
        step: Step = use.step
        out: list[Statement] = []
        block: Block = step.body
        for number, statement in enumerate(block):
            reference = given if number == 0 and step.takes else PREV
            match statement:
                case Action(name=name, params=params):
                    made = [(key, put(value, use, reference)) for key, value in params]
                    if number == 0 and step.takes and step.input and reference != PREV:
                        made.append((step.input, reference))
                    out.append(Action(name, tuple(made)))
                case Set(name=name, value=value):
                    out.append(Set(name, put(value, use, reference)))
                case _:
                    raise TypeError(f"step {step.id}: only actions and SET may stand in a step")
        return out
