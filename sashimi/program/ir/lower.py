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
    Program,
    Quantity,
    Reference,
    Repeat,
    Set,
    Statement,
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
        body = self.block({END})
        self.take(END)
        name = self.next_value()
        if self.at != len(self.tokens):
            raise IRError(f"token {self.at}: nothing may follow END, found {self.peek()!r}")
        if next(self.values, None) is not None:
            raise IRError("more values than slots")
        return Program(name, body)

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
                statement = Repeat(self.value(), self.block({"ENDREPEAT"}))
            case "FOREACH":
                statement = ForEach(self.reference(self.take()), self.block({"ENDFOREACH"}))
            case _:
                raise IRError(f"token {self.at - 1}: expected a statement, found {token!r}")
        self.take()
        return statement

    def conditional(self) -> If:
        target, condition = self.reference(self.take()), self.take()
        value = None if self.peek() == NONE else self.value()
        if value is None:
            self.take(NONE)
        then = self.block({"ELSE", "ENDIF"})
        orelse = self.block({"ENDIF"}) if self.take() == "ELSE" else None
        if orelse is not None:
            self.take("ENDIF")
        return If(target, condition, value, then, orelse)

    def menu(self) -> Menu:
        prompt, cases = self.value(), []
        while self.peek() == "CASE":
            self.take()
            cases.append(Case(self.value(), self.block({"CASE", "ENDMENU"})))
        self.take("ENDMENU")
        return Menu(prompt, tuple(cases))

    def params(self) -> tuple[tuple[str, Value], ...]:
        params: list[tuple[str, Value]] = []
        while self.at < len(self.tokens) and self.peek().startswith("key:"):
            params.append((self.take().removeprefix("key:"), self.value()))
        return tuple(params)

    def value(self) -> Value:
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
