"""Decoder and filler over the prompts of one batch: what writes, and what fills in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from sashimi.flagship.answer.rows import Unmasked
from sashimi.flagship.answer.search import Beam, Search
from sashimi.flagship.answer.units import lowered
from sashimi.flagship.answer.values import Filled
from sashimi.flagship.data import text
from sashimi.flagship.data.literals import Slot, slots_of
from sashimi.flagship.data.text import Spelling
from sashimi.flagship.model.fill import copied, fill
from sashimi.flagship.model.limits import MAX_TOKENS, WRITTEN
from sashimi.flagship.pipeline import EncodedPrompts, Pipeline
from sashimi.program.ir.legal import Legality


@dataclass(frozen=True)
class Writer:
    """A model and the prompts that it answers together."""

    model: Pipeline
    asked: EncodedPrompts

    @property
    def freely(self) -> bool:
        """Whether it writes text without masks, instead of typed tokens under them."""
        return isinstance(self.model.vocabulary, Spelling)

    def search(
        self,
        width: int = 1,
        rows: Sequence[int] | None = None,
        given: Sequence[Sequence[str]] | None = None,
    ) -> list[list[Beam]]:
        """The ``width`` likeliest sequences of each prompt, or of some ``rows``; see `Search`."""
        rows = list(range(len(self.asked.prompts)) if rows is None else rows)
        words, decoder = self.model.vocabulary, self.model.network.decoder

        def copy(row: int, slot: Slot, hidden: Tensor) -> Tensor:
            source = self.asked.sources[rows[row]]
            return copied(self.model.network.filler, self.model.literals, source, slot, hidden)

        gains = None if self.asked.gains is None else self.asked.gains[rows]
        copies = None if self.freely else copy
        loop = Search(decoder, words.tokens, self._begin(), copies, width, gains)
        return loop.run(self.asked.memory[rows], self.asked.present[rows], given)

    def _begin(self) -> Callable[[], Legality | Unmasked]:
        words = self.model.vocabulary
        if self.freely:
            return lambda: Unmasked(len(words), text.END, MAX_TOKENS - 1)
        return lambda: Legality(words, WRITTEN)

    def text(self, row: int, beam: Beam) -> str:
        """Fill and lower: the text of a prompt's sequence, its slots filled from that prompt."""
        if self.freely:
            return self.model.vocabulary.text(beam.ids)
        prompt, known = self.asked.prompts[row], self.model.catalogue
        return lowered(beam.tokens, slots_of(beam.tokens), self.filled(row, beam), prompt, known)

    def values(self, row: int, beam: Beam) -> list:
        """The values of a sequence's slots, filled from the prompt of ``row``."""
        return [one.value for one in self.filled(row, beam)]

    def filled(self, row: int, beam: Beam) -> list[Filled]:
        """What the slots of a sequence hold, and where that stands in the prompt of ``row``."""
        model = self.model
        return fill(
            model.network.filler,
            model.literals,
            self.asked.sources[row],
            beam.tokens,
            beam.hidden,
            model.catalogue,
        )
