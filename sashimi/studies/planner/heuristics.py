"""Two rules without learning: the plan's decision tree, and what the kernel really does.

They differ: the plan speculates for large issues, the kernel never by size alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from sashimi.studies.planner.actions import PLANNED, SERIAL, SPECULATE, Action, check
from sashimi.studies.planner.layout import RISKS, SIZES

MINUTES = {"XS": 15, "S": 30, "M": 45, "L": 60, "XL": 120}
"""Minutes by size; the plan names no map, so it is ours."""
ITERATIONS = 3
"""Of fab-world, which the plan leaves open."""
REGIMES = {"off": None, "trap": 0.05, "balanced": 0.3, "chaos": 0.6}
"""Rates of change in the truth table: below 0.1 a trap, above 0.5 chaos, borders balanced."""


class SeedHeuristic:
    """The plan's tree: high risk 3 candidates, large size 2, else serial."""

    def predict(self, planner_input: Mapping[str, Any]) -> Action:
        """The action of a planner input; reads ``issue`` and the job type alone."""
        issue, job = planner_input["issue"], job_of(planner_input)
        count = 3 if issue["dk_risk"] in RISKS[2:] else 2 if issue["dk_size"] in SIZES[3:] else 1
        return _action(count > 1, count, issue, job)


@dataclass(frozen=True)
class KernelHeuristic:
    """The kernel's rule: speculate where risk routes there, a flag asks for it, or a critical path
    is risky; how many candidates follows the reported dynamics.

    ``available`` caps the candidates; ``enabled``, ``forced`` and ``routing`` (by risk) are
    switches of the kernel.
    """

    enabled: bool = True
    forced: bool = False
    routing: bool = True
    available: int = 3

    def predict(self, planner_input: Mapping[str, Any]) -> Action:
        """The action of a planner input.

        Beside the issue's ``dk_risk`` it reads, where present, ``issue.speculate``,
        ``issue.critical_path`` and ``dynamics.rate`` (changes a run, null without a report).
        """
        issue, job = planner_input["issue"], job_of(planner_input)
        rule = {"critical": 3, "high": 2}.get(issue["dk_risk"]) if self.routing else None
        risky = issue.get("critical_path") and issue["dk_risk"] in RISKS[2:]
        asked = issue.get("speculate") or self.forced or rule or risky
        rate = (planner_input.get("dynamics") or {}).get("rate")
        count = min(self.parallelism(rate, rule)[0], self.available)
        return _action(bool(self.enabled and asked), count, issue, job)

    @staticmethod
    def parallelism(rate: float | None, rule: int | None = None) -> tuple[int, float | None]:
        """Candidates and sampling temperature; dynamics override the rule, 2 without either."""
        if rate is None:
            return rule or 2, None
        return (3, 0.3) if rate < 0.1 else (1, 0.1) if rate > 0.5 else (2, 0.2)


def job_of(planner_input: Mapping[str, Any]) -> str:
    """fab-world if and only if tagged ``asset:world``, else code."""
    return PLANNED["asset:world" in planner_input["issue"]["tags"]]


def _action(speculate: bool, count: int, issue: Mapping[str, Any], job: str) -> Action:
    """An action of the space; an unknown size counts as M."""
    minutes = MINUTES.get(issue["dk_size"], MINUTES["M"])
    iterations = None if job == "code" else ITERATIONS
    swarm = (SPECULATE, count) if speculate else (SERIAL, 1)
    return check(Action(*swarm, minutes, iterations), job)


def truth_table() -> Iterator[dict[str, Any]]:
    """4 risks x 5 sizes x 2 jobs x 4 dynamics: what each rule says, and whether they agree."""
    plan, kernel = SeedHeuristic(), KernelHeuristic()
    for risk, size, job, name in product(RISKS, SIZES, PLANNED, REGIMES):
        tags = ["asset:world"] if job == "fab-world" else []
        issue = {"dk_risk": risk, "dk_size": size, "tags": tags}
        asked = {"issue": issue, "dynamics": {"rate": REGIMES[name]}}
        ours, theirs = plan.predict(asked), kernel.predict(asked)
        row = {"risk": risk, "size": size, "job": job, "dynamics": name}
        yield row | {"plan": ours, "kernel": theirs, "agree": ours == theirs}
