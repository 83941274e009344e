"""Runs that have ended, each with how it learned and what it was worth, and those left out.

A run is left out, by name and with the reason, if it has no profile or no score, was cut short, has
a loss that is NaN or infinite, or if its profile is of another configuration than its result.
Nothing is imputed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sashimi.errors import BadInput
from sashimi.pab import Profile
from sashimi.pab.profile import FILE
from sashimi.params import digest_of
from sashimi.report.read import Run, readable
from sashimi.study import SHARE, Study

NO_PROFILE, NO_SCORE, CUT = "no profile", "no score of its own", "cut short"
NAN, OTHER = "a loss is NaN or infinite", "profile of another configuration"
DAMAGED = "damaged"


@dataclass(frozen=True, eq=False)
class Ended:
    """A run that ended. Runs of one ``group`` (study and corpus) were judged on the same examples;
    runs of one ``row`` differ in their seed alone. ``result`` is held out, higher is better.
    """

    name: str
    group: str
    row: str
    profile: Profile
    result: float
    share: bool = True
    """Whether the result is a share, so that differences are points."""


@dataclass(frozen=True)
class Collected:
    """Runs that can be used, and by name why each of the others cannot."""

    runs: tuple[Ended, ...]
    left_out: Mapping[str, str]

    def counts(self) -> dict[str, int]:
        """How many were left out for each reason."""
        return dict(Counter(self.left_out.values()).most_common())

    def groups(self) -> dict[str, int]:
        """How many runs each group has."""
        return dict(sorted(Counter(run.group for run in self.runs).items()))


def collect(homes: Iterable[str | Path], studies: Mapping[str, Study]) -> Collected:
    """Every run below folders of results; of runs of one name the last folder's is taken."""
    found, left_out = {}, {}
    for home in homes:
        runs, problems = readable(home)
        left_out |= {problem.partition(":")[0]: DAMAGED for problem in problems}
        found |= {run.name: run for run in runs if run.record["study"] in studies}
    usable = {}
    for name, run in found.items():
        ended = ended_of(run, studies[run.record["study"]])
        if isinstance(ended, str):
            left_out[name] = ended
        else:
            usable[name] = ended
    return Collected(tuple(usable.values()), left_out)


def ended_of(run: Run, study: Study) -> Ended | str:
    """The run with its profile and score, or why it cannot be used."""
    if not (run.folder / FILE).is_file():
        return NO_PROFILE
    try:
        profile = Profile.load(run.folder)
    except BadInput:
        return DAMAGED
    why = unusable(profile)
    if why:
        return why
    if profile.origin.config_digest not in digests(run.record):
        return OTHER
    scored = score(run, study)
    if scored is None:
        return NO_SCORE
    group = f"{study.name}, {run.corpus}" if run.corpus else study.name
    return Ended(run.name, group, f"{study.name}/{run.record['row']}", profile, *scored)


def unusable(profile: Profile) -> str:
    """Why a profile says nothing about a whole run; "" for one that does."""
    if profile.origin.status != "completed" or profile.last_step() < 1:
        return CUT
    return NAN if profile.summary()["missing_losses"] else ""


def digests(record: Mapping) -> set[str]:
    """What the profile of a result may carry: the digest of its parameters, or, where there is a
    corpus, that and the corpus's; a head that is fitted apart is no part of a training.
    """
    params, corpus = record["params"], (record.get("corpus") or {}).get("digest", "")[:16]
    ways = [params]
    if "domain_precision" in params:
        ways.append({**params, "domain_precision": 0.5})
    return {digest_of(params)} | {digest_of(way) + corpus for way in ways}


def score(run: Run, study: Study) -> tuple[float, bool] | None:
    """What the study decides by, on its first held-out split, turned so that higher is better;
    and whether it is a share."""
    if study.scores is None:
        return None
    key, scores = study.scores.decides[0], study.scores
    found, metric = run.metric(scores.held_out[0], scores.ours, key), scores.metric(key)
    if found is None or math.isnan(found.value):
        return None
    return found.value * (1 if metric.better == "high" else -1), metric.unit == SHARE


def by_group(runs: Sequence[Ended], least: int = 1) -> dict[str, list[Ended]]:
    """Runs by their group, groups of fewer than ``least`` left out."""
    found: dict[str, list[Ended]] = {}
    for run in runs:
        found.setdefault(run.group, []).append(run)
    return {name: some for name, some in sorted(found.items()) if len(some) >= least}
