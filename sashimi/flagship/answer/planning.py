"""What plans programs: the planner of actions, and what puts programs together from its plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sashimi.flagship.answer.choose import Candidates, Form
from sashimi.flagship.answer.compose import Composer
from sashimi.flagship.answer.library import Library
from sashimi.flagship.answer.plan import Plan, Planner, expected_f1
from sashimi.program.catalogue import Catalogue
from sashimi.program.ir.vocabulary import Vocabulary


@dataclass(frozen=True)
class Planning:
    """What plans programs: the planner, and what puts them together."""

    planner: Planner
    composer: Composer

    @staticmethod
    def of(library: Library, words: Vocabulary, catalogue: Catalogue) -> Planning:
        """Of a library and the names of a catalogue; its judge is untrained."""
        tokens = [[words.tokens[t] for t in row if t >= 0] for row in library.tokens]
        forms = [Form.of(own) for own in tokens]
        return Planning(Planner(library, forms, catalogue.names()), Composer(tokens, forms))

    def extend(
        self, forms: Candidates, plan: Plan, near: Sequence[int], similar: np.ndarray
    ) -> tuple[Candidates, list[list[str]]]:
        """Candidates with those of a plan and what it expects of each, and the tokens of those."""
        tokens = [self.composer.tokens(own, similar) for own in self.composer.sequences(plan, near)]
        whole = replace(forms, composed=[Form.of(own) for own in tokens])
        return replace(whole, planned=[expected_f1(f.actions, plan) for f in whole.forms]), tokens
