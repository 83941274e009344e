"""What choosing and planning are worth without any network: beside the vote of ten neighbours.

``python scripts/without_network.py CORPUS`` prints, by split, skeleton exact and action F1 of the
neighbour that agrees best with its fellows (`flagship.answer.choose`, no beams) and of the set of
actions whose F1 a plan expects to be highest (`flagship.answer.plan`; it has no order, so no
skeleton), less the vote, paired by example. The temperature is the one that serves dev best. Then
what bounds any copy: how many programs have a skeleton that training has, how many only actions
that it has, and the action F1 of the best of fifty neighbours, for one who knows the answer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from sashimi.encode import encode
from sashimi.flagship.answer import choose
from sashimi.flagship.answer.choose import TEMPERATURES, Candidates, Choice, Form
from sashimi.flagship.answer.library import Library
from sashimi.flagship.answer.plan import Planner, expected_f1
from sashimi.flagship.data import corpus
from sashimi.flagship.data.corpus import Example
from sashimi.flagship.judge import floors
from sashimi.metrics import overlap
from sashimi.program import catalogue, tiers
from sashimi.statistics import paired

SPLITS = ("dev", "test", "test_unseen")
MANY = 50
Scores = dict[str, list[float]]


class Known:
    """Training programs as neighbours and planner see them."""

    def __init__(self, source: str) -> None:
        self.corpus = corpus.load(source)
        train = self.corpus.train
        programs = [e.program for e in train]
        self.forms = [form_of(e) for e in train]
        nothing: list[tuple] = [() for _ in train]
        vectors = encode([e.prompt for e in train]).pooled.numpy()
        same = Library.same(programs)
        self.library = Library([e.prompt for e in train], vectors, nothing, nothing, same)
        names = catalogue.load().extended(programs).names()
        self.planner = Planner(self.library, self.forms, names)
        self.planner.fit(seed=0)

    def similar(self, part: Sequence[Example]) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Prompts, their vectors, and their similarities to training prompts."""
        prompts = [e.prompt for e in part]
        vectors = encode(prompts).pooled.numpy()
        return prompts, vectors, self.library.index.similarity(prompts, vectors)

    def agreed(self, part: Sequence[Example], at: float) -> Scores:
        """Of the neighbour that agrees best, at a temperature."""
        chosen = []
        for row in self.similar(part)[2]:
            near = (-row).argsort(kind="stable")[: choose.POOL]
            found = Candidates([], [], [self.forms[i] for i in near], row[near].tolist())
            chosen.append(found.neighbours[choose.ranked(found, Choice(0.0, at))[0][0]])
        pairs = list(zip(map(form_of, part), chosen, strict=True))
        return {
            "skeleton_exact": [float(a.skeleton == b.skeleton) for a, b in pairs],
            "action_f1": [overlap(a.actions, b.actions).f1 for a, b in pairs],
        }

    def planned(self, part: Sequence[Example]) -> Scores:
        """Of the likeliest actions, as many as the plan expects most of."""
        found = []
        for example, plan in zip(part, self.planner.plans(*self.similar(part)), strict=True):
            sets = [plan.actions[:n] for n in range(1, len(plan.actions) + 1)]
            best = max(sets, key=lambda own, plan=plan: expected_f1(own, plan), default=())
            found.append(overlap(form_of(example).actions, best).f1)
        return {"action_f1": found}

    def bounds(self, part: Sequence[Example]) -> dict[str, float]:
        """What copying can reach at most, as shares of the examples and a mean."""
        asked = [form_of(example) for example in part]
        skeletons = {form.skeleton for form in self.forms}
        actions = {action for form in self.forms for action in form.actions}
        near = (-self.similar(part)[2]).argsort(1, kind="stable")[:, :MANY]
        best = [
            max(overlap(form.actions, self.forms[i].actions).f1 for i in row)
            for form, row in zip(asked, near, strict=True)
        ]
        return {
            "skeleton known": np.mean([form.skeleton in skeletons for form in asked]),
            "actions known": np.mean([actions.issuperset(form.actions) for form in asked]),
            f"action F1 of the best of {MANY} neighbours": np.mean(best),
        }


def form_of(example: Example) -> Form:
    return Form.of(tiers.encode(example.program).merged())


def main(source: str) -> None:
    known = Known(source)
    dev = known.corpus.dev
    best = max(TEMPERATURES, key=lambda at: sum(map(sum, known.agreed(dev, at).values())))
    print(f"temperature {best}, chosen on dev")
    voted = floors.scored(known.corpus, SPLITS)
    for split in SPLITS:
        part = getattr(known.corpus, split)
        for way, scores in (("agreement", known.agreed(part, best)), ("plan", known.planned(part))):
            for name, ours in scores.items():
                vote = voted[split][floors.VOTE][name]
                d = paired(ours, vote)
                told = f"{d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}]"
                means = f"{np.mean(ours):.3f}  vote {np.mean(vote):.3f}"
                print(f"{split:<12} {name:<15} {way:<10} {means}  {told}")
    for split in SPLITS:
        for name, value in known.bounds(getattr(known.corpus, split)).items():
            print(f"{split:<12} {name:<42} {value:.3f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "builtin")
