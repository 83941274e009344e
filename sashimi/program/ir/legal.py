"""Legality: masks over a vocabulary, of the tokens that may come next in a sequence.

A sequence chosen under the masks assembles into a program that parses and validates strictly: the
decoder is never repaired afterwards. The masks offer what the decoder may write: `CONDITIONS`,
blocks without pairs, plain references; what else a program holds, `Walk` follows.
"""

from __future__ import annotations

import numpy as np

from sashimi.program import catalogue as catalogues
from sashimi.program.check.beside import ignored
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.program.ir.walk import PARTS, Due, Walk, literal_of
from sashimi.program.tree import Handle, Var

MAX_DEPTH = 8
"""Blocks the decoder nests at most; real programs stay at 6."""
RESERVE = 96
"""Tokens kept back from the limit, so that whatever is open can still be closed."""
PLACES_OF_GRAMMAR = frozenset({"reference", *PARTS, "condition", "case"})
"""Contexts in which the grammar alone says what may stand, whatever training showed."""
KEPT = 4096
"""Masks that a vocabulary keeps."""


class Legality:
    """Masks over a vocabulary along one sequence of at most ``limit`` tokens."""

    def __init__(self, vocabulary: Vocabulary, limit: int) -> None:
        self.vocabulary, self.limit = vocabulary, limit
        self.walk = Walk()
        self._looked, self._legal = -1, frozenset()  # at which move, and what `_sure` found

    @property
    def done(self) -> bool:
        """Whether END has been taken."""
        return self.walk.due is None

    def advance(self, token: int) -> None:
        """Takes the token of this id."""
        self.walk.advance(self.vocabulary.tokens[token])

    def mask(self) -> np.ndarray:
        """(V,) bool: what may come next; at least one is True unless `done`.

        Made once for each state of the grammar that decides it, and kept: not to be written to.
        """
        due = self.walk.due
        if due is None:
            raise ValueError("the sequence has ended")
        known, state = self.vocabulary.legal, self._state(due)
        if state not in known:
            if len(known) >= KEPT:
                known.clear()
            made = self._statements(due) if due.statements else self._values(due.context, due.fixed)
            known[state] = made
        return known[state]

    def _state(self, due: Due) -> tuple:
        """All that a mask depends on."""
        given = tuple(self.walk.given.items()) if self._closes_keys(due) else ()
        depth = due.statements and self.walk.scope.depth < MAX_DEPTH
        named = tuple(self.walk.named)
        return due, self._sure(), named, given, depth, self._closing()

    @staticmethod
    def _closes_keys(due: Due) -> bool:
        return due.context.startswith("ACTION ") or " key:" in due.context

    def _sure(self) -> frozenset[int]:
        """Ids of the references that surely mean something here."""
        if self._looked != self.walk.scope.moves:
            scope, ids = self.walk.scope, self.vocabulary.reference_ids
            handles = (Handle(name) for name in scope.handles())
            references = (*handles, *map(Var, scope.variables()))
            self._legal = frozenset(ids[r] for r in references if r in ids and scope.surely(r))
            self._looked = scope.moves
        return self._legal

    def _closing(self) -> bool:
        return self.walk.written >= self.limit - RESERVE

    def _statements(self, due: Due) -> np.ndarray:
        """Ends, further statements, and the unused keys whose values something in scope can be.

        A required key that training showed comes first.
        """
        words = self.vocabulary
        mask = words.mask_of(due.fixed).copy()
        if self._closing():
            # CASE would open what has to be closed
            return words.mask_of(due.fixed - {"CASE", "ELSE"}).copy()
        mask |= words.statements if self.walk.scope.depth < MAX_DEPTH else words.flat_statements
        keys = words.keys.get(due.context, ())
        for index, token in keys:
            context = f"{due.context.removeprefix('ACTION ')} {token}"
            mask[index] = (
                token not in due.used
                and self._counts(due.context.removeprefix("ACTION "), token.removeprefix("key:"))
                and self._offers(context)
            )
        wanted = [i for i, token in keys if mask[i] and self._required(due.context, token)]
        if wanted:
            mask = words.empty.copy()
            mask[wanted] = True
        return mask

    def _offers(self, context: str) -> bool:
        """Whether a parameter has a value that may stand here."""
        if not self.walk.given and self.vocabulary.always(context):
            return True
        return bool(self._values(context, frozenset()).any())

    def _required(self, context: str, token: str) -> bool:
        spec = catalogues.find(context.removeprefix("ACTION "))
        parameter = spec.parameter(token.removeprefix("key:")) if spec else None
        return parameter is not None and parameter.required == "stated"

    def _counts(self, action: str, key: str) -> bool:
        """Whether a parameter counts beside what the action has been given so far."""
        spec = catalogues.find(action)
        return spec is None or not any(ignored(key, self.walk.given, spec))

    def _rule_out(self, context: str, mask: np.ndarray) -> None:
        """Unsets the values beside which a parameter given before would not count."""
        action, _, key = context.partition(" key:")
        spec = catalogues.find(action) if key else None
        specs = (spec.parameter(other) for other in self.walk.given) if spec else ()
        if not any(rule.key == key for p in specs if p for rule in p.when):
            return
        for index in np.flatnonzero(mask):
            value = literal_of(self.vocabulary.tokens[index])
            given = {**self.walk.given, key: value}
            mask[index] = not any(any(ignored(other, given, spec)) for other in self.walk.given)

    def _values(self, context: str, fixed: frozenset[str]) -> np.ndarray:
        words = self.vocabulary
        if context == "variable":
            mask = words.empty.copy()
            for index, slot in words.slots:
                mask[index] = slot in self.walk.named or int(slot[1:]) == len(self.walk.named) + 1
            return mask
        free = context not in PLACES_OF_GRAMMAR
        mask = words.mask_of(fixed) | (words.seen(context) if free else False)
        if words.references.size:
            sure = words.empty.copy()
            sure[list(self._sure())] = True
            if context in ("reference", "part"):
                mask |= sure
            mask[words.references] &= sure[words.references]
        for index, slot in words.names:
            if mask[index]:
                known = slot in self.walk.named
                mask[index] = known or int(slot[1:]) == len(self.walk.named) + 1
        self._rule_out(context, mask)
        if self._closing():
            atoms = mask & ~words.composites
            closers = mask & words.closers
            return closers if closers.any() else atoms if atoms.any() else mask
        return mask
