"""What choosing among neighbours by agreement is worth, without any network: beside the vote.

``python scripts/agreement.py CORPUS`` prints, by split, skeleton exact and action F1 of the vote of
ten neighbours and of the neighbour that agrees best with its fellows (`sashimi.flagship.choose`,
no beams), with the paired difference. The temperature is the one that serves dev best.
"""

from __future__ import annotations

import sys

from sashimi.flagship import choose, corpus, floors, retrieve, score
from sashimi.flagship.choose import TEMPERATURES, Candidates, Choice, Form
from sashimi.flagship.corpus import Corpus, Example
from sashimi.flagship.encode import encode
from sashimi.metrics import paired
from sashimi.program import tiers
from sashimi.program.tree import Program

SPLITS = ("dev", "test", "test_unseen")


def answers(known: Corpus, part: list[Example], index: retrieve.Index, at: float) -> list[Program]:
    """The program of the neighbour that agrees best, for every prompt."""
    forms = [Form.of(tiers.encode(e.program).merged()) for e in known.train]
    prompts = [e.prompt for e in part]
    chosen = []
    for row in index.similarity(prompts, encode(prompts).pooled.numpy()):
        near = (-row).argsort(kind="stable")[: choose.POOL]
        found = Candidates([], [], [forms[i] for i in near], row[near].tolist())
        chosen.append(known.train[near[choose.ranked(found, Choice(0.0, at))[0][0]]].program)
    return chosen


def columns(part: list[Example], produced: list[Program]) -> dict[str, list[float]]:
    """Skeleton exact and action F1 of every example."""
    right = [score.right(e.program, p) for e, p in zip(part, produced, strict=True)]
    return {name: [row[name] for row in right] for name in ("skeleton_exact", "action_f1")}


def main(source: str) -> None:
    known = corpus.load(source)
    prompts = [e.prompt for e in known.train]
    index = retrieve.Index(prompts, encode(prompts).pooled.numpy())

    def worth(at: float) -> float:
        return sum(map(sum, columns(known.dev, answers(known, known.dev, index, at)).values()))

    best = max(TEMPERATURES, key=worth)
    print(f"temperature {best}, chosen on dev")
    voted = floors.scored(known, SPLITS)
    for split in SPLITS:
        part = getattr(known, split)
        for name, ours in columns(part, answers(known, part, index, best)).items():
            vote = voted[split][floors.VOTE][name]
            mean, other, d = sum(ours) / len(ours), sum(vote) / len(vote), paired(ours, vote)
            told = f"{d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}]"
            print(f"{split:<12} {name:<15} agreement {mean:.3f}  vote {other:.3f}  {told}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "builtin")
