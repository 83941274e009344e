"""Variables on every way: against a walk of all ways through random programs."""

from __future__ import annotations

import random

import pytest
from work import calls

from sashimi.program.check.scope import Scope, walk_scoped
from sashimi.program.check.validate import validate
from sashimi.program.check.ways import Gap, merged
from sashimi.program.tree import (
    Action,
    Block,
    Case,
    ForEach,
    Handle,
    If,
    Menu,
    Program,
    Repeat,
    Set,
    Statement,
    Var,
)

Ways = set[frozenset[str]]
"""What is set on each way that gets to a point."""


def made(chance: random.Random, depth: int = 0) -> Block:
    """A random block over three variables, their uses, exits and every kind of block."""

    def one() -> Statement:
        name, inside = chance.choice("abc"), lambda: made(chance, depth + 1)
        kinds = ["set", "use", "use", "exit", "if", "else", "menu", "repeat", "foreach"]
        match chance.choice(kinds[: 4 if depth > 2 else None]):
            case "set":
                return Set(name, 1)
            case "use":
                return Action("getvariable", (("WFVariable", Var(name)),))
            case "exit":
                return Action("exit") if chance.random() < 0.4 else Action("nothing")
            case "menu":
                count = chance.randint(1, 3)
                return Menu("m", tuple(Case(str(i), inside()) for i in range(count)))
            case "repeat":
                return Repeat(2, inside())
            case "foreach":
                return ForEach(Handle("input"), inside())
            case kind:
                target = Var(name) if chance.random() < 0.4 else Handle("input")
                condition = chance.choice(("has_any_value", "does_not_have_any_value"))
                return If(target, condition, None, inside(), inside() if kind == "else" else None)

    return tuple(one() for _ in range(chance.randint(0, 3)))


def follow(block: Block, ways: Ways, missed: set[int]) -> Ways:
    """The ways at the end of a block; ids of the uses that some way gets to with nothing set."""
    for statement in block:
        match statement:
            case Action(name="exit"):
                ways = set()
            case Action(params=((_, Var(name=name)),)):
                if any(name not in way for way in ways):
                    missed.add(id(statement))
            case Set(name=name):
                ways = {way | {name} for way in ways}
            case If(target=target, condition=condition, then=then, orelse=orelse):
                has = {w for w in ways if not isinstance(target, Var) or target.name in w}
                yes, no = (has, ways) if condition == "has_any_value" else (ways, has)
                ways = follow(then, yes, missed) | follow(orelse or (), no, missed)
            case Menu(cases=cases):
                ways = set().union(*(follow(case.body, ways, missed) for case in cases))
            case Repeat(body=body) | ForEach(body=body):
                ways = follow(body, ways, missed)
    return ways


def test_no_use_that_some_way_leaves_unset_is_passed_over() -> None:
    found = 0
    for seed in range(3000):
        body = made(random.Random(seed))
        missed: set[int] = set()
        follow(body, {frozenset()}, missed)
        unsure = {
            id(statement)
            for statement, scope in walk_scoped(body)
            if isinstance(statement, Action)
            and statement.params
            and not scope.surely(statement.params[0][1])
        }
        assert missed <= unsure
        found += len(missed)
    assert found > 1000


def test_ways_are_put_back_after_each_block() -> None:
    scope = Scope()
    scope.set_variable("a")
    for kind in ("if", "foreach", "repeat"):
        scope.enter(kind)
        scope.set_variable("a")
        scope.set_variable(kind)
        scope.leave()
    assert scope.set_variables() == ("a", "if", "foreach", "repeat")
    assert scope.gap(Var("a")) is None
    assert [scope.gap(Var(kind)).in_loop for kind in ("if", "foreach", "repeat")] == [0, 1, 1]


def test_a_branch_tells_more_than_a_loop() -> None:
    loop, left, right = Gap("repeat", 1), Gap("menu", 2, title="l"), Gap("menu", 2, title="r")
    ends = [(left, {"x": loop, "y": None}), (right, {"x": None, "z": None})]
    assert dict(merged(ends, "xyz", {})) == {"x": loop, "y": right, "z": left}
    assert dict(merged(ends, "xyz", {"y": None, "z": None})) == {"x": loop, "y": None, "z": None}
    assert dict(merged([], "x", {})) == {"x": None}


@pytest.mark.parametrize("shape", ["cases", "blocks", "nested uses"])
def test_work_is_linear(shape: str) -> None:
    """Four times the program makes four times the calls, not sixteen times."""

    def cost(n: int) -> int:
        names = [f"v{i}" for i in range(n)]
        body: Block = {
            "cases": (Menu("m", tuple(Case(v, (Set(v, 1),)) for v in names)),),
            "blocks": tuple(If(Handle("input"), "contains", "x", (Set(v, 1),)) for v in names),
            "nested uses": (ForEach(Handle("input"), tuple(_used(v) for v in names)),),
        }[shape]
        return calls(lambda: validate(Program("A", body)))

    assert 0 < cost(800) < 4.5 * cost(200)


def _used(name: str) -> Action:
    return Action("getvariable", (("WFVariable", Var(name)),))
