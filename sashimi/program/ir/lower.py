"""Merged tokens and the values of their slots, back to a tree; `tiers` writes them."""

from __future__ import annotations

from collections.abc import Iterator

from sashimi.program.ir.tokens import END, KEY, LITERAL, LOOP_VARIABLE, NONE, NUMBER, TEXT, IRError
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
    Test,
    Value,
    Var,
)


class Reader:
    """Recursive descent over merged tokens."""

    def __init__(self, tokens: list[str], values: list[Value]) -> None:
        self.tokens, self.at = tokens, 0
        self.values: Iterator[Value] = iter(values)
        self.names: dict[str, str] = {}

    def program(self) -> Program:
        settings: list = []
        while self.peek() == "WITH":
            self.take()
            settings += self.params()
        body = self.block({END})
        self.take(END)
        name = self.next_value()
        if self.at != len(self.tokens):
            raise IRError(f"token {self.at}: nothing may follow END, found {self.peek()!r}")
        if next(self.values, None) is not None:
            raise IRError("more values than slots")
        return Program(name, body, tuple(settings))

    def peek(self) -> str:
        if self.at >= len(self.tokens):
            raise IRError("the tokens end before END")
        return self.tokens[self.at]

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if expected is not None and token != expected:
            raise IRError(f"token {self.at}: expected {expected}, found {token!r}")
        self.at += 1
        return token

    def next_value(self) -> Value:
        try:
            return next(self.values)
        except StopIteration:
            raise IRError("fewer values than slots") from None

    def block(self, ends: set[str]) -> Block:
        statements: list[Statement] = []
        while self.peek() not in ends:
            statements.append(self.statement())
        return tuple(statements)

    def statement(self) -> Statement:
        token = self.take()
        if token.startswith("ACTION "):
            return Action(token.removeprefix("ACTION "), self.params())
        match token:
            case "SET":
                return Set(self.variable(self.take()), self.value())
            case "IF":
                return self.conditional()
            case "MENU":
                return self.menu()
            case "REPEAT":
                return Repeat(self.value(), *self.loop("ENDREPEAT"))
            case "FOREACH":
                return ForEach(self.value(), *self.loop("ENDFOREACH"))
        raise IRError(f"token {self.at - 1}: expected a statement, found {token!r}")

    def loop(self, end: str) -> tuple[Block, Pairs, Pairs]:
        pairs, body = self.params(), self.block({end})
        return body, pairs, self.end(end)

    def end(self, word: str) -> Pairs:
        self.take(word)
        return self.params()

    def conditional(self) -> If:
        match, tests = "", []
        while not tests or self.peek() in ("ALL", "ANY"):
            if self.peek() in ("ALL", "ANY"):
                match = self.take().lower()
            target, condition = self.value(), self.take()
            tests.append(Test(target, "" if condition == NONE else condition, self.value()))
        first, pairs = tests[0], self.params()
        then, middle, orelse = self.block({"ELSE", "ENDIF"}), (), None
        if self.peek() == "ELSE":
            middle = self.end("ELSE")
            orelse = self.block({"ENDIF"})
        test = (first.target, first.condition, first.value)
        end = self.end("ENDIF")
        return If(*test, then, orelse, match, tuple(tests[1:]), pairs, middle, end)

    def menu(self) -> Menu:
        prompt, pairs, cases = self.value(), self.params(), []
        while self.peek() == "CASE":
            self.take()
            title, beside = self.value(), self.params()
            cases.append(Case(title, self.block({"CASE", "ENDMENU"}), beside))
        return Menu(prompt, tuple(cases), pairs, self.end("ENDMENU"))

    def params(self) -> Pairs:
        params: list[tuple[str, Value | None]] = []
        while self.at < len(self.tokens) and self.peek().startswith("key:"):
            params.append((self.take().removeprefix("key:"), self.value()))
        return tuple(params)

    def value(self) -> Value | None:
        token = self.take()
        if token in (TEXT, NUMBER, LITERAL, KEY):
            return self.next_value()
        if token in ("true", "false"):
            return token == "true"
        if token.startswith('="'):
            return token[2:-1]
        if token.startswith("name:"):
            return self.variable(token.removeprefix("name:"))
        match token:
            case "<none>":
                return None
            case "<quantity>":
                return Quantity(self.value(), self.value())
            case "<interp>":
                return Interp(tuple(self.until("</interp>")))
            case "<list>":
                return List(tuple(self.until("</list>")))
            case "<dict>":
                return Dict(self.items("</dict>"))
            case "<headers>":
                return Headers(self.items("</headers>"))
        return self.reference(token)

    def items(self, close: str) -> tuple[tuple[str | Interp, Value], ...]:
        flat = list(self.until(close))
        if len(flat) % 2:
            raise IRError(f"token {self.at}: a dictionary's last key has no value")
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    def until(self, close: str) -> Iterator[Value]:
        while self.peek() != close:
            yield self.value()
        self.take(close)

    def reference(self, token: str) -> Reference:
        if token.startswith("@"):
            return Handle(token[1:])
        return Var(self.variable(token))

    def variable(self, token: str) -> str:
        if not token.startswith("$"):
            raise IRError(f"token {self.at - 1}: expected a value, found {token!r}")
        if LOOP_VARIABLE.fullmatch(token[1:]):
            return token[1:]
        if token not in self.names:
            self.names[token] = self.next_value()
        return self.names[token]
