"""How a run of the plan's networks went: its benchmark epochs beside each other, and warnings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sashimi.errors import BadInput
from sashimi.pab import Profile
from sashimi.studies.operations import schedules
from sashimi.studies.operations.space import K

EXPECTED = {100: (20, 30), 120: (30, 50), 150: (50, 60), 200: (60, 75), 250: (75, 85),
            300: (85, 90), 350: (90, 95), 400: (95, 100)}  # fmt: skip
"""What the plan expects of A's exact match, in percent, by its epoch."""


def read(folder: Path) -> list[dict[str, Any]]:
    """The benchmarks of a run by epoch; BadInput where there is none or one is damaged."""
    found = []
    for path in sorted((folder / "evolution").glob("*.json")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise BadInput(f"{path}: damaged ({error}); delete the run and repeat it") from error
    if not found:
        raise BadInput(f"{folder}: holds no evolution/*.json; make a run of notebook 21 first")
    return found


def compare_epochs(epochs: Sequence[Mapping[str, Any]], length: int) -> list[dict[str, Any]]:
    """A row a benchmark epoch: the plan's primary and secondary metrics beside their twins."""
    rows = []
    for one in epochs:
        planned = round(one["epoch"] * schedules.EPOCHS / length)
        latents, special = one["latents"], one["specialisation"]
        row = {"epoch": one["epoch"], "plan's epoch": planned, "rho": one["rho"]}
        row["A expected"] = EXPECTED.get(planned)
        for net in "AB":
            row[f"{net} coupled"] = one["coupled"][net]["mean exact"]
            row[f"{net} isolated"] = one["isolated"][net]["mean exact"]
            row[f"{net} sampled"] = min(one["coupled"][net]["sampled exact"])
        rows.append(
            row
            | {
                "ensemble": one["ensembles"]["mean_probability"],
                "oracle": one["ensembles"]["best_of_two"],
                "coverage as planned": one["union"]["as planned, additive, twice the draws"],
                "coverage, same draws": one["union"]["same draws in all"],
                "coverage of ceiling": one["union"]["same draws, of ceiling"],
                "complementarity": special["complementarity, as planned"],
                "complementarity, evaluable": special["complementarity, 30 exclusive operations"],
                "Yule's Q": special["yule_q"],
                "coupling": latents["coupling, as planned"],
                "CKA": latents["CKA"],
                "precision at 18, A": latents["A"]["precision at 18"],
                "precision at 18, B": latents["B"]["precision at 18"],
                "efficiency as planned, A": latents["A"]["dimensional efficiency, as planned"],
            }
        )
    return rows


def warnings(epochs: Sequence[Mapping[str, Any]], length: int) -> list[dict[str, Any]]:
    """The plan's risk rules on the benchmarks of a run, by risk, epoch, value and what the plan
    would then change; they change nothing by themselves.
    """
    found, best = [], -1.0
    for one, row in zip(epochs, compare_epochs(epochs, length), strict=True):
        at, a, covered = row["plan's epoch"], row["A coupled"], row["coverage as planned"]
        less, more = sorted(one["specialisation"][f"{net} better"] for net in "AB")
        rules = [
            (at >= 150 and a < 0.3, "1: A is slow", a, "raise A's temperature"),
            (at >= 200 and a < 0.5, "1: A is slow", a, "lambdas by StateNet; then schedule B"),
            (at >= 200 and more + less >= 30 and more > 9 * less, "2: one network does all",
             more / max(more + less, 1), "raise A's learning rate; a diversity loss"),
            (at >= 150 and covered < best + 0.002, "3: coverage stands still", covered,
             "rho 0.85, more temperature, more repulsion"),
            (at >= 100 and row["oracle"] < 0.999, "the ensemble is below 99.9%", row["oracle"],
             "stop and look"),
        ]  # fmt: skip
        best = max(best, covered)
        found += [
            {"risk": risk, "epoch": at, "value": value, "would_change": change}
            for holds, risk, value, change in rules
            if holds
        ]
    return found


def perfect_epochs(profile: Profile) -> int:
    """Epochs at whose end both networks had all operations right, coupled, of those looked at."""
    a, b = (profile.group("tiers")[f"{net} coupled"] for net in "AB")
    done = (a.correct == K) & (b.correct == K)
    return int(done.sum())
