"""The linter's phases for text that does not parse: lines, macros, first words, strings, blocks."""

from __future__ import annotations

import re

from sashimi.program.text import aliases
from sashimi.program.text.closest import nearest
from sashimi.program.text.lex import KEYWORDS, Token, join, statements, tokens, visible
from sashimi.program.text.lint_blocks import blocks
from sashimi.program.text.lint_quotes import straighten
from sashimi.program.text.lint_wrap import unwrap
from sashimi.program.text.repairs import GUESS, Repair
from sashimi.program.text.values import REFERENCE, quote

Lines = list[list[Token]]

_BROKEN = re.compile(
    rf"(?P<right>\{{(?:{REFERENCE})\}})"
    r"|(?P<named>\{[@$][^\W\d][\w.,'’&+/-]*(?: [\w.,'’&+/-]+)+\})"
    r"|\$\{(?P<js>[^\W\d]\w*)\}"
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
    text = straighten(text, repairs)
    text = unwrap(text, repairs)
    text = line_ends(text, repairs)
    lines = two_words(statements(tokens(text, careful=True)), repairs)
    height = len(lines)
    lines = one_a_line(lines, repairs)
    laid_out = len(lines) == height  # else indentation no longer tells where blocks end
    lines = expand(lines, repairs)
    lines = [close(line, repairs, line is lines[-1]) for line in lines]
    lines = [first_word(line, repairs) for line in lines]
    lines = [titled(line, repairs) for line in lines]
    lines = [signs(line, repairs) for line in lines]
    return join(blocks(lines, repairs, laid_out))


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


def close(line: list[Token], repairs: list[Repair], last: bool = False) -> list[Token]:
    """Close an open string at the end of its line, and mend references in braces.

    In the ``last`` line of a text nothing tells what else the string held: that is a guess.
    """
    out = []
    for token in line:
        if token.kind == "open":
            body = token.text.rstrip()
            fixed = body + body[0] if len(body) > 1 else body + body
            kind = "interpolation" if body[0] == "`" else "structure"
            sure = GUESS if last else 1.0
            repairs.append(Repair(kind, token.line, token.text, fixed, sure))
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
        if kind in (
            "rest",
            "right",
            "named",
        ):  # a name with spaces: the phase for names looks it up
            return match[0]
        name = match[kind]
        return "{" + ("$" + name if kind == "js" else name) + "}"

    return _BROKEN.sub(whole, body)


def two_words(lines: Lines, repairs: list[Repair]) -> Lines:
    """Write keywords of two words as one: END IF, FOR EACH, and ELSE IF where it needs no ENDIF.

    ELSE IF may also be an IF inside the ELSE, with an ENDIF of its own: the number of ENDIFs tells.
    """
    pairs = [_first_two(line) for line in lines]
    words = [aliases.TWO_WORDS.get(pair, pair[0]) for pair in pairs]
    opened = sum(word in ("IF", "ELSEIF") for word in words)
    nested = words.count("ENDIF") >= opened
    out = []
    for line, pair, word in zip(lines, pairs, words, strict=True):
        shown = visible(line)
        bare = len(shown) == 2 or not word.startswith("END")
        if pair in aliases.TWO_WORDS and bare and not (nested and word == "ELSEIF"):
            first, second = shown[0], shown[1]
            before = join([line[first : second + 1]])
            repairs.append(Repair("alias", line[first].line, before, word))
            line = [*line[:first], line[first].as_text(word), *line[second + 1 :]]
        out.append(line)
    return out


def _first_two(line: list[Token]) -> tuple[str, str]:
    """The first two words of a line in upper case, and ``""`` for what is none."""
    words = [line[i].text.upper() if line[i].kind == "word" else "" for i in visible(line)]
    first, second = [*words, "", ""][:2]
    return aliases.KEYWORDS.get(first, first), second


def first_word(line: list[Token], repairs: list[Repair]) -> list[Token]:
    """Write first words as the language does: upper case, its own. ``LOOSE`` ones: `blocks`."""
    shown = visible(line)
    if not shown or line[shown[0]].kind != "word":
        return line
    word = line[shown[0]]
    upper, sure = word.text.upper(), 1.0
    if upper in aliases.LOOSE:
        return line
    if upper in KEYWORDS or upper in aliases.KEYWORDS:
        fixed = upper if upper in KEYWORDS else aliases.KEYWORDS[upper]
    else:
        fixed, sure = nearest(word.text, KEYWORDS) or (word.text, 1.0)
    if fixed == word.text:
        return line
    repairs.append(Repair("alias", word.line, word.text, fixed, sure))
    return [*line[: shown[0]], word.as_text(fixed), *line[shown[0] + 1 :]]


def titled(line: list[Token], repairs: list[Repair]) -> list[Token]:
    """Put the name behind SHORTCUT in quotes, if it is in none or in others."""
    shown = visible(line)
    if not shown or line[shown[0]].text != "SHORTCUT":
        return line
    rest = line[shown[0] + 1 : shown[-1] + 1]
    if len(shown) < 2 or any(line[i].kind in ("string", "open") for i in shown[1:]):
        if [line[i].text for i in shown[1:2]] != [":"]:
            return line
        name = line[shown[2]].text if len(shown) > 2 else quote("Untitled")
    else:
        name = quote(join([rest]).strip(" \t:='`‘’"))
    repairs.append(Repair("structure", line[shown[0]].line, join([rest]).strip(), name))
    named = [Token("space", " ", line[0].line), Token("string", name, line[0].line)]
    return [*line[: shown[0] + 1], *named, *line[shown[-1] + 1 :]]


def signs(line: list[Token], repairs: list[Repair]) -> list[Token]:
    """Write the sign of an IF as its condition; drop a colon or THEN at its end."""
    shown = visible(line)
    if not shown or aliases.LOOSE.get(line[shown[0]].text.upper(), line[shown[0]].text) not in (
        "IF",
        "ELSEIF",
    ):
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
