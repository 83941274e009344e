"""The grammar of a merged Tier 1 and 2 sequence: what kind of token is due at each point.

The scope of `Walk` is the validator's own, so both agree on what may be referred to where.
Settings, several conditions and steps of a reference are followed, though no mask offers them.

The grammar, with ``value`` over the contexts that training programs showed:

    program   := statement* END
    statement := ACTION (key value)* | SET $k value | IF reference condition value? block
                 [ELSE block] ENDIF | MENU value (CASE value block)+ ENDMENU
                 | REPEAT value block ENDREPEAT | FOREACH reference block ENDFOREACH
    value     := atom | <interp> part+ </interp> | <list> value* </list> | <quantity> value unit
                 | <dict> (key value)* </dict> | <headers> (key value)* </headers>
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from sashimi.program.check.scope import Scope
from sashimi.program.check.ways import found_set
from sashimi.program.conditions import CONDITIONS, UNARY_CONDITIONS
from sashimi.program.ir.tokens import END, KEY, NONE, NUMBER, TEXT
from sashimi.program.tree import Handle, If, Reference, Value, Var

MAX_PARTS = 24
"""Parts that an interpolated string has at most while decoding."""
PARTS = ("part", "last part")
"""Places within an interpolated string."""
MATCHES = frozenset({"ALL", "ANY"})
"""What begins each condition of an IF that has several."""

Tokens = Generator["Due", str, str | None]


@dataclass(frozen=True, slots=True)
class Due:
    """What kind of token comes next.

    ``context`` names the place; ``fixed`` tokens are allowed there whatever training showed.
    """

    context: str
    fixed: frozenset[str] = frozenset()
    statements: bool = False
    used: frozenset[str] = frozenset()


def reference_of(token: str) -> Reference | None:
    """The reference that a token is, with a variable's slot for its name; None for other tokens."""
    if token.startswith("@"):
        return Handle(token[1:])
    if token.startswith("$"):
        return Var(token[1:])
    return None


def literal_of(token: str) -> str | bool | None:
    """The literal that a token is by itself; None for a slot, a reference or a composite."""
    if token.startswith('="'):
        return token[2:-1]
    return {"true": True, "false": False}.get(token)


class Walk:
    """Follows merged tokens through the grammar; ``due`` is None after END.

    Raises `ValueError` in `advance` for a token that the grammar cannot place.
    """

    def __init__(self) -> None:
        self.scope = Scope()
        self.named: list[str] = []
        self.given: dict[str, Value] = {}
        """Keys of the action being written, with the literals among their values."""
        self.written = 0
        self._steps = self._program()
        self.due: Due | None = next(self._steps)

    def advance(self, token: str) -> None:
        """Takes one token."""
        if self.due is None:
            raise ValueError(f"nothing may follow END, found {token!r}")
        self.written += 1
        self._note_name(token)
        try:
            self.due = self._steps.send(token)
        except StopIteration:
            self.due = None

    def _note_name(self, token: str) -> None:
        slot = token.removeprefix("name:")
        if slot.startswith("$") and slot[1:].isdigit() and slot not in self.named:
            self.named.append(slot)

    def _program(self) -> Tokens:
        token = yield Due(
            "statement", frozenset(), statements=True
        )  # an empty program is no answer
        while token == "WITH":
            yield Due("WITH")
            yield from self._value("WITH")
            token = yield Due("statement", frozenset(), statements=True)
        yield from self._statements(token, frozenset({END}))
        return None

    def _block(self, ends: frozenset[str]) -> Tokens:
        """Statements until one of ``ends``, which is returned.

        Before them may stand what no mask offers: further conditions, keys beside the block's own.
        """
        token = yield Due("statement", ends, statements=True)
        while token in MATCHES or token.startswith("key:"):
            if token in MATCHES:
                yield from self._test((yield Due("reference")))
            else:
                yield from self._value("beside")
            token = yield Due("statement", ends, statements=True)
        return (yield from self._statements(token, ends))

    def _statements(self, token: str, ends: frozenset[str]) -> Tokens:
        """The statements from ``token`` on until one of ``ends``, which is returned."""
        while token not in ends:
            if token.startswith("ACTION "):
                token = yield from self._action(token.removeprefix("ACTION "), ends)
            else:
                yield from self._statement(token)
                token = yield Due("statement", ends, statements=True)
        return token

    def _action(self, action: str, ends: frozenset[str]) -> Tokens:
        """Keys and values until a token that begins or ends a statement, which is returned."""
        used: set[str] = set()
        self.given = {}
        variable = None
        while True:
            token = yield Due(f"ACTION {action}", ends, statements=True, used=frozenset(used))
            if not token.startswith("key:"):
                self.scope.after_action(action)
                if variable:
                    self.scope.set_variable(variable)
                return token
            used.add(token)
            value = yield from self._value(f"{action} {token}")
            self.given[token.removeprefix("key:")] = literal_of(value)
            if value.startswith("name:$"):
                variable = value.removeprefix("name:$")

    def _statement(self, token: str) -> Tokens:
        match token:
            case "SET":
                slot = yield Due("variable")
                yield from self._value("SET", TEXT)
                self.scope.set_variable(slot[1:])
            case "IF":
                yield from self._if()
            case "MENU":
                yield from self._menu()
            case "REPEAT":
                yield from self._value("REPEAT", NUMBER)
                yield from self._loop("repeat", "ENDREPEAT")
            case "FOREACH":
                yield Due("reference")
                yield from self._loop("foreach", "ENDFOREACH")
            case _:
                raise ValueError(f"expected a statement, found {token!r}")
        return None

    def _loop(self, kind: str, end: str) -> Tokens:
        self.scope.enter(kind)
        yield from self._block(frozenset({end}))
        self.scope.leave()
        return None

    def _if(self) -> Tokens:
        target = yield Due("reference")
        if target in MATCHES:
            target = yield Due("reference")
        asked = yield from self._test(target)
        self.scope.enter("if")
        self._assume(found_set(asked, 0))
        end = yield from self._block(frozenset({"ELSE", "ENDIF"}))
        if end == "ELSE":
            self.scope.branch()
            self._assume(found_set(asked, 1))
            yield from self._block(frozenset({"ENDIF"}))
        self.scope.leave()
        return None

    def _test(self, target: str) -> Generator[Due, str, If]:
        """The condition after its target; returns an IF that asks it."""
        condition = yield Due("condition", frozenset(CONDITIONS))
        if condition in UNARY_CONDITIONS:
            token = yield Due("IF unary", frozenset({NONE}))
            if token != NONE:
                yield from self._rest(token, "IF unary")
        else:
            yield from self._value(f"IF {condition}", TEXT)
        return If(reference_of(target), condition, None, ())

    def _assume(self, name: str | None) -> None:
        if name:
            self.scope.assume(name)

    def _menu(self) -> Tokens:
        yield from self._value("MENU", TEXT)
        self.scope.enter("menu")
        token = yield Due("case", frozenset({"CASE"}))
        while token == "CASE":
            self.scope.branch()
            yield from self._value("CASE", TEXT)
            token = yield from self._block(frozenset({"CASE", "ENDMENU"}))
        self.scope.leave()
        return None

    def _value(self, context: str, *fallback: str) -> Tokens:
        """One value; returns its first token. ``fallback`` is always legal there."""
        token = yield Due(context, frozenset(fallback))
        yield from self._rest(token, context)
        return token

    def _rest(self, token: str, context: str) -> Tokens:
        """What follows a value's first token: nothing for an atom."""
        match token:
            case "<quantity>":
                yield from self._value(f"{context} magnitude", NUMBER)
                yield from self._value(f"{context} unit")
            case "<interp>":
                yield from self._interp()
            case "<list>":
                yield from self._until("</list>", [f"{context} item"], TEXT)
            case "<dict>" | "<headers>":
                contexts = [f"{context} key", f"{context} value"]
                yield from self._until(f"</{token[1:]}", contexts, TEXT)
        return None

    def _interp(self) -> Tokens:
        """Parts with at least one reference; two texts never touch, or they would be one."""
        texts, close = frozenset({TEXT}), frozenset({"</interp>"})
        previous = yield Due("part", texts)
        references = parts = 0
        while previous != "</interp>":
            references += previous != TEXT
            parts += 1
            fixed = close if references else frozenset()
            if parts >= MAX_PARTS and references:
                previous = yield Due("last part", fixed)
            else:
                previous = yield Due("part", fixed if previous == TEXT else fixed | texts)
        return None

    def _until(self, close: str, contexts: list[str], fallback: str) -> Tokens:
        """Rounds of values in ``contexts`` until ``close``, which may only begin a round."""
        while True:
            first = KEY if len(contexts) > 1 else fallback
            token = yield Due(contexts[0], frozenset({close, first}))
            if token == close:
                return None
            yield from self._rest(token, contexts[0])
            for context in contexts[1:]:
                yield from self._value(context, fallback)
