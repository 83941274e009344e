"""From scores of choices to the values of a program's slots, each kept legal. No torch.

Letters: S slots, K literals, P word pieces.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.flagship.answer.places import MARKS, Place, address, closed, whole
from sashimi.flagship.data import normal, phrases
from sashimi.flagship.data import spoken_numbers as numbers
from sashimi.flagship.data.literals import COPYABLE, Literals, Slot
from sashimi.program.catalogue import Catalogue
from sashimi.program.check import accept, health
from sashimi.program.ir.tokens import KEY, TEXT
from sashimi.program.ir.walk import PARTS
from sashimi.program.tree import Dict, List, Value

OPENS_GROUP = frozenset({"MENU", "<dict>", "<headers>", "<list>"})
MOST_NUMBERED = 600
"""More values that differ than one program has room for."""
CLOSES_GROUP = frozenset({"ENDMENU", "</dict>", "</headers>", "</list>"})
"""Between these, case titles and keys must differ, and so do the texts of a list."""


BREAKS = frozenset(
    numbers.words(
        "then and or but to in on at with for from by into if otherwise else unless when while as "
        "after before until so because via using please pls too also now thanks aloud loudly out"
    )
)
"""Words that a sentence which is copied does not run on over."""
RUN_ON = frozenset(
    {
        "sendmessage key:WFSendMessageContent",
        "sendemail key:WFSendEmailActionInputAttachments",
        "com.apple.mobilenotes.SharingExtension key:WFCreateNoteInput",
        "appendnote key:text",
    }
)
"""Places of messages and notes, whose sentences have commas; what is behind one in a title is
another request more often than not."""
_SPACED = re.compile(r"\s+(\S+)")


@dataclass(frozen=True)
class Filled:
    """The value of a slot, and where it is copied from; None where it is not."""

    value: Value
    place: Place | None


@dataclass(frozen=True)
class Spans:
    """What of a prompt may be copied."""

    prompt: str
    offsets: list[list[int]]  # (P, 2): characters of each word piece

    def copyable(self, slot: Slot, reading: str) -> list[bool]:
        """Per word piece, whether a value of this slot may begin there.

        A text that is read by its meaning begins where one does; where none does, anywhere.
        """
        number = slot.kind == "number"
        if number or (reading in normal.PHRASES and slot.kind in COPYABLE):
            begins = self.phrases(reading, number=number)
            if number or begins:
                return [start in begins for start, _ in self.offsets]
        may = slot.kind in COPYABLE and (slot.kind != "literal" or reading == normal.ENTITY)
        return [may] * len(self.offsets)

    def phrases(self, reading: str, *, number: bool) -> dict[int, tuple[int, Value]]:
        """Where the longest phrase ends that begins at a character, and what it means."""
        found = phrases.longest(reading, self.prompt, number)
        return {start: (end, meaning) for start, end, meaning in found}

    def place(self, slot: Slot, reading: str, first: int, last: Callable[[], int]) -> Place:
        """The characters that are copied from word piece ``first`` on; ``last`` is asked for its
        last word piece where no meaning tells its end.
        """
        begin, number = self.offsets[first][0], slot.kind == "number"
        known = self.phrases(reading, number=number) if number or reading in normal.PHRASES else {}
        if begin in known:
            return begin, known[begin][0]
        place = whole(self.prompt, (begin, self.offsets[last()][1]))
        return address(self.prompt, place) if reading == "url" else place

    def value(self, slot: Slot, reading: str, place: Place, unit: str = "") -> Value:
        """What a place means. A duration is counted in ``unit``, where the program states one."""
        said, number = self.prompt[slice(*place)], slot.kind == "number"
        if number and unit and reading == "duration":
            counted = numbers.converted(said, unit)
            if counted is not None:
                return counted
        if number or reading in normal.PHRASES:
            found = self.phrases(reading, number=number).get(place[0])
            return found[1] if found else said
        meaning = normal.read(reading, said)
        return said if meaning is None else meaning

    def prolonged(self, place: Place, others: Sequence[Place], *, runs_on: bool = False) -> Place:
        """The place of a sentence with the words that follow it, up to a mark or one of `BREAKS`;
        itself where it would run into one of the ``others``, which are other values. A quotation
        is taken to its end. A text that ``runs_on`` may have a mark behind the place itself.

        The end of a span is one word piece's score and falls short more often than not.
        """
        begin, end = place
        if (closing := closed(self.prompt, begin)) is not None:
            apart = all(other[1] <= begin or closing <= other[0] for other in others)
            return begin, closing if apart else end
        if not runs_on and self.prompt[end : end + 1] in tuple(MARKS):
            return place
        for word in _SPACED.finditer(self.prompt, end):
            start, plain = word.start(1), word[1].rstrip(MARKS)
            if not plain or plain.lower() in BREAKS or not plain[0].isalnum():
                break
            if any(start < other[1] and other[0] < word.end(1) for other in others):
                return place
            end = start + len(plain)
            if plain != word[1]:
                break
        return begin, end


def filled(
    tokens: Sequence[str],
    slots: Sequence[Slot],
    scores: np.ndarray,
    last: Callable[[int, int], int],
    literals: Literals,
    spans: Spans,
    catalogue: Catalogue,
) -> list[Filled]:
    """The values of one program's slots, most likely first choice each, kept legal.

    A text that is written as a sentence ends where its clause does: see `Spans.prolonged`.

    ``scores`` (S, K + P) are log-probabilities, -inf for what may not be chosen; ``last`` gives the
    last word piece of the span that row ``i`` of them begins at a piece. The title is what the
    prompt begins with. A choice that the
    validator would refuse in its place is passed over; so is one that repeats a variable's name, a
    case's title of the same menu or a key of the same dictionary.
    """
    taken = Taken(tokens, catalogue)
    made: list[Filled] = []
    for row, slot in enumerate(slots):
        if slot.kind == "title" and (heading := normal.heading(spans.prompt)):
            made.append(Filled(heading, None))
            continue
        unit = _unit(tokens, slot)
        for choice in _likeliest(_told(scores[row], slot, literals, spans)):
            chosen = _chosen(
                literals, spans, slot, choice, lambda first, row=row: last(row, first), unit
            )
            if taken.accepts(slot, chosen.value):
                break
        else:
            chosen = Filled(taken.fallback(slot), None)
        taken.note(slot, chosen.value)
        made.append(chosen)
    return [_whole(made, row, slot, literals, spans, taken) for row, slot in enumerate(slots)]


def _whole(
    made: Sequence[Filled], row: int, slot: Slot, literals: Literals, spans: Spans, taken: Taken
) -> Filled:
    """What was filled in, or, of a sentence that stops within its clause, all of it."""
    own = made[row]
    if own.place is None or slot.kind != "text" or literals.reading(slot) != "sentence":
        return own
    within = [one.place for one in made if one.place and not _inside(one.place, own.place)]
    others = [place for place in within if not _inside(own.place, place)]
    place = spans.prolonged(own.place, others, runs_on=slot.context in RUN_ON)
    value = spans.value(slot, "sentence", place)
    if place == own.place or not taken.accepts(slot, value):
        return own
    taken.note(slot, value)  # no other text of its list may grow to be the same
    return Filled(value, place)


def _inside(one: Place, other: Place) -> bool:
    return other[0] <= one[0] and one[1] <= other[1]


def _unit(tokens: Sequence[str], slot: Slot) -> str:
    """The unit in which a number counts; "" where its place states none."""
    if slot.context == "delay key:WFDelayTime":
        return "sec"
    following = tokens[slot.position + 1] if slot.context.endswith(" magnitude") else ""
    return following.removeprefix('="').removesuffix('"') if following.startswith('="') else ""


def _told(scores: np.ndarray, slot: Slot, literals: Literals, spans: Spans) -> np.ndarray:
    """The scores (K + P) of one slot; where a prompt names times or dates, no other may be made up
    for a place that takes one.
    """
    reading, known = literals.reading(slot), len(literals.values)
    if reading not in ("when", "alarm") or not spans.phrases(reading, number=False):
        return scores
    told = scores.copy()
    told[:known] = -np.inf
    return told


def _likeliest(scores: np.ndarray) -> Iterator[int]:
    """The choices of one slot, the likeliest first; the first is found without sorting."""
    if not scores.size:
        return
    best = int(scores.argmax())
    if scores[best] == -np.inf:
        return
    yield best
    for choice in np.argsort(-scores, kind="stable").tolist():
        if scores[choice] == -np.inf:
            return
        if choice != best:
            yield choice


def _chosen(
    literals: Literals,
    spans: Spans,
    slot: Slot,
    choice: int,
    last: Callable[[int], int],
    unit: str,
) -> Filled:
    """One choice: a literal, a number, or the likeliest span from a word piece."""
    first, reading = choice - len(literals.values), literals.reading(slot)
    if first < 0:
        return Filled(literals.value(choice), None)
    place = spans.place(slot, reading, first, lambda: last(first))
    return Filled(spans.value(slot, reading, place, unit), place)


class Taken:
    """What the slots of one program already hold, where two must not hold the same."""

    def __init__(self, tokens: Sequence[str], catalogue: Catalogue) -> None:
        self.tokens, self.catalogue = tokens, catalogue
        self.filled: dict[int, Value] = {}  # what the slots hold, by position
        self.names: set[Value] = set()
        self.groups: dict[int, set[Value]] = {}  # position of a slot to what its group holds
        groups: list[set[Value]] = []
        opened: list[str] = []
        for position, token in enumerate(tokens):
            if token in OPENS_GROUP:
                groups.append(set())
                opened.append(token)
            elif token in CLOSES_GROUP:
                groups.pop()
                opened.pop()
            elif token == "CASE":
                self.groups[position + 1] = groups[-1]
            elif token == KEY or (token == TEXT and opened[-1:] == ["<list>"]):
                self.groups[position] = groups[-1]

    def _group(self, slot: Slot) -> set[Value] | None:
        return self.names if slot.kind == "name" else self.groups.get(slot.position)

    def accepts(self, slot: Slot, value: Value) -> bool:
        """Whether this slot may hold this value."""
        if value in (self._group(slot) or ()) or (slot.context in PARTS and value == ""):
            return False
        return accept.accepts(slot.context, value, self.catalogue) and accept.beside(
            self.tokens, slot.position, value, self.filled
        )

    def note(self, slot: Slot, value: Value) -> None:
        """Remembers what a slot holds."""
        self.filled[slot.position] = value
        group = self._group(slot)
        if group is not None:
            group.add(value)

    def fallback(self, slot: Slot) -> Value:
        """A value for a slot that training and prompt say nothing of, or nothing acceptable.

        In a structure that the masks did not make, a slot may accept nothing: then the plainest.
        """
        stem = {"name": "Value", "title": "Shortcut"}.get(slot.kind, "Text")
        plain = {"number": (1,), "literal": (Dict(()), List(()))}.get(slot.kind, (stem, "1"))
        numbered = (f"{stem}_{number}" for number in range(2, MOST_NUMBERED))
        tried = itertools.chain(plain, health.offers(slot.context), numbered)
        return next((v for v in tried if self.accepts(slot, v)), plain[0])
