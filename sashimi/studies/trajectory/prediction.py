"""The runs of notebook 62, and what its gates are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sashimi import registry
from sashimi.files import root
from sashimi.studies.trajectory import cheap, early
from sashimi.studies.trajectory.params import PredictionParams
from sashimi.studies.trajectory.replay import Replayed
from sashimi.studies.trajectory.runs import Collected, Ended, collect, unusable

MADE = "small networks made here"


def real(settings: PredictionParams, folder: Path) -> Collected:
    """Runs of reports/, if asked for, and those that are made here."""
    made, left_out = [], {}
    for place, run in enumerate(cheap.matrix(folder, settings.made, settings.seed, settings.steps)):
        name, why = f"{MADE}/{place:03d}", unusable(run.profile)
        if why:
            left_out[name] = why
        else:
            made.append(Ended(name, MADE, name, run.profile, run.result))
    home = root() / "reports"
    found = collect([home] if settings.real else [], registry.load())
    return Collected((*found.runs, *made), {**found.left_out, **left_out})


def gated(
    told: Mapping[float, Sequence[early.Told]], replayed: Sequence[Replayed]
) -> dict[str, float | None]:
    """What the gates judge, of real runs."""
    best, _ = early.goal(told)
    plan = [one for one in replayed if one.rule == "the plan's protocol"]
    return {
        "prediction_rho": best.rho.value,
        "prediction_regret": best.regret,
        "exit_best_lives": float(np.mean([one.best_survives for one in plan])) if plan else None,
        "exit_saved": float(np.mean([one.saved for one in plan])) if plan else None,
    }
