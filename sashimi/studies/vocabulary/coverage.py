"""What the vocabularies of training programs know of other programs, and what more would add.

``structure`` is Tier 1. ``parameters`` is Tier 2 at its place: a token counts only where training
put it at the same place (an action's own keys, a key's own values), since that is what the masks
let the decoder write; ``parameters, anywhere`` asks only for the token. ``whole programs`` counts
programs of which every token of both tiers is known: the most that the decoder can get right.

Letters: P programs, O orders, K sizes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sashimi import statistics
from sashimi.program.ir.vocabulary import ALWAYS, Vocabulary
from sashimi.program.ir.walk import Walk
from sashimi.program.tiers import TypedIR
from sashimi.statistics import Interval, bootstrap

KINDS = ("structure", "parameters", "parameters, anywhere")
WHOLE = "whole programs"
NEVER = 1 << 30
"""The first appearance of what never appears."""
ANYTHING = ("reference", "part")
"""Places at which every variable of the vocabulary may stand."""

Unit = tuple[str, str, str]
"""(kind, place, token); the place is empty where it does not matter, or the grammar names the token
there by itself."""


def units(ir: TypedIR) -> list[Unit]:
    """Every token of a program under each of `KINDS` that it counts for."""
    walk, found = Walk(), []
    open_parameters = 0
    sizes = iter(len(sequence) for sequence in ir.parameters)
    for token in ir.merged():
        due = walk.due
        walk.advance(token)
        if open_parameters:
            open_parameters -= 1
            free = token in due.fixed or due.context in ANYTHING
            found += [(KINDS[1], "" if free else due.context, token), (KINDS[2], "", token)]
            continue
        found.append((KINDS[0], "", token))
        if token.startswith("ACTION "):
            open_parameters = next(sizes)
    return found


def knows(vocabulary: Vocabulary, unit: Unit) -> bool:
    """Whether a vocabulary has a unit: the token at all, or at its place."""
    _, place, token = unit
    return token in (vocabulary.places.get(place, ()) if place else vocabulary.ids)


def coverage(vocabulary: Vocabulary, programs: Sequence[Sequence[Unit]]) -> dict[str, Interval]:
    """Share of known tokens of each kind, and of programs known whole; intervals over programs.

    Tokens weigh the same: a share is a ratio of sums, and programs are resampled.
    """
    known = [[knows(vocabulary, unit) for unit in program] for program in programs]
    found = {}
    for kind in KINDS:
        pairs = [
            (sum(k for k, u in zip(row, program, strict=True) if u[0] == kind),
             sum(u[0] == kind for u in program))
            for row, program in zip(known, programs, strict=True)
        ]  # fmt: skip
        found[kind] = _share(np.array(pairs, dtype=float).reshape(-1, 2))
    return found | {WHOLE: bootstrap([all(row) for row in known])}


def _share(pairs: np.ndarray) -> Interval:
    """Sum of known over sum of all, (P, 2), with a 95% percentile interval over programs."""
    if not len(pairs) or not pairs[:, 1].sum():
        return Interval(float("nan"), float("nan"), float("nan"), len(pairs))

    def ratio(known: np.ndarray, of: np.ndarray, axis: int = -1) -> np.ndarray:
        return known.sum(axis) / np.maximum(of.sum(axis), 1)

    known, of = pairs.T
    draws = statistics.resampled(ratio, known, of, paired=True)
    return statistics.interval(ratio(known, of), draws, len(pairs))


def uncovered(vocabulary: Vocabulary, programs: Sequence[Sequence[Unit]]) -> list[dict]:
    """Every unknown unit, the most frequent first: kind, place, token, times."""
    counts = Counter(u for program in programs for u in program if not knows(vocabulary, u))
    return [
        {"kind": kind, "place": place, "token": token, "times": times}
        for (kind, place, token), times in sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    ]


@dataclass(frozen=True)
class Growth:
    """Unknown shares by the number of training programs: ``unknown[kind]`` is (O, K)."""

    sizes: tuple[int, ...]
    unknown: dict[str, np.ndarray]

    def spread(self, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, least and most over the orders, (K,) each."""
        values = self.unknown[kind]
        return values.mean(0), values.min(0), values.max(0)


def growth(
    vocabulary: Vocabulary,
    training: Sequence[Sequence[Unit]],
    programs: Sequence[Sequence[Unit]],
    orders: int,
    points: int,
    seed: int,
) -> Growth:
    """What the first n training programs of random orders leave unknown, at ``points`` sizes.

    Sizes double up to all programs. What ``vocabulary`` leaves out as not allowed stays unknown at
    every size, so the last point is ``1 - coverage``.
    """
    n = len(training)
    sizes = tuple(sorted({max(1, n >> back) for back in range(points)}))
    allowed = [[unit for unit in set(program) if knows(vocabulary, unit)] for program in training]
    grammar = set(ALWAYS)
    kinds = (*KINDS, WHOLE)
    unknown = {kind: np.zeros((orders, len(sizes))) for kind in kinds}
    for number in range(orders):
        order = random.Random(f"{seed} {number}").sample(range(n), n)
        first: dict[Unit, int] = {}
        for rank, program in enumerate(order):
            for unit in allowed[program]:
                first.setdefault(unit, rank)
        when = [
            [(u[0], -1 if not u[1] and u[2] in grammar else first.get(u, NEVER)) for u in program]
            for program in programs
        ]
        for kind in KINDS:
            ranks = np.array([rank for program in when for own, rank in program if own == kind])
            unknown[kind][number] = [(ranks >= size).mean() if len(ranks) else 0 for size in sizes]
        last = np.array([max((rank for _, rank in program), default=-1) for program in when])
        unknown[WHOLE][number] = [(last >= size).mean() for size in sizes]
    return Growth(sizes, unknown)


def good_turing(training: Sequence[Sequence[Unit]]) -> dict[str, float]:
    """Good and Turing's estimate of the share unknown in one more program like these: units that
    one program alone has, over units of all programs (each counted once a program)."""
    counts = Counter(unit for program in training for unit in set(program))
    found = {}
    for kind in KINDS:
        times = [count for unit, count in counts.items() if unit[0] == kind]
        found[kind] = sum(t == 1 for t in times) / sum(times) if times else float("nan")
    return found


@dataclass(frozen=True)
class Outlook:
    """A power law fitted to the unknown share over sizes, and what it is worth."""

    exponent: float
    doubled: float  # unknown share expected at twice the programs
    backtest: float  # expected at all programs from the sizes up to a half of them
    measured: float  # what all programs leave unknown


def outlook(grown: Growth, kind: str, last: int = 4) -> Outlook | None:
    """Extrapolates one doubling, and says how the same method did on the last known doubling.

    A straight line through the ``last`` points in log-log. None where fewer than ``last + 1`` sizes
    are there or one of them leaves nothing unknown, which has no logarithm.
    """
    mean = grown.spread(kind)[0]
    sizes = np.array(grown.sizes, dtype=float)
    if len(sizes) <= last or (mean[-last - 1 :] <= 0).any():
        return None

    def at(x: np.ndarray, y: np.ndarray, size: float) -> tuple[float, float]:
        slope, level = np.polyfit(np.log(x), np.log(y), 1)
        return float(slope), float(np.exp(level + slope * np.log(size)))

    slope, doubled = at(sizes[-last:], mean[-last:], 2 * sizes[-1])
    _, before = at(sizes[-last - 1 : -1], mean[-last - 1 : -1], sizes[-1])
    return Outlook(slope, doubled, before, float(mean[-1]))
