"""The study's part of the page, from the results of its runs alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sashimi.report import read
from sashimi.statistics import Interval, student
from sashimi.studies.operations import figures
from sashimi.study import Picture, Section, Table

COVERAGE = (
    "Coverage is what the most probable outputs of independent draws from a model's own prior "
    "hold; uniform draws would reach the grey band, and no model is better than that by more than "
    "chance."
)
CLAIM = ("claim", "measured", "verdict")


def of_plan(runs: Sequence[Any]) -> Iterable[Section]:
    """The plan's two networks: coverage over draws, the evolution, the latents, the claims."""
    plan = read.by_row(runs)
    blocks: list[Any] = [COVERAGE]
    for record in plan.get("00_full", [])[:1]:
        facts = record["facts"]
        drawn = figures.coverage({f"VAE-{net}": facts["coverage"][net] for net in "AB"})
        blocks.append(Picture(drawn, "Operations found over draws, one seed."))
        drawn = figures.evolution(facts["epochs"])
        blocks.append(Picture(drawn, "The plan's run at its benchmark epochs, phases shaded."))
        every_third = {key: v if isinstance(v, str) else v[::3] for key, v in facts["map"].items()}
        drawn = figures.latents(every_third)
        blocks.append(Picture(drawn, "Posterior means of 243 operations, by the sum of trits."))
    yield Section("The plan's claims", [*blocks, Table(CLAIM, claims(plan, {}))])


def of_designs(runs: Sequence[Any]) -> Iterable[Section]:
    """The designs beside one another: coverage over draws, and what each reaches."""
    designs = read.by_row(runs)
    curves = {name: ones[0]["facts"]["found"]["coverage"] for name, ones in designs.items()}
    blocks: list[Any] = [COVERAGE]
    if curves:
        drawn = figures.coverage(curves)
        blocks.append(Picture(drawn, "Operations found over draws, one seed a line."))
    yield Section("What the designs reach", [*blocks, Table(CLAIM, [*_of_designs(designs)])])


Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Results by row, seeds in order."""


def claims(plan: Rows, designs: Rows) -> list[list[str]]:
    """A row a claim of the plan: claim, what was measured, verdict. What has not run says so."""
    return [*_of_designs(designs), *_of_plan(plan), *_of_schedules(plan)]


def _of_designs(designs: Rows) -> Iterator[list[str]]:
    for name, ones in designs.items():
        values = [one["facts"]["values"] for one in ones]
        sampled = min(v["design_sampled_exact"] for v in values)
        short = student([100 * v["design_deficit"] for v in values])
        cost = max(v["design_cpu_seconds"] for v in values)
        told = (
            f"sampled {100 * sampled:.3f}%; {short.value:+.2f} points {_ends(short)} below the "
            f"ceiling at 50,000 draws; {cost:.0f} processor s; {len(ones)} seeds"
        )
        good = sampled == 1 and short.value <= 0.2
        yield [f"design {name}: all operations, at the ceiling", told, _said(good, len(ones))]
    ternary = [one["facts"]["values"] for one in designs.get("20_ternary", [])]
    if ternary:
        wrong = max(v["design_ternary_errors"] for v in ternary)
        size = max(v["design_ternary_bytes"] for v in ternary)
        told = f"{wrong} errors, {size} bytes, {len(ternary)} seeds"
        good = wrong == 0 and size <= 8192
        yield ["ternary decoder without an error in 8 kB", told, _said(good, len(ternary))]


def _of_plan(plan: Rows) -> Iterator[list[str]]:
    records = plan.get("00_full", [])
    for benchmarks in _alike([record["facts"]["epochs"] for record in records], "plan's epoch"):
        if benchmarks[0]["A expected"]:
            (low, high), planned = benchmarks[0]["A expected"], benchmarks[0]["plan's epoch"]
            shares = [100 * at["A coupled"] for at in benchmarks]
            alone = [100 * at["A isolated"] for at in benchmarks]
            told = f"{_share(shares)} coupled, {_share(alone)} alone"
            reached = _of_seeds([share >= low for share in shares])
            yield [f"A at epoch {planned}: {low} to {high}%", told, reached]
    for verdicts in _alike([record["gates"] for record in records], "gate"):
        gate = verdicts[0]["gate"].removeprefix("operations, ")
        values = [v["value"] for v in verdicts]
        told = ", ".join("none" if value is None else f"{value:.4g}" for value in values)
        decisions = [v["decision"] for v in verdicts]
        counted = ", ".join(f"{d} in {decisions.count(d)}" for d in dict.fromkeys(decisions))
        yield [f"gate: {gate}", f"{told} by seed", f"{counted} of {len(decisions)}"]


def _alike(lists: Sequence[Sequence[Mapping[str, Any]]], key: str) -> Iterator[list[Any]]:
    """The entries of all lists that have one value of ``key``, in the order of the first list."""
    for first in lists[0] if lists else ():
        yield [entry for entries in lists for entry in entries if entry[key] == first[key]]


def _share(values: Sequence[float]) -> str:
    """Percentages over seeds: their mean and its interval, as far as there can be one."""
    found = student(values)
    ends = (
        "" if math.isnan(found.low) else f" [{max(0, found.low):.1f}, {min(100, found.high):.1f}]"
    )
    return f"{found.value:.2f}%{ends}"


def _of_seeds(reached: Sequence[bool]) -> str:
    """Whether every seed did, none, or some."""
    if len(set(reached)) > 1:
        return f"in {sum(reached)} of {len(reached)} seeds"
    return _said(reached[0], len(reached))


SCHEDULES = {
    "A (early) covers more than the plan's": ("11_early_50", "10_plan_50"),
    "B (high) covers more than the plan's": ("12_high_50", "10_plan_50"),
    "rho 0.7 covers more than 0.5": ("10_plan_50", "13_half_50"),
    "coupling covers more than none": ("10_plan_50", "14_uncoupled_50"),
    "C (adaptive) covers more than the plan's": ("31_adaptive_100", "30_plan_100"),
    "StateNet on covers more than off": ("10_plan_50", "21_statenet_off_50"),
}
"""Claims on coverage, each with the two rows that it compares."""


def _of_schedules(plan: Rows) -> Iterator[list[str]]:
    for claim, pair in SCHEDULES.items():
        mine, theirs = ({r["seed"]: _union(r) for r in plan.get(row, [])} for row in pair)
        both = sorted(mine.keys() & theirs.keys())
        if not both:
            yield [claim, "not run", "not measured"]
            continue
        ahead = student([100 * (mine[s] - theirs[s]) for s in both])
        if len(both) == 1:
            yield [claim, f"{ahead.value:+.2f} points, one seed", "too few to say"]
            continue
        said = "yes" if ahead.low > 0 else "no, the reverse" if ahead.high < 0 else ""
        told = f"{ahead.value:+.2f} points {_ends(ahead)}, {len(both)} seeds"
        yield [claim, told, said or "not distinguishable"]


def _union(record: Mapping[str, Any]) -> float:
    """Coverage of both networks at 50,000 draws in all."""
    return record["facts"]["last"]["union"]["same draws in all"]


def _ends(found: Interval) -> str:
    return "" if math.isnan(found.low) else f"[{found.low:.2f}, {found.high:.2f}]"


def _said(good: bool, seeds: int = 3) -> str:
    return ("yes" if good else "no") + ("" if seeds >= 3 else ", one seed" if seeds == 1 else "")
