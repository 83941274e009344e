"""The linter's phase for blocks: what is left open, what closes nothing, what closes wrongly.

Where lines are indented as blocks are, a block ends before the first line that is no longer
indented, and a part or an end belongs to the block that stands as deep; else at the next end that
is not its own, or at the end of the text. An end whose place nothing tells is called a guess. A
part that no block takes, and a second SHORTCUT, stay: only people can tell where they belong.
"""

from __future__ import annotations

from sashimi.program.text import aliases
from sashimi.program.text.lex import BLOCKS, KEYWORDS, Token, join, visible
from sashimi.program.text.repairs import GUESS, Repair

Lines = list[list[Token]]

_ENDS = frozenset(BLOCKS.values())
_PARTS = frozenset({"ELSE", "ELSEIF", "CASE"})
_LOOPS = ("REPEAT", "FOREACH")


def blocks(lines: Lines, repairs: list[Repair], laid_out: bool = True) -> Lines:
    """Close what is left open, drop an end that closes nothing, and set a wrong end right."""
    mender = _Mender(repairs, laid_out and _indented(lines))
    full = [number for number, line in enumerate(lines) if visible(line)]
    for number, line in enumerate(lines):
        mender.line(line, last=number == full[-1] if full else True)
    mender.finish(lines[-1][-1].line if lines else 1)
    return mender.out


class _Open:
    """An open block: keyword, indentation, whether it has an ELSE or a CASE; ELSEIF's: chained."""

    def __init__(self, keyword: str, indent: int, chained: bool = False):
        self.keyword, self.indent, self.chained = keyword, indent, chained
        self.parted = False


class _Mender:
    def __init__(self, repairs: list[Repair], indented: bool):
        self.repairs, self.indented = repairs, indented
        self.out: Lines = []
        self.stack: list[_Open] = []
        self.closed: list[tuple[int, int, _Open]] = []
        """Of each ENDIF without an ELSE: its place in ``out``, its depth, its block."""
        self.last: tuple[int, int] | None = None
        """Depth and indentation of the block that ended last."""
        self.head: str | None = None

    def line(self, line: list[Token], last: bool) -> None:
        """Take one line in."""
        word, at = _word(line), line[0].line
        if word and self.indented:
            self.outdent(word, line)
        if word == "SHORTCUT":
            if self.head == _bare(line):
                self.note(at, self.head, "")
                return
            self.head = self.head or _bare(line)
        if word == "ENDCASE" and any(o.keyword == "MENU" for o in self.stack):
            self.note(at, _bare(line), "")
        elif word in BLOCKS:
            self.emit(line)
            self.stack.append(_Open(word, _indent(line)))
        elif word in _PARTS:
            self.part(word, line)
        elif word in _ENDS:
            self.ending(word, line)
        elif word in ("END", "ENDLOOP"):
            self.loose(word, line, last)
        else:
            if word == "ENDSHORTCUT":
                while self.stack:
                    self.end(at, 1.0 if self.indented else GUESS)
            self.emit(line)

    def outdent(self, word: str, line: list[Token]) -> None:
        """End the blocks from which the indentation says that this line is out."""
        indent = _indent(line)
        own = word in _PARTS or word in _ENDS or word in ("END", "ENDLOOP")
        while self.stack and (
            indent < self.stack[-1].indent or (indent == self.stack[-1].indent and not own)
        ):
            self.end(line[0].line, 1.0)

    def part(self, word: str, line: list[Token]) -> None:
        """Give an ELSE, ELSEIF or CASE its block; leave it where no block takes it."""
        opener = "MENU" if word == "CASE" else "IF"
        fits = [o for o in self.stack if o.keyword == opener and (word == "CASE" or not o.parted)]
        closed = [c for c in self.closed if opener == "IF" and c[1] == len(self.stack)]
        if self.indented:
            level = [o for o in fits if o.indent == _indent(line)]
            closed = [c for c in closed if c[2].indent == _indent(line)]
            fits = level or ([] if closed else fits)
        if not fits and closed and self.reopened(closed[-1]):
            fits = [self.stack[-1]]
        if fits:
            while self.stack[-1] is not fits[-1]:
                self.end(line[0].line, GUESS)
            self.stack[-1].parted = True
            self.parted(word, line)
        elif closed and word == "ELSE":
            self.swap(closed[-1][0], line)
            self.closed.remove(closed[-1])
        elif self.out and word == "ELSE" and _word(self.out[-1]) == word:
            self.note(line[0].line, word, "")
        else:
            self.emit(line)

    def parted(self, word: str, line: list[Token]) -> None:
        """Write a part; an ELSEIF as an ELSE with an IF inside, which ends with the outer one."""
        if word != "ELSEIF":
            self.emit(line)
            return
        at, indent = line[0].line, _indent(line)
        self.note(at, line[visible(line)[0]].text, "ELSE\nIF")
        self.write("ELSE", at, indent)
        self.stack.append(_Open("IF", indent, chained=True))
        self.emit(_renamed(line, "IF"))

    def reopened(self, closed: tuple[int, int, _Open]) -> bool:
        """Take back an ENDIF if nothing stands behind it: its IF goes on."""
        place, _, block = closed
        if any(visible(line) for line in self.out[place + 1 :]):
            return False
        self.note(self.out[place][0].line, "ENDIF", "", GUESS)
        del self.out[place]
        self.closed.remove(closed)
        self.stack.append(block)
        return True

    def ending(self, word: str, line: list[Token], sure: float = 1.0) -> None:
        """Write an end that fits the innermost block, after closing or renaming; or drop it."""
        at = line[0].line
        if not self.stack or self.stray(line):
            self.note(at, _bare(line), "", 1.0 if self.stack else GUESS)
            return
        fits = any(BLOCKS[o.keyword] == word for o in self.stack)
        while fits and BLOCKS[self.stack[-1].keyword] != word:
            if self.indented and self.stack[-1].indent == _indent(line):
                break
            self.end(at, GUESS)
        fixed = BLOCKS[self.stack[-1].keyword]
        if _bare(line) != fixed:
            level = self.indented and self.stack[-1].indent == _indent(line)
            self.note(at, _bare(line), fixed, min(sure, 1.0 if level or fixed == word else GUESS))
            line = _renamed(line, fixed)
        self.shut(line)

    def loose(self, word: str, line: list[Token], last: bool) -> None:
        """An END that does not say of what: of the block as deep, else of the innermost."""
        fits = [o for o in self.stack if word == "END" or o.keyword in _LOOPS]
        level = [o for o in fits if self.indented and o.indent == _indent(line)]
        if fits:
            block = (level or fits)[-1]
            self.ending(BLOCKS[block.keyword], line, 1.0 if level or len(fits) == 1 else GUESS)
        elif last and word == "END" and not self.stack:
            self.note(line[0].line, _bare(line), "ENDSHORTCUT")
            self.emit(_renamed(line, "ENDSHORTCUT"))
        else:
            self.emit(line)

    def stray(self, line: list[Token]) -> bool:
        """Whether an end repeats that of the block just closed, by its indentation."""
        level = any(o.indent == _indent(line) for o in self.stack)
        return self.indented and not level and self.last == (len(self.stack), _indent(line))

    def swap(self, place: int, line: list[Token]) -> None:
        """Let an ENDIF and the ELSE after its statements change places."""
        self.note(self.out[place][0].line, "ENDIF", "ELSE", GUESS)
        self.note(line[0].line, "ELSE", "ENDIF", GUESS)
        self.out[place] = _renamed(self.out[place], "ELSE")
        self.emit(_renamed(line, "ENDIF"))

    def shut(self, line: list[Token]) -> None:
        """Write the end of the innermost block, and with that of its IF an ELSEIF's."""
        self.emit(line)
        top = self.stack.pop()
        self.last = (len(self.stack), top.indent)
        if top.keyword == "IF" and not top.parted and not top.chained:
            self.closed.append((len(self.out) - 1, len(self.stack), top))
        while top.chained:
            if self.out[-1][-1].kind != "newline":
                self.out[-1].append(Token("newline", "\n", line[0].line))
            self.note(line[0].line, "", "ENDIF")
            self.write("ENDIF", line[0].line, top.indent)
            top = self.stack.pop()
            self.last = (len(self.stack), top.indent)

    def end(self, at: int, confidence: float) -> None:
        """Add the missing end of the innermost block."""
        text = BLOCKS[self.stack[-1].keyword]
        self.note(at, "", text, confidence)
        indent = " " * self.stack[-1].indent
        self.shut([Token("space", indent, at), Token("word", text, at), Token("newline", "\n", at)])
        self.closed = [c for c in self.closed if c[0] != len(self.out) - 1]

    def finish(self, at: int) -> None:
        """End what the text leaves open."""
        if self.stack and self.out and self.out[-1][-1].kind != "newline":
            self.out[-1].append(Token("newline", "\n", at))
        while self.stack:  # the text may have lost its tail: what else stood in it, nothing tells
            self.end(at, GUESS)

    def write(self, word: str, at: int, indent: int) -> None:
        """Add a line of one word."""
        space = [Token("space", " " * indent, at)] if indent else []
        self.emit([*space, Token("word", word, at), Token("newline", "\n", at)])

    def emit(self, line: list[Token]) -> None:
        """Add a line; inside an ELSEIF's own IF two spaces deeper, where indentation counts."""
        deeper = "  " * sum(o.chained for o in self.stack) if self.indented else ""
        self.out.append([Token("space", deeper, line[0].line), *line] if deeper else line)

    def note(self, at: int, before: str, after: str, confidence: float = 1.0) -> None:
        """Record a repair."""
        self.repairs.append(Repair("structure", at, before, after, confidence))


def _word(line: list[Token]) -> str:
    """A line's first word, one name for each ``LOOSE`` one; ``""`` for an empty line."""
    shown = visible(line)
    word = line[shown[0]].text if shown else ""
    return word if word in KEYWORDS else aliases.LOOSE.get(word.upper(), word)


def _bare(line: list[Token]) -> str:
    return join([line]).strip()


def _renamed(line: list[Token], word: str) -> list[Token]:
    shown = visible(line)
    return [*line[: shown[0]], line[shown[0]].as_text(word), *line[shown[0] + 1 :]]


def _indent(line: list[Token]) -> int:
    return len(line[0].text.expandtabs(4)) if line[0].kind == "space" else 0


def _indented(lines: Lines) -> bool:
    """Whether every block's first line is indented more deeply than the block's own."""
    heads = ("IF", "ELSEIF", "REPEAT", "FOREACH", "CASE")
    openers = [i for i, line in enumerate(lines[:-1]) if _word(line) in heads]
    bodies = [
        _indent(lines[i + 1]) > _indent(lines[i])
        for i in openers
        if visible(lines[i + 1]) and _word(lines[i + 1]) not in (*_PARTS, *_ENDS, "END")
    ]
    return bool(bodies) and all(bodies)
