"""The linter's phase for names: each is looked up where it stands, with the scope of the place."""

from __future__ import annotations

import re
from functools import lru_cache

from sashimi.program import catalogue as catalogues
from sashimi.program.catalogue import COMMON_KEYS, ActionSpec
from sashimi.program.check.scope import (
    ALWAYS,
    LOOP_HANDLES,
    LOOP_VARIABLES,
    SETTERS,
    Scope,
    sanitise,
)
from sashimi.program.names import PREFIX, is_vendor, short
from sashimi.program.text import aliases
from sashimi.program.text.closest import nearest
from sashimi.program.text.lex import BLOCKS, Token, join, statements, tokens, visible
from sashimi.program.text.repairs import LIKELY, Repair
from sashimi.program.text.values import quote, unquote
from sashimi.program.tree import CONDITIONS, Handle, Reference, Var

_KINDS = {"IF": "if", "MENU": "menu", "REPEAT": "repeat", "FOREACH": "foreach"}
_ENDS = frozenset(BLOCKS.values())
_BRACED = re.compile(r"\\.|\{([@$])([^\W\d]\w*)\}", re.DOTALL)
_SPACED = re.compile(r"\\.|\{([@$])([^\W\d][^{}`\n]*[^\w{}`\n][^{}`\n]*)\}", re.DOTALL)
_OF_LOOPS = re.compile(r"Repeat_(Item|Index)(_\d+)?")
_KEPT = frozenset({"conditional", "choosefrommenu", "repeat.count", "repeat.each"})
"""Actions that a program has only where it keeps a block as the actions it is stored as."""
_FIXED = frozenset(Handle(name) for name in ("prev", *ALWAYS, *LOOP_HANDLES))


def repair(text: str, repairs: list[Repair]) -> str:
    """The text with its names mended as far as one name is clearly meant."""
    scope = Scope()
    lines = [_statement(line, scope, repairs) for line in statements(tokens(text))]
    return join(lines)


def _statement(line: list[Token], scope: Scope, repairs: list[Repair]) -> list[Token]:
    """One line's names, and the scope moved past it."""
    shown = visible(line)
    if not shown:
        return line
    word = line[shown[0]].text
    line = _joined(line, shown, scope, repairs)
    shown = visible(line)
    if word == "ACTION" and len(shown) > 1:
        _action(line, shown, repairs)
    _values(line, shown, scope, repairs)
    if word == "IF" and len(shown) > 2:
        _condition(line, shown, repairs)
    _move(scope, word, [line[i] for i in shown])
    return line


def _joined(
    line: list[Token], shown: list[int], scope: Scope, repairs: list[Repair]
) -> list[Token]:
    """The line with names as the editor shows them, ``$My List``, written as names are here."""
    if line[shown[0]].text == "SET" and len(shown) > 2:
        signs = [i for i in shown if line[i].text == "="]
        if signs and line[shown[1]].text[0] == "$" and signs[0] > shown[2]:
            return _as_one(line, shown[1], signs[0], repairs)
    out = list(line)
    for i in reversed([i for i in shown[1:] if line[i].kind == "reference"]):
        ends = [i + 1]
        while ends[-1] + 1 < len(line) and [line[ends[-1]].kind, line[ends[-1] + 1].kind] == [
            "space",
            "word",
        ]:
            ends.append(ends[-1] + 2)
        for end in reversed(ends[1:]):
            name = sanitise(join([line[i:end]])[1:])
            if scope.allows(Var(name) if line[i].text[0] == "$" else Handle(name)):
                out = _as_one(out, i, end, repairs)
                break
    return out


def _as_one(line: list[Token], start: int, end: int, repairs: list[Repair]) -> list[Token]:
    """One reference made of the tokens from ``start`` to ``end``, and the space behind it kept."""
    stop = end - 1 if line[end - 1].kind == "space" else end
    before = join([line[start:stop]])
    fixed = before[0] + sanitise(before[1:])
    repairs.append(Repair("handle", line[start].line, before, fixed))
    return [*line[:start], Token("reference", fixed, line[start].line), *line[stop:]]


def _action(line: list[Token], shown: list[int], repairs: list[Repair]) -> None:
    token = line[shown[1]]
    name, kind, confidence = known_action(token.text)
    if name != token.text and kind:
        repairs.append(Repair(kind, token.line, token.text, name, confidence))
        line[shown[1]] = token.as_text(name)
    spec = catalogues.find(name)
    if spec is not None and name not in _KEPT:
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


def _condition(line: list[Token], shown: list[int], repairs: list[Repair]) -> None:
    token = line[shown[2]]
    if token.kind != "word" or token.text in CONDITIONS:
        return
    numeric = len(shown) > 3 and line[shown[3]].kind == "number"
    if token.text.lower() in aliases.CONDITIONS:
        fixed, confidence = aliases.named_condition(token.text.lower(), numeric), 1.0
    else:
        found = nearest(token.text, CONDITIONS)
        if found is None:
            return
        fixed, confidence = found
    repairs.append(Repair("condition", token.line, token.text, fixed, confidence))
    line[shown[2]] = token.as_text(fixed)


def _values(line: list[Token], shown: list[int], scope: Scope, repairs: list[Repair]) -> None:
    """References of a statement, bare and in strings; a SET's own target is no reference."""
    setting = line[shown[0]].text == "SET"
    for place, i in enumerate(shown):
        token = line[i]
        if token.kind == "reference" and not (setting and place == 1):
            fixed = _reference(token.text[0], token.text[1:], scope)
            if fixed:
                repairs.append(Repair("handle", token.line, token.text, *fixed))
                line[i] = token.as_text(fixed[0])
        elif token.kind == "interp":
            line[i] = _interpolated(token, scope, repairs)
        elif token.kind == "string" and place > 1 and line[shown[0]].text in ("ACTION", "MENU"):
            line[i] = _meant_interpolated(token, scope, repairs)


def _reference(sigil: str, name: str, scope: Scope) -> tuple[str, float] | None:
    """The reference meant by one that means nothing here; None if it is fine or unclear."""
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
        fixed = _reference(match[1], match[2], scope) if match[1] else None
        if not fixed:
            return match[0]
        repairs.append(Repair("handle", token.line, match[0], f"{{{fixed[0]}}}", fixed[1]))
        return f"{{{fixed[0]}}}"

    def joined(match: re.Match[str]) -> str:
        name = sanitise(match[2].strip()) if match[1] else ""
        if not name or not scope.allows(Var(name) if match[1] == "$" else Handle(name)):
            return match[0]
        fixed = "{" + match[1] + name + "}"
        repairs.append(Repair("handle", token.line, match[0], fixed))
        return fixed

    return token.as_text(_BRACED.sub(mended, _SPACED.sub(joined, token.text)))


def _meant_interpolated(token: Token, scope: Scope, repairs: list[Repair]) -> Token:
    """A plain string with references in braces that mean something here was meant in backticks."""
    found = [(m[1], m[2]) for m in _BRACED.finditer(token.text) if m[1]]
    legal = [scope.allows(Var(name) if sigil == "$" else Handle(name)) for sigil, name in found]
    if not found or not all(legal):
        return token
    body = token.text[1:-1].replace("`", "\\`").replace('\\"', '"')
    fixed = Token("interp", f"`{body}`", token.line)
    repairs.append(Repair("interpolation", token.line, token.text, fixed.text, LIKELY))
    return fixed


def _move(scope: Scope, word: str, line: list[Token]) -> None:
    if word in _KINDS:
        scope.enter(_KINDS[word])
    elif word in ("ELSE", "CASE") and scope.depth:
        scope.branch()
    elif word in _ENDS and scope.depth:
        scope.leave()
    elif word == "SET" and len(line) > 1 and line[1].text.startswith("$"):
        scope.set_variable(line[1].text[1:])
    elif word == "ACTION" and len(line) > 1:
        name = short(line[1].text)
        given = {
            key.text: unquote(value.text)
            for key, sign, value in zip(line[2:], line[3:], line[4:], strict=False)
            if sign.text == "=" and value.kind == "string"
        }
        custom = given.get("CustomOutputName")
        scope.after_action(name, [sanitise(custom)] if custom else ())
        if name in SETTERS and "WFVariableName" in given:
            scope.set_variable(sanitise(given["WFVariableName"]))
