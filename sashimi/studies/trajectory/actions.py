"""Single actions: how often programs hold them, and how large these and they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sashimi.flagship.data.example import Example
from sashimi.program import tree


def facts(examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Of each action of the examples' programs: its ``frequency``, the mean ``complexity`` of the
    programs around it (statements) and its own mean number of ``parameters``."""
    seen: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for example in examples:
        statements = list(tree.walk(example.program.body))
        for one in statements:
            if isinstance(one, tree.Action):
                seen[one.name].append((len(statements), len(one.params)))
    means = {name: np.mean(pairs, axis=0).tolist() for name, pairs in seen.items()}
    return {
        "frequency": {name: float(len(pairs)) for name, pairs in seen.items()},
        "complexity": {name: mean[0] for name, mean in means.items()},
        "parameters": {name: mean[1] for name, mean in means.items()},
    }
