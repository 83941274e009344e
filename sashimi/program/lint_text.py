"""The linter's phases for text that does not parse: lines, macros, first words, strings, blocks."""

from __future__ import annotations

import re

from sashimi.program import aliases
from sashimi.program.lex import BLOCKS, KEYWORDS, Token, join, statements, tokens, visible
from sashimi.program.repairs import Repair

Lines = list[list[Token]]

_HEAD = re.compile(r'[ \t]*SHORTCUT[ \t]*"', re.IGNORECASE)
_LOWER = re.compile(
    r"[ \t]*(action[ \t]+[\w.]+([ \t]+\w+=|[ \t]*$)|(set|if|foreach|repeat)[ \t]+[@$]"
    r"|menu[ \t]+\")",
    re.IGNORECASE,
)
_BROKEN = re.compile(
    r"\$\{(?P<js>[^\W\d]\w*)\}"
    r"|\{\{[ ]*(?P<double>[@$][^\W\d]\w*)[ ]*\}\}"
    r"|\{[ ]+(?P<wide>[@$][^\W\d]\w*)[ ]*\}|\{(?P<wide2>[@$][^\W\d]\w*)[ ]+\}"
    r"|\{(?P<whole>[@$][^\W\d]\w*)\}"
    r"|\{(?P<open>[@$][^\W\d]\w*)"
    r"|(?<![\w\\])(?P<close>[@$][^\W\d]\w*)\}"
    r"|(?P<rest>\\.|.)",
    re.DOTALL,
)


def repair(text: str, repairs: list[Repair]) -> str:
    """All phases in their order."""
    text = unwrap(text, repairs)
    text = line_ends(text, repairs)
    lines = statements(tokens(text, careful=True))
    height = len(lines)
    lines = one_a_line(lines, repairs)
    laid_out = len(lines) == height  # else indentation no longer tells where blocks end
    lines = expand(lines, repairs)
    lines = [close(line, repairs) for line in lines]
    lines = [first_word(line, repairs) for line in lines]
    lines = [signs(line, repairs) for line in lines]
    return join(blocks(lines, repairs, laid_out))


def unwrap(text: str, repairs: list[Repair]) -> str:
    """Drop fences and prose before SHORTCUT and after ENDSHORTCUT; add a missing SHORTCUT."""
    lines = text.removeprefix("\ufeff").split("\n")
    starts = [i for i, line in enumerate(lines) if _HEAD.match(line)]
    first = [i for i, line in enumerate(lines) if _starts_statement(line)]
    begin = starts[0] if starts else first[0] if first else None
    if begin is None:
        return text
    ends = [i for i, line in enumerate(lines) if i >= begin and line.strip() == "ENDSHORTCUT"]
    fences = [i for i, line in enumerate(lines) if i > begin and line.strip().startswith("```")]
    stop = min([ends[0] + 1] if ends else [len(lines)])
    stop = min([stop, *fences[:1]])
    kept = []
    for i, line in enumerate(lines):
        around = not begin <= i < stop
        if around and line.strip() and not line.lstrip().startswith("#"):
            repairs.append(Repair("structure", i + 1, line, ""))
        elif not around or line.lstrip().startswith("#"):
            kept.append(line)
    if not starts:
        repairs.append(Repair("structure", 1, "", 'SHORTCUT "Untitled"'))
        kept.insert(0, 'SHORTCUT "Untitled"')
    return "\n".join(kept).rstrip("\n") + "\n"


def _starts_statement(line: str) -> bool:
    word = re.match(r"[ \t]*([A-Z]+)\b", line)
    return bool(word and word[1] in KEYWORDS) or bool(_LOWER.match(line))


def line_ends(text: str, repairs: list[Repair]) -> str:
    """Make newlines of what stands for them between statements: CR, U+2028, a written ``\\n``."""
    out = []
    stream = tokens(text, careful=True)
    for i, token in enumerate(stream):
        after = stream[i + 1] if i + 1 < len(stream) else None
        if token.text == "\\" and after and after.kind == "word" and after.text[0] == "n":
            repairs.append(Repair("newline", token.line, "\\n", "\n"))
            out.append("\n")
            stream[i + 1] = after.as_text(after.text[1:])
        elif _stands_for_newline(token, after):
            repairs.append(Repair("newline", token.line, token.text, "\n"))
            out.append("\n")
        else:
            out.append(token.text)
    return "".join(out)


def _stands_for_newline(token: Token, after: Token | None) -> bool:
    if token.kind == "space" and "\r" in token.text:
        return after is not None and after.kind != "newline"
    return token.kind == "other" and token.text in "\u2028\u2029\x85"


def one_a_line(lines: Lines, repairs: list[Repair]) -> Lines:
    """Join a statement that brackets hold open over lines; part two that stand on one."""
    out: Lines = []
    depth = 0
    for line in lines:
        shown = visible(line)
        opens = shown and line[shown[0]].text in KEYWORDS
        if depth > 0 and not opens:
            if out[-1] and out[-1][-1].kind == "newline":
                repairs.append(Repair("newline", line[0].line, "\n", " "))
                out[-1][-1] = Token("space", " ", out[-1][-1].line)
            out[-1] += line
        else:
            depth = 0
            out += _parted(line, repairs)
        depth += _depth(line)
    return out


def _depth(line: list[Token]) -> int:
    return sum((t.text in "([{") - (t.text in ")]}") for t in line if t.kind == "other")


def _parted(line: list[Token], repairs: list[Repair]) -> Lines:
    parts: Lines = [[]]
    shown = visible(line)
    for i, token in enumerate(line):
        place = shown.index(i) if i in shown else 0
        if place and token.kind == "word" and token.text in KEYWORDS:
            follows = line[shown[place + 1]].text if place + 1 < len(shown) else ""
            before = line[shown[place - 1]].text
            if follows != "=" and before != "=" and before != "ACTION":
                repairs.append(Repair("newline", token.line, " ", "\n"))
                parts[-1].append(Token("newline", "\n", token.line))
                parts.append([])
        parts[-1].append(token)
    return parts


def expand(lines: Lines, repairs: list[Repair]) -> Lines:
    """Replace ``MACRO name slot=value …`` by the lines it stands for."""
    out: Lines = []
    for line in lines:
        shown = visible(line)
        name = line[shown[1]].text if len(shown) > 1 else ""
        if not shown or line[shown[0]].text != "MACRO" or name not in aliases.MACROS:
            out.append(line)
            continue
        given = re.findall(r'(\w+)=("[^"\n]*"|`[^`\n]*`|\[[^\n]*?\]|[^\s]+)', join([line]))
        body = aliases.MACROS[name]
        if {slot for slot, _ in given} != set(re.findall(r"\{(\w+)\}", body)):
            out.append(line)
            continue
        text = re.sub(r"\{(\w+)\}", lambda m, g=dict(given): g[m[1]], body) + "\n"
        repairs.append(Repair("macro", line[0].line, join([line]).strip(), text.strip()))
        out += statements(tokens(text))
    return out


def close(line: list[Token], repairs: list[Repair]) -> list[Token]:
    """Close an open string at the end of its line, and mend references in braces."""
    out = []
    for token in line:
        if token.kind == "open":
            body = token.text.rstrip()
            fixed = body + body[0] if len(body) > 1 else body + body
            kind = "interpolation" if body[0] == "`" else "structure"
            repairs.append(Repair(kind, token.line, token.text, fixed))
            token = Token("interp" if body[0] == "`" else "string", fixed, token.line)
        if token.kind == "interp":
            fixed = "`" + mended(token.text[1:-1]) + "`"
            if fixed != token.text:
                repairs.append(Repair("interpolation", token.line, token.text, fixed))
                token = token.as_text(fixed)
        out.append(token)
    return out


def mended(body: str) -> str:
    """The inside of an interpolated string with its broken references made whole."""

    def whole(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "rest":
            return match[0]
        name = match[kind]
        return "{" + ("$" + name if kind == "js" else name) + "}"

    return _BROKEN.sub(whole, body)


def first_word(line: list[Token], repairs: list[Repair]) -> list[Token]:
    """Write first words as the language does: upper case, one word, its own."""
    shown = visible(line)
    if not shown or line[shown[0]].kind != "word":
        return line
    word, rest = line[shown[0]], line[shown[0] + 1 :]
    upper = word.text.upper()
    following = line[shown[1]].text.upper() if len(shown) > 1 else ""
    if upper == "END" and "END" + following in KEYWORDS:
        fixed, rest = "END" + following, line[shown[1] + 1 :]
    else:
        fixed = upper if upper in KEYWORDS else aliases.KEYWORDS.get(upper, word.text)
    if fixed == word.text:
        return line
    repairs.append(Repair("alias", word.line, word.text, fixed))
    return [*line[: shown[0]], word.as_text(fixed), *rest]


def signs(line: list[Token], repairs: list[Repair]) -> list[Token]:
    """Write the sign of an IF as its condition; drop a colon or THEN at its end."""
    shown = visible(line)
    if not shown or line[shown[0]].text != "IF":
        return line
    line = list(line)
    if len(shown) > 2 and line[shown[2]].text in aliases.CONDITIONS:
        sign = line[shown[2]]
        if sign.kind != "word":
            numeric = len(shown) > 3 and line[shown[3]].kind == "number"
            fixed = aliases.named_condition(sign.text, numeric)
            repairs.append(Repair("condition", sign.line, sign.text, fixed))
            line[shown[2]] = Token("word", fixed, sign.line)
    last = line[shown[-1]]
    if len(shown) > 2 and (last.text == ":" or last.text.upper() == "THEN"):
        repairs.append(Repair("structure", last.line, last.text, ""))
        del line[shown[-1]]
    return line


class _Open:
    """An open block: its keyword, its indentation, and whether it has an ELSE or a CASE yet."""

    def __init__(self, keyword: str, indent: int):
        self.keyword, self.indent, self.parted = keyword, indent, False


def blocks(lines: Lines, repairs: list[Repair], laid_out: bool = True) -> Lines:
    """Close what is left open, drop what closes nothing, and set a wrong end right.

    Where lines are indented as blocks are, a block ends before the first line that is no longer
    indented; else at the next end that is not its own, or at the end of the text.
    """
    out: Lines = []
    stack: list[_Open] = []
    closed: list[tuple[int, int]] = []  # (place in out, depth) of each ENDIF without an ELSE
    indented = laid_out and _indented(lines)

    def end(line: int) -> None:
        top = stack.pop()
        text = BLOCKS[top.keyword]
        repairs.append(Repair("structure", line, "", text))
        out.append([Token("space", " " * top.indent, line), Token("word", text, line)])
        out[-1].append(Token("newline", "\n", line))

    for line in lines:
        shown = visible(line)
        word = line[shown[0]].text if shown else ""
        at = line[0].line
        if shown and indented:
            own = word in ("ELSE", "CASE", *BLOCKS.values())
            while stack and (
                _indent(line) < stack[-1].indent or (_indent(line) == stack[-1].indent and not own)
            ):
                end(at)
        if word == "SHORTCUT" and any(_word(other) == "SHORTCUT" for other in out):
            repairs.append(Repair("structure", at, join([line]).strip(), ""))
            continue
        if word in BLOCKS:
            stack.append(_Open(word, _indent(line)))
        elif word in ("ELSE", "CASE"):
            opener = "IF" if word == "ELSE" else "MENU"
            fits = [o for o in stack if o.keyword == opener and (word == "CASE" or not o.parted)]
            if not fits:
                swapped = [c for c in closed if word == "ELSE" and c[1] == len(stack)]
                if swapped:
                    _swap(out, swapped[-1][0], line, repairs)
                    closed.remove(swapped[-1])
                    out.append(_renamed(line, "ENDIF"))
                else:
                    repairs.append(Repair("structure", at, word, ""))
                continue
            while stack[-1] is not fits[-1]:
                end(at)
            stack[-1].parted = True
        elif word in BLOCKS.values():
            line = _ending(word, line, stack, end, repairs)
            if line is None:
                continue
            top = stack.pop()
            if top.keyword == "IF" and not top.parted:
                closed.append((len(out), len(stack)))
        elif word == "ENDSHORTCUT":
            while stack:
                end(at)
        out.append(line)
    last = lines[-1][-1].line if lines else 1
    if stack and out and out[-1][-1].kind != "newline":
        out[-1].append(Token("newline", "\n", last))
    while stack:
        end(last)
    return out


def _ending(word: str, line: list[Token], stack: list[_Open], end, repairs) -> list[Token] | None:
    """An end that fits the innermost block, after closing or renaming; None to drop it."""
    at = line[0].line
    if not any(BLOCKS[o.keyword] == word for o in stack):
        if not stack:
            repairs.append(Repair("structure", at, word, ""))
            return None
        fixed = BLOCKS[stack[-1].keyword]
        repairs.append(Repair("structure", at, word, fixed))
        return _renamed(line, fixed)
    while BLOCKS[stack[-1].keyword] != word:
        end(at)
    return line


def _word(line: list[Token]) -> str:
    shown = visible(line)
    return line[shown[0]].text if shown else ""


def _renamed(line: list[Token], word: str) -> list[Token]:
    shown = visible(line)
    return [*line[: shown[0]], line[shown[0]].as_text(word), *line[shown[0] + 1 :]]


def _swap(out: Lines, place: int, line: list[Token], repairs: list[Repair]) -> None:
    out[place] = _renamed(out[place], "ELSE")
    repairs.append(Repair("structure", out[place][0].line, "ENDIF", "ELSE"))
    repairs.append(Repair("structure", line[0].line, "ELSE", "ENDIF"))


def _indent(line: list[Token]) -> int:
    return len(line[0].text.expandtabs(4)) if line[0].kind == "space" else 0


def _indented(lines: Lines) -> bool:
    """Whether every block's first line is indented more deeply than the block's own."""
    heads = ("IF", "REPEAT", "FOREACH", "CASE")
    openers = [i for i, line in enumerate(lines[:-1]) if _word(line) in heads]
    bodies = [
        _indent(lines[i + 1]) > _indent(lines[i])
        for i in openers
        if visible(lines[i + 1]) and _word(lines[i + 1]) not in ("ELSE", "CASE", *BLOCKS.values())
    ]
    return bool(bodies) and all(bodies)
