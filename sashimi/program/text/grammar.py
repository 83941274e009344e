"""The parser that ``grammar.lark`` describes: made from its tables, which lie beside it.

Lark needs a fifth of a second to make the tables of the grammar, so ``tables.json`` holds them;
``scripts/build_tables.py`` writes it. Where the grammar or Lark is another than the one that they
were made from, they are made anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import lark
from lark import Lark, Token
from lark.grammar import Rule
from lark.lexer import TerminalDef

from sashimi.files import digest
from sashimi.program import tree
from sashimi.program.names import written
from sashimi.program.text import values

MAX_DEPTH = 64
"""Deepest nesting of blocks, dictionaries and lists together."""
TABLES = "tables.json"


class Fault(Exception):
    """A fault found between lexer and tree; ``offset`` is into the text."""

    def __init__(self, reason: str, offset: int):
        super().__init__(reason)
        self.reason, self.offset = reason, offset


_OPENING = frozenset({"LBRACE", "LSQB", "LPAR", "IF", "MENU", "REPEAT", "FOREACH"})
_CLOSING = frozenset({"RBRACE", "RSQB", "RPAR", "_ENDIF", "_ENDMENU", "_ENDREPEAT", "_ENDFOREACH"})


class DepthGuard:
    """Lets tokens pass and counts how deep they nest; the LALR stack itself has no bound."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth = 0
        for token in stream:
            if token.type in _OPENING:
                depth += 1
                if depth > MAX_DEPTH:
                    reason = f"nested more than {MAX_DEPTH} deep"
                    raise Fault(reason, token.start_pos)
            elif token.type in _CLOSING:
                depth -= 1
            yield token


def _literal(read: Callable[[str], Any], token: Token) -> Any:
    try:
        return read(token)
    except values.LiteralError as error:
        raise Fault(str(error), token.start_pos + error.offset) from None


def _inline(node: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    return lambda children: node(*children)


def _items(*items: Any) -> tuple[Any, ...]:
    return () if items == (None,) else items


def _branch(line: int, tests: tuple, pairs: tree.Pairs, then: tree.Block, *rest: Any) -> tree.If:
    match, first, *more = tests
    *other, end = rest
    middle, orelse = other or ((), None)
    test = (first.target, first.condition, first.value)
    return tree.If(*test, then, orelse, match, tuple(more), pairs, middle, end, line=line)


def _loop(
    node: Callable[..., Any], line: int, operand: Any, pairs: Any, body: Any, end: Any
) -> Any:
    return node(operand, body, pairs, end, line=line)


BUILDERS: dict[str, Callable[..., Any]] = {
    "start": lambda name, settings, body: tree.Program(name, body, settings),
    "settings": lambda *pairs: pairs,
    "block": lambda *statements: statements,
    "action": lambda at, name, *pairs: tree.Action(written(str(name)), pairs, line=at.line),
    "set": lambda at, name, value: tree.Set(values.reference(name).name, value, line=at.line),
    "branch": lambda at, *parts: _branch(at.line, *parts),
    "untested": lambda: ("", tree.Test(None, "")),
    "tested": lambda test: ("", test),
    "several": lambda match, *tests: (match.lower(), *tests),
    "test": lambda target, condition, value: tree.Test(target, str(condition), value),
    "menu": lambda at, prompt, pairs, *rest: tree.Menu(
        prompt, rest[:-1], pairs, rest[-1], line=at.line
    ),
    "repeat": lambda at, *parts: _loop(tree.Repeat, at.line, *parts),
    "foreach": lambda at, *parts: _loop(tree.ForEach, at.line, *parts),
    "case": lambda at, title, pairs, body: tree.Case(title, body, pairs, line=at.line),
    "pairs": lambda *pairs: pairs,
    "pair": lambda key, value: (values.unquote(key) if key[0] == '"' else str(key), value),
    "none": lambda: None,
    "entry": lambda key, value: (key, value),
    "variable": lambda token: _literal(values.reference, token),
    "handle": lambda token: _literal(values.reference, token),
    "true": lambda: True,
    "false": lambda: False,
    "quantity": tree.Quantity,
    "dictionary": lambda *items: tree.Dict(_items(*items)),
    "headers": lambda *items: tree.Headers(_items(*items)),
    "list": lambda *items: tree.List(_items(*items)),
    "string": values.unquote,
    "number": lambda token: _literal(values.number, token),
    "interpolated": lambda token: _literal(values.interpolated, token),
}
"""What makes the node of each rule of the grammar from its children."""


@cache
def parser() -> Lark:
    """The parser of a program; its ``parse`` raises Lark's errors and `Fault`."""
    stored = json.loads(_text(TABLES))
    if stored["made_from"] != _origin():
        return _build()
    return Lark._load_from_dict(*(_counted(stored[part]) for part in ("data", "memo")), **_parts())


def tables() -> dict[str, Any]:
    """What ``tables.json`` holds: the grammar's tables, and what they were made from."""
    data, memo = _build().memo_serialize([TerminalDef, Rule])
    data["options"] = {k: v for k, v in data["options"].items() if k not in {*_parts(), "_plugins"}}
    return {"made_from": _origin(), "data": data, "memo": memo}


def _build() -> Lark:
    text = _text("grammar.lark")
    return Lark(text, parser="lalr", lexer="contextual", maybe_placeholders=True, **_parts())


def _parts() -> dict[str, Any]:
    """What is no data: what makes the nodes, and what looks at the tokens."""
    nodes = {rule: _inline(node) for rule, node in BUILDERS.items()}
    return {"transformer": SimpleNamespace(**nodes), "postlex": DepthGuard()}


def _origin() -> str:
    return digest([lark.__version__, _text("grammar.lark")])


def _text(name: str) -> str:
    return files("sashimi.program.text").joinpath(name).read_text(encoding="utf-8")


def _counted(value: Any) -> Any:
    """JSON with whole numbers as keys again, where it has their digits."""
    if isinstance(value, dict):
        return {int(k) if k.isdigit() else k: _counted(entry) for k, entry in value.items()}
    return [_counted(entry) for entry in value] if isinstance(value, list) else value
