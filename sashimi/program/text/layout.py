"""Indentation that contradicts the blocks: ``misleading``.

White space carries no meaning in the language, and most programs have none. But where a text is
indented as its blocks are, an ELSE or an end that stands as deep as another block than its own was
most likely meant for that one.
"""

from __future__ import annotations

from sashimi.program.findings import Finding
from sashimi.program.text.lex import BLOCKS, statements, tokens, visible

_ENDS = {end: keyword for keyword, end in BLOCKS.items()}
_PARTS = {"ELSE": "IF", "CASE": "MENU"}


def misleading(text: str) -> list[Finding]:
    """Warnings of parts and ends of blocks that are not indented as their block's first line.

    For texts that parse. ``[]`` where any block's first statement is not indented more deeply than
    the block, since such a text does not use indentation to show blocks.
    """
    lines = []
    for line in statements(tokens(text)):
        shown = visible(line)
        if shown:
            indent = len(line[0].text.expandtabs(4)) if line[0].kind == "space" else 0
            lines.append((line[shown[0]].text, indent, line[shown[0]].line))
    found: list[Finding] = []
    open_blocks: list[tuple[str, int, int]] = []
    for number, (word, indent, line) in enumerate(lines):
        if word in BLOCKS:
            open_blocks.append((word, indent, line))
        elif word in _PARTS or word in _ENDS:
            if not open_blocks:
                return []
            keyword, wanted, opened = open_blocks[-1]
            if indent != wanted:
                why = f"it belongs to the {keyword} of line {opened} and is not indented as that is"
                found.append(Finding("layout", line, word, why, "warning", "layout"))
            if word in _ENDS:
                open_blocks.pop()
        after = lines[number + 1] if number + 1 < len(lines) else None
        if _opens_body(word, after) and after[1] <= indent:
            return []
    return found


def _opens_body(word: str, after: tuple[str, int, int] | None) -> bool:
    """Whether the next line is the first of a body, so that it would be indented."""
    heads = ("IF", "ELSE", "CASE", "REPEAT", "FOREACH")
    return word in heads and after is not None and after[0] not in (*_PARTS, *_ENDS)
