"""Promotion: twelve gates over the seeds of a row, an archive, and a look back at the last one.

`sashimi promote RUN` ships nothing unless every gate of ``reports/promotion.yaml`` says go.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sashimi import gates, result
from sashimi.errors import BadInput
from sashimi.files import root, writable, write_json
from sashimi.flagship.negatives import separability
from sashimi.flagship.scoring import SCORES
from sashimi.gates import GO, Gate, Verdict
from sashimi.pab import Profile
from sashimi.pab.profile import FILE
from sashimi.pab.trajectory import PLAN
from sashimi.pab.trajectory import judge as judge_trajectory
from sashimi.report.read import Run
from sashimi.statistics import fall
from sashimi.studies.trajectory.runs import OTHER, digests, unusable

RULES = "promotion.yaml"
ARCHIVE = "promoted"
VERDICTS = "verdicts.json"
TRAJECTORY = {gate.metric for gate in PLAN.values()}


@dataclass(frozen=True)
class Candidate:
    """The seeds of a row: their results, and a profile each, or why there is none to use."""

    name: str
    runs: tuple[Run, ...]
    profiles: tuple[Profile | None, ...]
    why: tuple[str, ...]
    """By seed, why its profile cannot be used; "" where it can."""


def rules() -> dict[str, Gate]:
    """The twelve gates of the checkout."""
    return gates.load(root() / "reports" / RULES)


def candidate(run: str | Path) -> Candidate:
    """A row by its folder, or by the folder of one of its seeds, which then comes first.

    Raises BadInput where there is no result, or for seeds that differ in more than the seed.
    """
    path = Path(run)
    first = [path] if (path / result.NAME).is_file() else []
    home = path.parent if first else path
    seeds = [folder.parent for folder in sorted(home.glob(f"seed*/{result.NAME}"))]
    folders = [*first, *(f for f in seeds if f not in first)]
    if not folders:
        raise BadInput(f"{path}: no {result.NAME}: give the folder of a finished run, or of a row")
    runs = tuple(Run(folder, result.read(folder / result.NAME)) for folder in folders)
    plain = [{**one.record["params"], "seed": 0} for one in runs]
    for one, params in zip(runs, plain, strict=True):
        odd = sorted(k for k in {*params, *plain[0]} if params.get(k) != plain[0].get(k))
        if odd:
            raise BadInput(f"{one.folder}: differs from {runs[0].folder} in {', '.join(odd)}")
    known = [_profile(one) for one in runs]
    return Candidate(
        f"{runs[0].record['study']}/{runs[0].record['row']}",
        runs,
        tuple(profile for profile, _ in known),
        tuple(why for _, why in known),
    )


def _profile(run: Run) -> tuple[Profile | None, str]:
    if not (run.folder / FILE).is_file():
        return None, f"no {FILE}"
    profile = Profile.load(run.folder)
    other = OTHER if profile.origin.config_digest not in digests(run.record) else ""
    why = unusable(profile) or other
    return (None if why else profile), why


def judged(row: Candidate, chosen: Mapping[str, Gate] | None = None) -> list[Verdict]:
    """Every gate on the seeds of a row, each with its evidence; what a seed lacks is missing."""
    return [_judged(gate, row) for gate in (rules() if chosen is None else chosen).values()]


def _judged(gate: Gate, row: Candidate) -> Verdict:
    if gate.metric in TRAJECTORY:
        usable = [profile for profile in row.profiles if profile is not None]
        lost = {str(r.folder): why for r, why in zip(row.runs, row.why, strict=True) if why}
        if lost:
            return gate.judge([math.nan] * len(row.runs), {"left out": lost})
        return judge_trajectory(usable, {gate.name: gate})[0]
    values = [_value(run.record, gate.metric) for run in row.runs]
    named = {run.name: value for run, value in zip(row.runs, values, strict=True)}
    return gate.judge(values, {"by run": named})


def _value(record: Mapping[str, Any], metric: str) -> float | None:
    """An endpoint number of one result, None where it was not measured."""
    try:
        found = ENDPOINT[metric](record)
    except (KeyError, TypeError, IndexError):
        return None
    return None if found is None else float(found)


def _worst(metric: str, worst: Callable) -> Callable[[Mapping[str, Any]], float]:
    def of(record: Mapping[str, Any]) -> float:
        splits = [split for split in SCORES.held_out if split in record["metrics"]]
        return worst(record["metrics"][s][SCORES.ours][metric]["value"] for s in splits)

    return of


ENDPOINT: Mapping[str, Callable[[Mapping[str, Any]], float | None]] = {
    "compile_strict": _worst("compile_strict", min),
    "compile_permissive": _worst("compile_permissive", min),
    "runtime_unverified": _worst("runtime_unverified", max),
    "ood_false_accept": lambda r: r["facts"]["domain"]["test"]["false_accepts"],
    "hard_negative_separability": lambda r: separability.gated(r["facts"]["separability"]),
    "inference_p95_ms": lambda r: 1000 * r["facts"]["latency"]["p95"],
    "parameters": lambda r: r["facts"]["parameters"]["total"],
}


def refused(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The gates that do not say go."""
    return [verdict for verdict in verdicts if verdict.decision != GO]


def archive(row: Candidate, verdicts: Sequence[Verdict], home: Path | None = None) -> Path:
    """Keep results, profiles and verdicts of a promoted row; returns its folder.

    Raises BadInput where a gate does not say go: what is archived has passed.
    """
    stopped = refused(verdicts)
    if stopped:
        raise BadInput(f"{row.name}: {', '.join(v.gate for v in stopped)}: not promoted")
    folder = writable((home or root() / "reports" / ARCHIVE) / row.name)
    for run in row.runs:
        place = writable(folder / f"seed{run.record['seed']}")
        for name in (result.NAME, FILE):
            shutil.copyfile(run.folder / name, place / name)
    write_json(folder / VERDICTS, [verdict.as_dict() for verdict in verdicts])
    return folder


def latest(home: Path | None = None) -> Path | None:
    """The row that was archived last, None where there is none."""
    found = list((home or root() / "reports" / ARCHIVE).glob(f"*/*/{VERDICTS}"))
    return max(found, key=lambda path: path.stat().st_mtime).parent if found else None


def regressions(archived: Candidate, new: Candidate, z: float = 1.96) -> list[dict[str, Any]]:
    """Where a new row is worse than the archived one beyond chance.

    Shares of watched examples (tiers, domains) at the last checkpoint, summed over seeds: the
    interval of the fall (Newcombe) excludes zero. Held-out scores: the intervals do not touch.
    """
    found = []
    before, after = _counts(archived), _counts(new)
    for name in sorted(before.keys() & after.keys()):
        drop = fall(before[name], after[name], z)
        if drop.low > 0:
            found.append({"what": name, "fall": drop.value, "at least": drop.low})
    for metric in SCORES.decides:
        old, now = (row.runs[0].metric(SCORES.held_out[0], SCORES.ours, metric)
                    for row in (archived, new))  # fmt: skip
        if old is not None and now is not None and now.high < old.low:
            drop = {"fall": old.value - now.value, "at least": old.low - now.high}
            found.append({"what": f"{SCORES.held_out[0]}, {metric}", **drop})
    return found


def _counts(row: Candidate) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for profile in filter(None, row.profiles):
        for group in ("tiers", "domains"):
            for name, counts in profile.group(group).items():
                right, of = found.get(f"{group}/{name}", (0, 0))
                last = int(counts.correct[-1]), int(counts.total[-1])
                found[f"{group}/{name}"] = right + last[0], of + last[1]
    return found
