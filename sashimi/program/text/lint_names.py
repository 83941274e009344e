"""The linter's phase for names: each is looked up where it stands, with the scope of the place."""

from __future__ import annotations

import re
from functools import lru_cache

from sashimi.program import catalogue as catalogues
from sashimi.program.check.parts import SETTERS, sanitise
from sashimi.program.check.scope import (
    ALWAYS,
    FLOW_ACTIONS,
    KEPT_LOOPS,
    LOOP_HANDLES,
    LOOP_VARIABLES,
    Scope,
)
from sashimi.program.conditions import CONDITIONS, MORE_CONDITIONS
from sashimi.program.names import PREFIX, is_vendor, short
from sashimi.program.spec import COMMON_KEYS, ActionSpec
from sashimi.program.text import aliases
from sashimi.program.text.closest import nearest
from sashimi.program.text.lex import BLOCKS, Token, join, statements, tokens, visible
from sashimi.program.text.lint_spaces import joined, joined_in_braces
from sashimi.program.text.repairs import LIKELY, Repair
from sashimi.program.text.values import REFERENCE, quote, reference, unquote
from sashimi.program.tree import Handle, Reference, Var

_KINDS = {"IF": "if", "MENU": "menu", "REPEAT": "repeat", "FOREACH": "foreach"}
_ENDS = frozenset(BLOCKS.values())
_BRACED = re.compile(rf"\\.|\{{({REFERENCE})\}}", re.DOTALL)
_BASE = re.compile(r"([@$])([^\W\d]\w*)")
_OF_LOOPS = re.compile(r"Repeat_(Item|Index)(_\d+)?")
KNOWN_CONDITIONS = (*CONDITIONS, *MORE_CONDITIONS)
_FIXED = frozenset(Handle(name) for name in ("prev", *ALWAYS, *LOOP_HANDLES))


def repair(text: str, repairs: list[Repair]) -> str:
    """The text with its names mended as far as one name is clearly meant."""
    scope = Scope()
    lines = [_statement(line, scope, repairs) for line in statements(tokens(text, careful=True))]
    return join(lines)


def _statement(line: list[Token], scope: Scope, repairs: list[Repair]) -> list[Token]:
    """One line's names, and the scope moved past it."""
    shown = visible(line)
    if not shown:
        return line
    word = line[shown[0]].text
    line = joined(line, shown, scope, repairs)
    shown = visible(line)
    if word == "ACTION" and len(shown) > 1:
        _action(line, shown, repairs)
    _values(line, shown, scope, repairs)
    if word == "IF":
        _conditions(line, shown, repairs)
    _move(scope, word, [line[i] for i in shown])
    return line


def _action(line: list[Token], shown: list[int], repairs: list[Repair]) -> None:
    token = line[shown[1]]
    name, kind, confidence = known_action(token.text)
    if name != token.text and kind:
        repairs.append(Repair(kind, token.line, token.text, name, confidence))
        line[shown[1]] = token.as_text(name)
    spec = catalogues.find(name)
    if spec is not None and name not in FLOW_ACTIONS:
        given = {line[i].text for i in shown}
        for i in range(2, len(shown) - 2):
            if line[shown[i + 1]].text == "=" and line[shown[i]].kind == "word":
                _parameter(line, shown[i], shown[i + 2], spec, given, repairs)


@lru_cache(maxsize=4096)
def known_action(name: str) -> tuple[str, str | None, float]:
    """The action meant by a name, the kind of repair that makes it (None: none), and how sure.

    Known names stay, then aliases, then the nearest name in the same namespace, then of all.
    """
    if catalogues.find(name) is not None:
        return name, None, 1.0
    word = re.sub(r"[-\s]", "_", short(name)).lower()
    for spelled in (word, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", short(name)).lower()):
        if spelled in aliases.ACTIONS:
            return aliases.ACTIONS[spelled], "alias", 1.0
    known = catalogues.load().names()
    vendor = is_vendor(name)
    if vendor:
        head = name.rsplit(".", 1)[0]
        pool = [k for k in known if k.startswith(head + ".")]
        found = nearest(name, pool, 2)
    else:
        pool = [k for k in known if not is_vendor(k)]
        space = short(name).split(".")[0] + "."
        near = [k for k in pool if k.startswith(space)] if "." in short(name) else []
        found = nearest(short(name), near) or nearest(short(name), pool)
    if found is None:
        return name, None, 0.0
    prefix = PREFIX if name.startswith(PREFIX) else ""
    return prefix + found[0], "action", found[1]


def _parameter(
    line: list[Token],
    key_at: int,
    value_at: int,
    spec: ActionSpec,
    given: set[str],
    repairs: list[Repair],
) -> None:
    key, value = line[key_at], line[value_at]
    unknown = spec.parameter(key.text) is None and key.text not in COMMON_KEYS
    found = nearest(key.text, spec.params, 2) if unknown and not _only_observed(spec) else None
    if found and found[0] not in given:
        repairs.append(Repair("alias", key.line, key.text, *found))
        line[key_at] = key = key.as_text(found[0])
    if value.kind == "word" and value.text in aliases.VALUES:
        fixed = aliases.VALUES[value.text]
        repairs.append(Repair("alias", value.line, value.text, fixed))
        line[value_at] = value.as_text(fixed)
    known = spec.parameter(key.text)
    if known and known.enum_trusted and value.kind == "string":
        text = unquote(value.text)
        found = None if text in known.enum else nearest(text, known.enum)
        if found:
            fixed = quote(found[0])
            repairs.append(Repair("alias", value.line, value.text, fixed, found[1]))
            line[value_at] = value.as_text(fixed)


def _only_observed(spec: ActionSpec) -> bool:
    return spec.sources == ("observed",)


def _conditions(line: list[Token], shown: list[int], repairs: list[Repair]) -> None:
    """The condition of an IF, or each of those behind ALL or ANY."""
    several = len(shown) > 1 and line[shown[1]].text in ("ALL", "ANY")
    depth, starts = 0, [2 if several else 1]
    for place, i in enumerate(shown):
        depth += (line[i].text in "([{") - (line[i].text in ")]}") if line[i].kind == "other" else 0
        if several and depth == 0 and line[i].text == ",":
            starts.append(place + 1)
    for start in starts:
        place = start + (start < len(shown) and line[shown[start]].kind == "reference")
        key = place + 1 < len(shown) and line[shown[place + 1]].text == "="
        if place < len(shown) and not key:
            _condition(line, shown[place:], repairs)


def _condition(line: list[Token], shown: list[int], repairs: list[Repair]) -> None:
    token = line[shown[0]]
    if token.kind != "word" or token.text in KNOWN_CONDITIONS:
        return
    numeric = len(shown) > 1 and line[shown[1]].kind == "number"
    if token.text.lower() in aliases.CONDITIONS:
        fixed, confidence = aliases.named_condition(token.text.lower(), numeric), 1.0
    else:
        found = nearest(token.text, KNOWN_CONDITIONS)
        if found is None:
            return
        fixed, confidence = found
    repairs.append(Repair("condition", token.line, token.text, fixed, confidence))
    line[shown[0]] = token.as_text(fixed)


def _values(line: list[Token], shown: list[int], scope: Scope, repairs: list[Repair]) -> None:
    """References of a statement, bare and in strings; a SET's own target is no reference."""
    setting = line[shown[0]].text == "SET"
    for place, i in enumerate(shown):
        token = line[i]
        if token.kind == "reference" and not (setting and place == 1):
            fixed = None if _names_output(line, shown, place) else _reference(token.text, scope)
            if fixed:
                repairs.append(Repair("handle", token.line, token.text, *fixed))
                line[i] = token.as_text(fixed[0])
        elif token.kind == "interp":
            line[i] = _interpolated(token, scope, repairs)
        elif token.kind == "string" and place > 1 and line[shown[0]].text in ("ACTION", "MENU"):
            line[i] = _meant_interpolated(token, scope, repairs)


def _names_output(line: list[Token], shown: list[int], place: int) -> bool:
    """Whether a reference is a name that an output is given, ``UUID=@name``."""
    return place > 2 and [line[i].text for i in shown[place - 2 : place]] == ["UUID", "="]


def _allowed(text: str, scope: Scope) -> bool:
    """Whether a reference as it is written means something here."""
    read = reference(text)
    return scope.allows(type(read)(read.name))


def _reference(text: str, scope: Scope) -> tuple[str, float] | None:
    """The reference meant by one that means nothing here; None if it is fine or unclear."""
    base = _BASE.match(text)
    found = _base(base[1], base[2], scope) if base else None
    return (found[0] + text[base.end() :], found[1]) if found else None


def _base(sigil: str, name: str, scope: Scope) -> tuple[str, float] | None:
    """A reference without its steps, and how sure it is."""
    given: Reference = Var(name) if sigil == "$" else Handle(name)
    if scope.allows(given) or _OF_LOOPS.fullmatch(name) or given in _FIXED:
        return None  # a name of the language itself is no slip, wherever it stands
    tries: list[tuple[Reference, float]] = [(Handle(name) if sigil == "$" else Var(name), LIKELY)]
    alias = aliases.HANDLES.get(name)  # a capital begins an output's own name: no alias
    tries += [(Handle(alias), LIKELY if alias == "prev" else 1.0)] if alias else []
    tries += [(Var(loop), 1.0) for loop in LOOP_VARIABLES if loop.lower() == name.lower()]
    for other, sure in tries:
        if scope.allows(other):
            return _spelled(other), sure
    pool = scope.variables() if sigil == "$" else scope.handles()
    if sigil == "@" and name[0].isupper():
        pool = [known for known in pool if known[0].isupper()]
    found = nearest(name, pool, 1 if len(name) < 8 else 2) if len(name) > 2 else None
    return (sigil + found[0], found[1]) if found else None


def _spelled(reference: Reference) -> str:
    return ("$" if isinstance(reference, Var) else "@") + reference.name


def _interpolated(token: Token, scope: Scope, repairs: list[Repair]) -> Token:
    def mended(match: re.Match[str]) -> str:
        fixed = _reference(match[1], scope) if match[1] else None
        if not fixed:
            return match[0]
        repairs.append(Repair("handle", token.line, match[0], f"{{{fixed[0]}}}", fixed[1]))
        return f"{{{fixed[0]}}}"

    spelled = joined_in_braces(token.text, token.line, scope, repairs)
    return token.as_text(_BRACED.sub(mended, spelled))


def _meant_interpolated(token: Token, scope: Scope, repairs: list[Repair]) -> Token:
    """A plain string with references in braces that mean something here was meant in backticks."""
    found = [match[1] for match in _BRACED.finditer(token.text) if match[1]]
    if not found or not all(_allowed(text, scope) for text in found):
        return token
    body = token.text[1:-1].replace("`", "\\`").replace('\\"', '"')
    fixed = Token("interp", f"`{body}`", token.line)
    repairs.append(Repair("interpolation", token.line, token.text, fixed.text, LIKELY))
    return fixed


def _move(scope: Scope, word: str, line: list[Token]) -> None:
    """Move the scope past a line; what one without a fault would do to it."""
    pairs = zip(line[1:], line[2:], line[3:], strict=False)
    given = {key.text: value for key, sign, value in pairs if sign.text == "="}
    texts = {key: unquote(v.text) for key, v in given.items() if v.kind == "string"}
    named = [sanitise(texts["CustomOutputName"])] if "CustomOutputName" in texts else []
    if "UUID" in given and given["UUID"].kind == "reference":
        named.append(given["UUID"].text[1:])
    if word in _KINDS:
        scope.enter(_KINDS[word])
    elif word in ("ELSE", "CASE") and scope.depth:
        scope.branch()
    elif word in _ENDS and scope.depth:
        scope.leave(named=named)
    elif word == "SET" and len(line) > 1 and line[1].kind == "reference":
        _set(scope, reference(line[1].text).name)
    elif word == "ACTION" and len(line) > 1:
        name = short(line[1].text)
        scope.after_action(name, named)
        if name in KEPT_LOOPS and "WFControlFlowMode" in given:
            scope.keep_loop({"0": 0, "2": 2}.get(given["WFControlFlowMode"].text))
        if name in SETTERS and "WFVariableName" in texts:
            _set(scope, texts["WFVariableName"])


def _set(scope: Scope, name: str) -> None:
    scope.set_variable(sanitise(name))
    scope.set_variable(name)
