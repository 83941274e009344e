"""A program as rows to be drawn: what the editor shows, without any markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sashimi.program.check.parts import operands
from sashimi.program.check.scope import Scope, walk_scoped
from sashimi.program.show import summaries
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
    Pairs,
    Program,
    Quantity,
    Reference,
    Repeat,
    Set,
    Statement,
    Step,
    Value,
    Var,
    references,
)

LONGEST = 900
"""Characters of one text that are shown."""

HIDDEN = frozenset({"UUID", "GroupingIdentifier", "CustomOutputName", "WFControlFlowMode"})
"""Keys that say nothing to a reader."""

CONSTANT = {
    "input": "Shortcut Input",
    "date": "Current Date",
    "Ask": "Ask Each Time",
    "Clipboard": "Clipboard",
    "DeviceDetails": "Device Details",
    "item": "Repeat Item",
    "index": "Repeat Index",
    "prev": "Result before",
}
RESULTS = {
    If: "If Result",
    Menu: "Menu Result",
    Repeat: "Repeat Results",
    ForEach: "Repeat Results",
}
SIGNS = {"equals": "is", "not equal": "is not", "has any value": "has any value"}


@dataclass(frozen=True)
class Piece:
    """A run of text: ``plain`` words, a ``value``, a ``token`` for a variable, or ``faint``."""

    kind: str
    text: str
    detail: str = ""


@dataclass(frozen=True)
class Run:
    """Pieces of one text, with no space between that it does not have itself."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Table:
    """A list's or dictionary's items: a label (or none) and a value each."""

    items: tuple[tuple[tuple[Piece, ...], Parts], ...]


Parts = tuple["Piece | Run | Table", ...]


@dataclass(frozen=True)
class Row:
    """One rounded row: its sign, its sentence, its other parameters, its output's own name."""

    sign: str
    sentence: Parts
    rest: tuple[tuple[str, Parts], ...] = ()
    output: str = ""
    role: str = "action"
    line: int = 0


class _Names:
    """What each output is called at the place where a handle stands for it."""

    def __init__(self, program: Program):
        self.labels: dict[tuple[int, str], str] = {}
        for statement, scope in walk_scoped(program.body):
            for handle in _handles(statement):
                if handle.name not in CONSTANT or handle.name == "prev":
                    self._learn(statement, scope, handle)

    def _learn(self, statement: Statement | Case, scope: Scope, handle: Handle) -> None:
        if not scope.allows(Handle(handle.name)):
            return
        maker = scope.resolve(handle)
        label = RESULTS.get(type(maker), "")
        if isinstance(maker, Action):
            custom = dict(maker.params).get("CustomOutputName")
            label = custom if isinstance(custom, str) else summaries.output_label(maker.name)
        if label:
            self.labels[id(statement), handle.name] = label

    def of(self, statement: Statement | Case, name: str) -> str:
        label = self.labels.get((id(statement), name)) or CONSTANT.get(name)
        return label or name.replace("_", " ")


def _handles(statement: Statement | Case) -> Iterator[Handle]:
    for _, value in operands(statement):
        for reference in references(value):
            if isinstance(reference, Handle):
                yield reference


def rows(program: Program) -> list[Row | list]:
    """The rows of a program; a list among them holds the rows of a block's inside."""
    return _block(program.body, _Names(program))


def _block(block: Block, names: _Names) -> list[Row | list]:
    out: list[Row | list] = []
    for statement in block:
        out += _statement(statement, names)
    return out


def _statement(statement: Statement, names: _Names) -> Iterator[Row | list]:
    say = _Words(statement, names)
    match statement:
        case Action(name=name, params=params):
            yield say.action(name, params)
        case Set(name=name, value=value):
            sentence = (Piece("plain", "Set"), say.variable(name), Piece("plain", "to"))
            yield Row("variable", (*sentence, *say.value(value)), line=statement.line)
        case If():
            yield say.row("flow", say.condition(statement), statement.pairs, "begin")
            yield _block(statement.then, names)
            if statement.orelse is not None:
                yield say.row("flow", (Piece("plain", "Otherwise"),), statement.middle, "part")
                yield _block(statement.orelse, names)
            yield say.row("flow", (Piece("plain", "End If"),), statement.end, "end")
        case Menu():
            prompt = () if statement.prompt is None else say.value(statement.prompt)
            sentence = (Piece("plain", "Choose from menu"), *prompt)
            yield say.row("menu", sentence, statement.pairs, "begin")
            for case in statement.cases:
                said = _Words(case, names)
                yield said.row("menu", said.value(case.title), case.pairs, "part")
                yield _block(case.body, names)
            yield say.row("menu", (Piece("plain", "End Menu"),), statement.end, "end")
        case Repeat(count=count) | ForEach(target=count):
            times = isinstance(statement, Repeat)
            told = (Piece("faint", "a number of"),) if count is None else say.value(count)
            begin = (Piece("plain", "Repeat"), *told, Piece("plain", "times"))
            each = (Piece("plain", "Repeat with each of"), *told)
            yield say.row("loop", begin if times else each, statement.pairs, "begin")
            yield _block(statement.body, names)
            yield say.row("loop", (Piece("plain", "End Repeat"),), statement.end, "end")


class _Words:
    """Values of one statement as pieces."""

    def __init__(self, statement: Statement | Case, names: _Names):
        self.statement, self.names = statement, names

    def row(self, sign: str, sentence: Sequence, pairs: Pairs, role: str) -> Row:
        """A row of a block's own."""
        output = next((v for k, v in pairs if k == "CustomOutputName" and isinstance(v, str)), "")
        return Row(sign, tuple(sentence), self.rest(pairs), output, role, self.statement.line)

    def action(self, name: str, params: Pairs) -> Row:
        """An action's row."""
        given = dict(params)
        template = summaries.table()["sentences"].get(name)
        if template is None:
            app = summaries.app(name)
            sentence: tuple = (Piece("plain", summaries.title(name)),)
            sentence += (Piece("faint", f"in {app}"),) if app else ()
            used: set[str] = set()
        else:
            sentence, used = self.sentence(template, given)
        rest = self.rest(pair for pair in params if pair[0] not in used)
        output = given.get("CustomOutputName")
        named = output if isinstance(output, str) else ""
        return Row(summaries.sign(name), sentence, rest, named, line=self.statement.line)

    def sentence(self, template: str, given: dict) -> tuple[tuple, set[str]]:
        """A template with the values in it, and the keys that it has used."""
        out: list = []
        used: set[str] = set()
        for words, key, default in re.findall(r"([^{]+)|\{(\w+)\|?([^}]*)\}", template):
            if words.strip():
                out.append(Piece("plain", words.strip()))
            elif key in given and given[key] is not None and given[key] != "":
                out += self.value(given[key])
                used.add(key)
            elif default:
                out.append(Piece("faint", default))
        return tuple(out) or (Piece("faint", "empty"),), used

    def rest(self, pairs: Iterable[tuple[str, Value | None]]) -> tuple[tuple[str, Parts], ...]:
        """The parameters that the sentence does not tell."""
        told = [(key, value) for key, value in pairs if key not in HIDDEN and value is not None]
        return tuple((summaries.key_label(key), self.value(value)) for key, value in told)

    def condition(self, statement: If) -> tuple:
        """What an IF asks."""
        out: list = [Piece("plain", "If")]
        if statement.match:
            out.append(Piece("plain", f"{statement.match} of these hold:".lower()))
        for number, test in enumerate((statement, *statement.more)):
            if number:
                out.append(Piece("plain", "·"))
            out += self.value(test.target) if test.target is not None else ()
            words = test.condition.removesuffix("_number").removesuffix("_string")
            words = words.removeprefix("legacy_").replace("_", " ")
            out.append(Piece("plain", SIGNS.get(words, words)))
            out += self.value(test.value) if test.value is not None else ()
        return tuple(out)

    def value(self, value: Value) -> Parts:
        """A value as pieces."""
        match value:
            case bool():
                return (Piece("value", "On" if value else "Off"),)
            case int() | float():
                return (Piece("value", f"{value:g}" if isinstance(value, float) else str(value)),)
            case str():
                return (Piece("value", _shortened(value)) if value else Piece("faint", "empty"),)
            case Var():
                return (self.variable(value.name, value.steps),)
            case Handle():
                return (self.token(value),)
            case Interp(parts=parts):
                pieces = [
                    Piece("value", _shortened(p)) if isinstance(p, str) else self.reference(p)
                    for p in parts
                ]
                return (Run(tuple(pieces)),) if pieces else (Piece("faint", "empty"),)
            case Quantity(magnitude=magnitude, unit=unit):
                return (*self.value(magnitude), *self.value(unit))
            case Dict(items=items) | Headers(items=items):
                if not items:
                    return (Piece("faint", "empty"),)
                return (Table(tuple((self.value(k), self.value(v)) for k, v in items)),)
            case List(items=items):
                if not items:
                    return (Piece("faint", "empty"),)
                return (Table(tuple(((), self.value(item)) for item in items)),)
        raise TypeError(f"not a value of a program: {value!r}")

    def reference(self, reference: Reference) -> Piece:
        if isinstance(reference, Var):
            return self.variable(reference.name, reference.steps)
        return self.token(reference)

    def variable(self, name: str, steps: tuple[Step, ...] = ()) -> Piece:
        """A variable's token."""
        return Piece("token", name.replace("_", " "), _steps(steps))

    def token(self, handle: Handle) -> Piece:
        """An output's token, named as the editor names it at this place."""
        steps = handle.steps
        shown = next((s.value for s in steps if s.kind == "name" and s.value), None)
        return Piece("token", shown or self.names.of(self.statement, handle.name), _steps(steps))


def _steps(steps: tuple[Step, ...]) -> str:
    words = {"property": "{}", "key": "“{}”", "as": "as {}", "format": "{}", "with": "{}"}
    told = [(s.kind, str(s.value)) for s in steps if s.kind in words]
    return " › ".join(
        words[kind].format(summaries.class_label(value) if kind == "as" else value)
        for kind, value in told
    )


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text):,} characters)"
