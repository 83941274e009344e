"""The vocabulary of the typed IR: its tokens, what stood where, and the literals seen often.

Built from training programs alone. ``seen`` holds for every place of the grammar (an action's key,
an item of a list, the value of a condition…) the tokens that training programs put there, and what
is as good (`sashimi.program.ir.places`); what the catalogue or the validator would refuse is left
out, so that masks made from it are legal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sashimi.program.catalogue import Catalogue
from sashimi.program.check.accept import admits
from sashimi.program.conditions import CONDITIONS
from sashimi.program.ir.places import opened
from sashimi.program.ir.tokens import COMPOSITES, END, KEY, LITERAL, NONE, NUMBER, TEXT
from sashimi.program.ir.walk import Walk, reference_of
from sashimi.program.tiers import TypedIR
from sashimi.program.tree import Reference

START = "<start>"
OPENERS = frozenset({"IF", "MENU", "REPEAT", "FOREACH"})
STATEMENTS = ("SET", "IF", "ELSE", "ENDIF", "MENU", "CASE", "ENDMENU", "REPEAT", "ENDREPEAT")
ALWAYS = (
    *(START, END, NONE, TEXT, KEY, NUMBER, LITERAL, *STATEMENTS, "FOREACH", "ENDFOREACH"),
    *CONDITIONS,
    *(t for tag in sorted(COMPOSITES) for t in (tag, f"</{tag[1:]}") if t != "</quantity>"),
    *("true", "false", "@prev", "@input", "@date", "$1"),
)
"""Tokens of the grammar itself, in every vocabulary; the first is the start of a sequence."""


@dataclass(frozen=True)
class Vocabulary:
    """Token ids and the places they were seen at. Two vocabularies of one corpus are equal."""

    tokens: tuple[str, ...]
    places: dict[str, tuple[str, ...]]  # context to the tokens seen there

    @staticmethod
    def build(programs: Iterable[TypedIR], catalogue: Catalogue) -> Vocabulary:
        """The vocabulary of training programs; places as `places.opened` widens them, less what
        ``catalogue`` does not allow.
        """
        counts: Counter[str] = Counter()
        places: dict[str, set[str]] = defaultdict(set)
        for ir in programs:
            walk = Walk()
            for token in ir.merged():
                counts[token] += 1
                places[walk.due.context].add(token)
                walk.advance(token)
        legal = {place: _allowed(place, seen, catalogue) for place, seen in places.items()}
        legal = opened(legal, catalogue)
        tokens = sorted(counts.keys() - set(ALWAYS), key=lambda t: (-counts[t], t))
        return Vocabulary((*ALWAYS, *tokens), {k: tuple(sorted(v)) for k, v in legal.items()})

    def to_json(self) -> dict:
        """As plain lists and dictionaries; `from_json` is the inverse."""
        return {"tokens": list(self.tokens), "places": {k: list(v) for k, v in self.places.items()}}

    @staticmethod
    def from_json(data: dict) -> Vocabulary:
        """The vocabulary that `to_json` wrote."""
        return Vocabulary(tuple(data["tokens"]), {k: tuple(v) for k, v in data["places"].items()})

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Token to id."""
        return {token: index for index, token in enumerate(self.tokens)}

    def encode(self, tokens: Sequence[str]) -> list[int] | None:
        """Ids of a sequence; None when a token is not in the vocabulary."""
        ids = [self.ids.get(token) for token in tokens]
        return None if None in ids else ids

    def coverage(self, programs: Sequence[TypedIR]) -> dict[str, tuple[int, int]]:
        """Per tier, how many of the programs' tokens the vocabulary has: (known, all)."""
        tier1 = [t for ir in programs for t in ir.structure]
        tier2 = [t for ir in programs for sequence in ir.parameters for t in sequence]
        return {
            name: (sum(t in self.ids for t in tokens), len(tokens))
            for name, tokens in (("tier1", tier1), ("tier2", tier2))
        }

    # What the masks read, made once.

    @cached_property
    def empty(self) -> np.ndarray:
        return np.zeros(len(self), dtype=bool)

    @cached_property
    def _masks(self) -> dict[frozenset[str], np.ndarray]:
        return {}

    def mask_of(self, tokens: frozenset[str]) -> np.ndarray:
        """(V,) bool with these tokens set; those that the vocabulary lacks are passed over."""
        if tokens not in self._masks:
            mask = self.empty.copy()
            mask[[self.ids[t] for t in tokens if t in self.ids]] = True
            self._masks[tokens] = mask
        return self._masks[tokens]

    def seen(self, context: str) -> np.ndarray:
        """(V,) bool: what training showed at a place."""
        return self.mask_of(self._seen.get(context, frozenset()))

    @cached_property
    def _seen(self) -> dict[str, frozenset[str]]:
        return {place: frozenset(tokens) for place, tokens in self.places.items()}

    def always(self, context: str) -> bool:
        """Whether a place holds a token that means something wherever it stands."""
        tokens = self._seen.get(context, frozenset())
        known = (t for t in tokens if t in self.ids)
        return any(reference_of(t) is None and not t.startswith("name:") for t in known)

    @cached_property
    def legal(self) -> dict[tuple, np.ndarray]:
        """Masks by the state of the grammar: `Legality` keeps them here."""
        return {}

    @cached_property
    def statements(self) -> np.ndarray:
        """Tokens that may begin a statement."""
        begins = {t for t in self.places.get("statement", ()) if t.startswith("ACTION ")}
        for place, tokens in self.places.items():
            if place.startswith("ACTION "):
                begins |= {t for t in tokens if t.startswith("ACTION ")}
        return self.mask_of(frozenset(begins | OPENERS | {"SET"}))

    @cached_property
    def flat_statements(self) -> np.ndarray:
        """Tokens that begin a statement without a block."""
        return self.statements & ~self.mask_of(OPENERS)

    @cached_property
    def keys(self) -> dict[str, list[tuple[int, str]]]:
        """``ACTION name`` to its keys: (id, token)."""
        return {
            place: [(self.ids[t], t) for t in tokens if t.startswith("key:")]
            for place, tokens in self.places.items()
            if place.startswith("ACTION ")
        }

    @cached_property
    def reference_ids(self) -> dict[Reference, int]:
        """Every reference token's id."""
        known = ((reference_of(t), i) for i, t in enumerate(self.tokens))
        return {reference: i for reference, i in known if reference is not None}

    @cached_property
    def references(self) -> np.ndarray:
        """Ids of the reference tokens."""
        return np.fromiter(self.reference_ids.values(), dtype=np.int64)

    @cached_property
    def slots(self) -> list[tuple[int, str]]:
        """Numbered variables: (id, ``$k``)."""
        return [(i, t) for i, t in enumerate(self.tokens) if t[:1] == "$" and t[1:].isdigit()]

    @cached_property
    def names(self) -> list[tuple[int, str]]:
        """Names of variables as strings: (id, ``$k``)."""
        return [(i, t[5:]) for i, t in enumerate(self.tokens) if t.startswith("name:")]

    @cached_property
    def composites(self) -> np.ndarray:
        """Tokens that open a composite value."""
        return self.mask_of(frozenset(COMPOSITES))

    @cached_property
    def closers(self) -> np.ndarray:
        """Tokens that close a composite value."""
        return self.mask_of(frozenset(t for t in self.tokens if t.startswith("</")))


def _allowed(place: str, seen: set[str], catalogue: Catalogue) -> set[str]:
    """What of a place's tokens the catalogue allows: known actions, known keys, listed values."""
    if place.startswith("IF "):  # what conditions take is the grammar's to say, not habit's
        if place == "IF unary":
            return {NONE}
        return {t for t in seen - {NONE} if admits(place, t, catalogue)}
    kept = {t for t in seen if not t.startswith("ACTION ") or catalogue.find(t[7:])}
    if place.startswith("ACTION "):
        spec = catalogue.find(place.removeprefix("ACTION "))
        return {t for t in kept if not t.startswith("key:") or (spec and spec.parameter(t[4:]))}
    return {t for t in kept if admits(place, t, catalogue)}
