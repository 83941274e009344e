"""What a trained run answers by itself: its decoder alone, beside its choice among candidates.

``python scripts/without_candidates.py reports/flagship/95_long/seed0`` prints skeleton exact,
action F1 and program exact by split, with the run's candidates and without, and their difference
paired by example.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from sashimi.flagship import run_folder, way
from sashimi.flagship.data import corpus
from sashimi.flagship.judge import score
from sashimi.statistics import paired

SPLITS = ("dev", "test", "test_unseen")
SCORES = ("skeleton_exact", "action_f1", "program_exact")


def main(run: str) -> None:
    chosen = way.load(run)
    known = corpus.load(run_folder.settings_of(Path(run)).corpus)
    for split in SPLITS:
        part = getattr(known, split)
        columns = []
        for whole in (chosen, replace(chosen, choice=None)):
            made = whole.generate([e.prompt for e in part], refuse=False)
            pairs = zip(part, made, strict=True)
            columns.append([score.right(e.program, o.program) for e, o in pairs])
        for name in SCORES:
            ours, alone = ([row[name] for row in rows] for rows in columns)
            d = paired(ours, alone)
            means = f"chosen {np.mean(ours):.3f}  alone {np.mean(alone):.3f}"
            print(f"{split:<12} {name:<15} {means}  {d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}]")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/without_candidates.py FOLDER_OF_A_RUN")
    main(sys.argv[1])
