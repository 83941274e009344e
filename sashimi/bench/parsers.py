"""Lark's options for the grammar, side by side: speed, start and what each reads."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

from sashimi.bench.language import fastest
from sashimi.program import render
from sashimi.program.text.parse import BUILDERS, build
from sashimi.program.tree import Program

FEW = 20
"""Programs for the option that is a hundred times slower."""


def parsers(programs: Sequence[Program]) -> list[dict]:
    """For each option: milliseconds to build it, texts a second, share of texts read correctly."""
    wanted = {render(program): program for program in programs}
    from lark import Transformer

    as_tree = type("Build", (Transformer,), {k: _method(v) for k, v in BUILDERS.items()})()
    rows = []
    for name, make, few in (
        ("contextual lexer, built while reading (chosen)", build, False),
        ("contextual lexer, tree first", lambda: _then(build(transformer=None), as_tree), False),
        ("standalone module", _standalone(), False),
        ("basic lexer", lambda: build(lexer="basic"), False),
        ("Earley", lambda: _then(_earley(), as_tree), True),
    ):
        rows += _measured(name, make, dict(list(wanted.items())[:FEW]) if few else wanted)
    return rows


def _measured(name: str, make: Callable[[], Any], wanted: dict[str, Program]) -> list[dict]:
    begun = time.process_time()
    parser = make()
    start = time.process_time() - begun
    read = [text for text, program in wanted.items() if _reads(parser, text, program)]
    rows = [(f"{name}: start", 1000 * start, "ms", 1)]
    rows.append((f"{name}: read", 100 * len(read) / len(wanted), "%", len(wanted)))
    if read:
        took = fastest(lambda: [parser.parse(text) for text in read], tries=1)
        rows.append((f"{name}: speed", len(read) / took, "programs/s", len(read)))
    return [dict(zip(("what", "value", "unit", "n"), row, strict=True)) for row in rows]


def _reads(parser: Any, text: str, program: Program) -> bool:
    from lark.exceptions import LarkError

    try:
        return parser.parse(text) == program
    except LarkError:
        return False


def _then(parser: Any, transformer: Any) -> Any:
    return SimpleNamespace(parse=lambda text: transformer.transform(parser.parse(text)))


def _earley() -> Any:
    return build(parser="earley", lexer="dynamic", transformer=None, postlex=None)


def _standalone() -> Callable[[], Any]:
    """What makes a parser from the module that Lark writes for a grammar."""
    from lark.tools.standalone import gen_standalone

    source = io.StringIO()
    gen_standalone(build(transformer=None, postlex=None), out=source)
    code, own = compile(source.getvalue(), "standalone", "exec"), build().options

    def make() -> Any:
        module = ModuleType("standalone")
        sys.modules[module.__name__] = module  # its dataclasses look for it there
        try:
            exec(code, vars(module))  # what Lark has just written
        finally:
            del sys.modules[module.__name__]
        return module.Lark_StandAlone(transformer=own.transformer, postlex=own.postlex)

    return make


def _method(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, children: make(*children)
