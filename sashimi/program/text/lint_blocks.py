"""The linter's phase for blocks: what is left open, what closes nothing, what closes wrongly.

Where lines are indented as blocks are, a block ends before the first line that is no longer
indented, and a part or an end belongs to the block that stands as deep; else at the next end that
is not its own, or at the end of the text. An end whose place nothing tells is called a guess.
"""

from __future__ import annotations

from sashimi.program.text.lex import BLOCKS, Token, join, visible
from sashimi.program.text.repairs import GUESS, Repair

Lines = list[list[Token]]

_ENDS = frozenset(BLOCKS.values())


def blocks(lines: Lines, repairs: list[Repair], laid_out: bool = True) -> Lines:
    """Close what is left open, drop what closes nothing, and set a wrong end right."""
    mender = _Mender(repairs, laid_out and _indented(lines))
    for line in lines:
        mender.line(line)
    mender.finish(lines[-1][-1].line if lines else 1)
    return mender.out


class _Open:
    """An open block: its keyword, its indentation, and whether it has an ELSE or a CASE yet."""

    def __init__(self, keyword: str, indent: int):
        self.keyword, self.indent, self.parted = keyword, indent, False


class _Mender:
    def __init__(self, repairs: list[Repair], indented: bool):
        self.repairs, self.indented = repairs, indented
        self.out: Lines = []
        self.stack: list[_Open] = []
        self.closed: list[tuple[int, int, int]] = []
        """Of each ENDIF without an ELSE: its place in ``out``, its depth, its indentation."""
        self.last: tuple[int, int] | None = None
        """Depth and indentation of the block that ended last."""
        self.named = False

    def line(self, line: list[Token]) -> None:
        word, at, indent = _word(line), line[0].line, _indent(line)
        if word and self.indented:
            own = word in ("ELSE", "CASE", *_ENDS)
            while self.stack and (
                indent < self.stack[-1].indent or (indent == self.stack[-1].indent and not own)
            ):
                self.end(at, 1.0)
        if word == "SHORTCUT":
            if self.named:
                self.note(at, join([line]).strip(), "")
                return
            self.named = True
        if word in BLOCKS:
            self.stack.append(_Open(word, indent))
        elif word in ("ELSE", "CASE"):
            if not self.part(word, line):
                return
        elif word in _ENDS:
            fixed = self.ending(word, line)
            if fixed is None:
                return
            line, top = fixed, self.stack.pop()
            self.last = (len(self.stack), top.indent)
            if top.keyword == "IF" and not top.parted:
                self.closed.append((len(self.out), *self.last))
        elif word == "ENDSHORTCUT":
            while self.stack:
                self.end(at, 1.0 if self.indented else GUESS)
        self.out.append(line)

    def part(self, word: str, line: list[Token]) -> bool:
        """Give an ELSE or a CASE its block; False if the line has been dealt with."""
        opener = "IF" if word == "ELSE" else "MENU"
        fits = [o for o in self.stack if o.keyword == opener and (word == "CASE" or not o.parted)]
        swapped = [c for c in self.closed if word == "ELSE" and c[1] == len(self.stack)]
        if self.indented:
            level = [o for o in fits if o.indent == _indent(line)]
            swapped = [c for c in swapped if c[2] == _indent(line)]
            fits = level or ([] if swapped else fits)
        if not fits:
            if swapped:
                self.swap(swapped[-1][0], line)
                self.closed.remove(swapped[-1])
                self.out.append(_renamed(line, "ENDIF"))
            else:
                self.note(line[0].line, word, "")
            return False
        while self.stack[-1] is not fits[-1]:
            self.end(line[0].line, GUESS)
        self.stack[-1].parted = True
        return True

    def ending(self, word: str, line: list[Token]) -> list[Token] | None:
        """An end that fits the innermost block, after closing or renaming; None to drop it."""
        at = line[0].line
        if not self.stack or self.stray(line):
            self.note(at, word, "")
            return None
        if not any(BLOCKS[o.keyword] == word for o in self.stack):
            fixed = BLOCKS[self.stack[-1].keyword]
            self.note(at, word, fixed)
            return _renamed(line, fixed)
        while BLOCKS[self.stack[-1].keyword] != word:
            if self.indented and self.stack[-1].indent == _indent(line):
                fixed = BLOCKS[self.stack[-1].keyword]
                self.note(at, word, fixed)
                return _renamed(line, fixed)
            self.end(at, GUESS)
        return line

    def stray(self, line: list[Token]) -> bool:
        """Whether an end repeats that of the block just closed, by its indentation."""
        level = any(o.indent == _indent(line) for o in self.stack)
        return self.indented and not level and self.last == (len(self.stack), _indent(line))

    def swap(self, place: int, line: list[Token]) -> None:
        self.out[place] = _renamed(self.out[place], "ELSE")
        self.note(self.out[place][0].line, "ENDIF", "ELSE")
        self.note(line[0].line, "ELSE", "ENDIF")

    def end(self, at: int, confidence: float) -> None:
        """Write the end of the innermost block."""
        top = self.stack.pop()
        self.last = (len(self.stack), top.indent)
        text = BLOCKS[top.keyword]
        self.repairs.append(Repair("structure", at, "", text, confidence))
        self.out.append([Token("space", " " * top.indent, at), Token("word", text, at)])
        self.out[-1].append(Token("newline", "\n", at))

    def finish(self, at: int) -> None:
        if self.stack and self.out and self.out[-1][-1].kind != "newline":
            self.out[-1].append(Token("newline", "\n", at))
        while self.stack:  # the text may have lost its tail: what else stood in it, nothing tells
            self.end(at, GUESS)

    def note(self, at: int, before: str, after: str) -> None:
        self.repairs.append(Repair("structure", at, before, after))


def _word(line: list[Token]) -> str:
    shown = visible(line)
    return line[shown[0]].text if shown else ""


def _renamed(line: list[Token], word: str) -> list[Token]:
    shown = visible(line)
    return [*line[: shown[0]], line[shown[0]].as_text(word), *line[shown[0] + 1 :]]


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
