"""What is measured of a network: the plan's numbers, and beside each its honest twin.

Letters: B operations, N draws, D latent numbers, K = 19,683.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sashimi.statistics import student
from sashimi.studies.operations import dual, space
from sashimi.studies.operations.designs import cross_entropy, right
from sashimi.studies.operations.dual import DualVAE
from sashimi.studies.operations.latents import QUERIES, latents

SIZES = (10_000, 19_683, 50_000, 100_000, 195_000)
CHUNK, NOISES = 20_000, 5
STRATIFIED = "found by one draw a box"
Draw = Callable[[int, torch.Generator], Tensor]
"""A number of draws to trits (N, 9)."""


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def digest(model: nn.Module) -> str:
    """16 hex digits of all weights: two epochs of one run differ in it."""
    sha = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        sha.update(name.encode() + value.numpy().tobytes())
    return sha.hexdigest()[:16]


@torch.no_grad()
def drawn(draw: Draw, n: int, seed: int) -> np.ndarray:
    """The rows of n draws, in order: (N,) int64."""
    generator = seeded(seed)
    sizes = [CHUNK] * (n // CHUNK) + [n % CHUNK] * bool(n % CHUNK)
    return np.concatenate([space.rows(draw(size, generator).numpy()) for size in sizes])


def curve(found: np.ndarray) -> dict[str, dict[str, float]]:
    """Coverage after the first N of some draws, beside the ceiling, at each of `SIZES` and all."""
    points = {}
    for n in sorted({n for n in SIZES if n < len(found)} | {len(found)}):
        point = space.Coverage(len(np.unique(found[:n])), n)
        points[str(n)] = {
            "unique": point.unique, "share": point.share, "ceiling": space.ceiling(n),
            "of ceiling": point.of_ceiling,
        }  # fmt: skip
    return points


def path(model: DualVAE, net: str, mixing: str = "coupled", categorical: bool = False) -> Draw:
    """Draws of A or B. ``coupled`` mixes as in training, ``isolated`` not at all, ``additive`` is
    the public original's z + rho z', whose prior is wider. ``categorical`` draws trits instead of
    taking the most probable, which hides what the network does not know.
    """

    def draw(n: int, generator: torch.Generator) -> Tensor:
        z = [torch.randn((n, dual.LATENT), generator=generator) for _ in range(2)]
        if mixing == "additive":
            z = [z[0] + model.rho * z[1], z[1] + model.rho * z[0]]
        to_a, to_b = model.mixed(*z) if mixing == "coupled" else z
        code, decoder = (to_a, model.decoder_a) if net == "A" else (to_b, model.decoder_b)
        logits = decoder(code).unflatten(-1, (space.TRITS, 3))
        if not categorical:
            return logits.argmax(-1) - 1
        chosen = torch.multinomial(logits.softmax(-1).flatten(0, 1), 1, generator=generator)
        return chosen.view(n, space.TRITS) - 1

    return draw


@torch.no_grad()
def glance(model: DualVAE, held_out: Tensor) -> dict[str, float]:
    """What the controller looks at once an epoch; 1,000 draws a network."""
    seen = model(held_out)
    dev = cross_entropy(seen.logits_a, held_out) + cross_entropy(seen.logits_b, held_out)
    covered = {
        f"coverage {net}": len(np.unique(drawn(path(model, net), 1000, 0))) / 1000 for net in "AB"
    }
    return covered | {
        "entropy A": dual.histogram_entropy(seen.mean_a),
        "entropy B": dual.histogram_entropy(seen.mean_b),
        "rate A": float(dual.rate(seen.mean_a, seen.logvar_a)),
        "rate B": float(dual.rate(seen.mean_b, seen.logvar_b)),
        "rho": float(model.rho),
        "dev": float(dev),
    }


@torch.no_grad()
def watch(model: DualVAE, x: Tensor, some: int, everything: bool) -> dict[str, tuple[int, int]]:
    """(right, of) of the means of ``some`` operations; A and B coupled of all of them, where both
    have those right and ``everything`` asks for it. ``A better`` is of the operations of which one
    network has fewer wrong trits.
    """
    model.eval()
    part = x[:: max(1, len(x) // some)]
    seen, counts = model(part), {}
    for mixing, both in (("coupled", seen), ("isolated", model(part, coupled=False))):
        for net, logits in zip("AB", both[:2], strict=True):
            counts[f"{net} {mixing}"] = int(right(logits, part).sum()), len(part)
    if everything and all(counts[f"{net} coupled"][0] == len(part) for net in "AB"):
        for net, logits in zip("AB", model(x)[:2], strict=True):
            counts[f"{net} coupled"] = int(right(logits, x).sum()), len(x)
    wrong_a, wrong_b = (wrong_trits(logits, part) for logits in seen[:2])
    together = dual.combine(seen.logits_a, seen.logits_b, "mean_probability")
    return counts | {
        "ensemble": (int((together == part).all(-1).sum()), len(part)),
        "A better": (int((wrong_a < wrong_b).sum()), int((wrong_a != wrong_b).sum())),
    }


def wrong_trits(logits: Tensor, x: Tensor) -> Tensor:
    """Of each operation, the most probable trits that are not its own: (B,) from (B, 9, 3)."""
    return (logits.argmax(-1) - 1 != x).sum(-1)


@torch.no_grad()
def full(model: DualVAE, x: Tensor, held_out: Tensor, seed: int, draws: int) -> dict[str, Any]:
    """Everything of one checkpoint: the plan's metrics and the honest ones."""
    model.eval()
    seen = model(x)
    found: dict[str, Any] = {"weights": digest(model), "rho": float(model.rho)}
    for mixing in ("coupled", "isolated"):
        found[mixing] = exact(model, x, held_out, mixing == "coupled", seed)
        for net in "AB":
            found[mixing][net]["coverage"] = curve(drawn(path(model, net, mixing), draws, seed))
    found["ensembles"] = {
        name: _share((dual.combine(seen.logits_a, seen.logits_b, name, x) == x).all(-1))
        for name in dual.STRATEGIES
    }
    found["specialisation"] = specialisation(seen, x)
    found["union"] = unions(model, seed, draws)
    found["latents"] = latents(seen, seed)
    return found


def exact(
    model: DualVAE, x: Tensor, held_out: Tensor, coupled: bool, seed: int
) -> dict[str, dict[str, Any]]:
    """Exact match of A and B: from the mean, from z of `NOISES` seeds, and of what none learned."""
    generator, seen = seeded(seed), model(x, coupled=coupled)
    spreads = [(logvar / 2).exp() for logvar in (seen.logvar_a, seen.logvar_b)]
    sampled = []
    for _ in range(NOISES):
        noise = [torch.randn(s.shape, generator=generator) * s for s in spreads]
        sampled.append(model.decode(seen.mean_a + noise[0], seen.mean_b + noise[1], coupled))
    found, unseen = {}, model(held_out, coupled=coupled)
    for place, net in enumerate("AB"):
        wrong = wrong_trits(seen[place], x)
        found[net] = {
            "mean exact": _share(wrong == 0),
            "held-out mean exact": _share(right(unseen[place], held_out)),
            "sampled exact": [_share(right(pair[place], x)) for pair in sampled],
            "trit accuracy": 1 - float(wrong.float().mean()) / space.TRITS,
            "operations by wrong trits": torch.bincount(wrong, minlength=10).tolist(),
        }
    return found


def _share(done: Tensor) -> float:
    """How many of (B,) hold."""
    return float(done.double().mean())


def specialisation(seen: dual.Seen, x: Tensor) -> dict[str, Any]:
    """The plan's "complementarity", and what the two networks' errors have in common."""
    a, b = (wrong_trits(logits, x) for logits in seen[:2])
    better = {"A better": int((a < b).sum()), "B better": int((b < a).sum())}
    less, more = sorted(better.values())
    ratio = less / more if more else 0.0
    return space.error_table((a == 0).numpy(), (b == 0).numpy()).as_json() | better | {
        "complementarity, as planned": ratio,
        "complementarity, 30 exclusive operations": ratio if less + more >= 30 else None,
    }  # fmt: skip


def unions(model: DualVAE, seed: int, draws: int) -> dict[str, Any]:
    """What both networks cover together: as planned, and at the same number of draws in all."""
    half = [drawn(path(model, net), draws // 2, seed + 1) for net in "AB"]
    planned = [drawn(path(model, net, "additive"), draws, seed) for net in "AB"]
    either, total = len(np.union1d(*half)), 2 * (draws // 2)
    return {
        "as planned, additive, twice the draws": len(np.union1d(*planned)) / space.K,
        "same draws in all": either / space.K,
        "same draws, of ceiling": either / space.K / space.ceiling(total),
        "draws": total,
        "jaccard": len(np.intersect1d(*half)) / either,
    }


@torch.no_grad()
def of_design(model: nn.Module, x: Tensor, seed: int, draws: int) -> dict[str, Any]:
    """What a design is worth: exact match, coverage of independent and of stratified draws."""
    generator, rng = seeded(seed), np.random.default_rng(seed)
    mean = model.latent(x)
    sampled = [model.latent(x, generator) for _ in range(NOISES)]
    draw = lambda n, g: model.decode(model.prior(n, g)).argmax(-1) - 1  # noqa: E731
    found = {
        "mean exact": _share(right(model.decode(mean), x)),
        "sampled exact": [_share(right(model.decode(z), x)) for z in sampled],
        "coverage": curve(drawn(draw, draws, seed)),
        "precision at 18": space.precision_at_18(mean.numpy(), rng.permutation(len(x))[:QUERIES]),
    }
    if model.boxed:
        boxes = torch.from_numpy(space.boxes(np.random.default_rng(seed)))
        one_each = (model.decode(boxes).argmax(-1) - 1).numpy()
        found[STRATIFIED] = space.coverage(one_each).unique
    return found


def scores(found: Mapping[str, Any], size: str) -> dict[str, Any]:
    """The metrics of the tables: intervals over noise, and the coverage at one number of draws."""
    point = found["coverage"].get(size, {})
    return {
        "sampled_exact": student(found["sampled exact"]),
        "mean_exact": student([found["mean exact"]]),
        "operations_covered": student([point.get("share", math.nan)]),
        "of_ceiling": student([point.get("of ceiling", math.nan)]),
    }


def ceiling_deficit(found: Mapping[str, Any], size: str) -> float:
    """How far below the ceiling the coverage at one number of draws is; negative above it."""
    point = found["coverage"][size]
    return point["ceiling"] - point["share"]


def without_parameters(seed: int, draws: int) -> dict[str, Any]:
    """The control that learns nothing: nine N(0, 1) numbers, each cut into thirds.

    Its code of an operation is its trits; noise within a third changes nothing.
    """
    draw = lambda n, g: torch.from_numpy(space.cut(torch.randn((n, 9), generator=g).numpy()))  # noqa: E731
    operations = space.every()  # each lies within its own thirds
    exact_share = float((space.cut(operations * 1.0) == operations).all(1).mean())
    return {
        "mean exact": exact_share,
        "sampled exact": [exact_share] * NOISES,
        "coverage": curve(drawn(draw, draws, seed)),
    }
