"""Places of a prompt that are one thing: a word, an address, a telephone number, a quotation."""

from __future__ import annotations

import re

Place = tuple[int, int]
"""Characters of the prompt, from and to."""

MARKS = '.,;:!?"”)'
"""What may stand behind a word and is none of it."""
_ONE = re.compile(
    r"\w+://\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:[\w-]+\.){2,}[a-z]{2,}\b(?:[/?#:]\S*)?"
    r"|(?:[\w-]+\.)+[a-z]{2,}[/?#:]\S+|\+?\(?\d(?:[ ().-]{0,2}\d){6,}",
    re.IGNORECASE,
)
"""Addresses of the web and of mail, and telephone numbers."""
_ADDRESS = re.compile(r"\w+://\S+|(?:[\w-]+\.)+[a-z]{2,}\b(?:[/?#:]\S*)?", re.IGNORECASE)
_CLOSES = {'"': r'"', "“": "”", "'": r"'(?!\w)", "‘": r"’(?!\w)"}


def whole(prompt: str, place: Place) -> Place:
    """The place with all of the words, addresses and telephone numbers that it would cut, and
    without what stands behind the quotation that it opens.
    """
    begin, end = place
    while 0 < begin < end and prompt[begin - 1].isalnum() and prompt[begin].isalnum():
        begin -= 1
    while 0 < end < len(prompt) and prompt[end - 1].isalnum() and prompt[end].isalnum():
        end += 1
    for one in _ONE.finditer(prompt):
        start, stop = one.start(), one.start() + len(one[0].rstrip(MARKS))
        if start < begin < stop:
            begin = start
        if start < end < stop:
            end = stop
    closing = closed(prompt, begin)
    return begin, end if closing is None else min(end, closing)


def address(prompt: str, place: Place) -> Place:
    """The address of the web that stands at a place, alone; the place where none does."""
    for one in _ADDRESS.finditer(prompt):
        start, stop = one.start(), one.start() + len(one[0].rstrip(MARKS))
        if start < place[1] and place[0] < stop:
            return start, stop
    return place


def closed(prompt: str, begin: int) -> int | None:
    """Where the quotation ends that begins at a character; None where none does."""
    mark = prompt[begin - 1 : begin]
    if mark not in _CLOSES or prompt[begin - 2 : begin - 1].isalnum():
        return None
    found = re.compile(_CLOSES[mark]).search(prompt, begin + 1)
    return found.start() if found else None
