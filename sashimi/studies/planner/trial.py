"""One policy judged: beside every selector, with its calibration, its abstention, its speed.

Letters: n test dispatches, A = 126 actions.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sashimi import cache
from sashimi.statistics import bootstrap, paired
from sashimi.studies.planner import actions, data, layout, learn, measure, selectors, world
from sashimi.studies.planner.actions import CLASSES, HEADS, VALID, best, chances
from sashimi.studies.planner.bundle import Bundle, export
from sashimi.studies.planner.model import HEAD_MASKS, Policy
from sashimi.studies.planner.params import PlannerParams

OURS, NULLS, TIMED = "policy", 200, 200


def selected(settings: PlannerParams) -> dict[str, np.ndarray]:
    """What every selector chooses on the test part (n,), from the cache where that was asked."""
    plain = settings.model_copy(update={"latents": False, "slots": layout.SLOTS})

    def compute() -> dict[str, torch.Tensor]:
        told = learn.load(plain)
        rows = told.rows(2)
        return {name: torch.from_numpy(f(told, rows)) for name, f in selectors.ALL.items()}

    keys = ("world", "issues", "signal", "permuted")
    key = [repr([getattr(settings, name) for name in keys])]
    code = cache.code(world, layout, actions, data, selectors)
    return {name: c.numpy() for name, c in cache.fetch([*key, code], compute).items()}


def compared(told: data.Data, rows: np.ndarray, choices: Mapping[str, np.ndarray]) -> dict:
    """By selector its scores as intervals; utilities are exact expectations of the world."""
    values, labels = told.utility[rows], told.labels[rows]
    at = np.arange(len(rows))
    oracle, low = np.nanmax(values, 1), np.nanmin(values, 1)
    base = values[at, choices[selectors.LOOKUP]]
    table = {}
    for name, chosen in choices.items():
        ours = values[at, chosen]
        near = oracle - ours <= told.world.settings.epsilon * (oracle - low) + 1e-9
        table[name] = {
            "gap_closed": measure.gap_closed(ours, base, oracle),
            "regret": bootstrap(oracle - ours, resamples=500),
            "within_epsilon": bootstrap(near, resamples=500),
            "label_exact": bootstrap(chosen == labels, resamples=500),
            "passes": bootstrap(told.world.outcome[0, rows, chosen], resamples=500),
        }
    return table


def beyond(told: data.Data, rows: np.ndarray, choices: Mapping[str, np.ndarray]) -> dict:
    """Our utility less each selector's, paired by dispatch."""
    values, at = told.utility[rows], np.arange(len(rows))
    ours = values[at, choices[OURS]]
    return {n: paired(ours, values[at, c]) for n, c in choices.items() if n != OURS}


def calibrated(told: data.Data, rows: np.ndarray, asked: np.ndarray, heat: float) -> dict:
    """ECE and MCE of ten bins for the joint choice, before and after the temperature, and for each
    head without the rows where it is forced; beside what a perfect model of these chances has.
    """
    jobs, labels = told.jobs[rows], told.labels[rows]
    facts = {}
    for name, temperature in (("before", 1.0), ("after", heat)):
        facts[name] = _errors(chances(asked, jobs, temperature), labels)
    p = chances(asked, jobs, heat)
    for head, values in enumerate(HEADS.values()):
        free = HEAD_MASKS[head].numpy()[jobs].sum(1) > 1
        marginal = np.stack([p[:, CLASSES[:, head] == i].sum(1) for i in range(len(values))], 1)
        facts[list(HEADS)[head]] = _errors(marginal[free], CLASSES[labels[free], head])
    return facts


def _errors(p: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    confidence, right = p.max(1).clip(0, 1), p.argmax(1) == labels
    found = measure.calibration_errors(confidence, right, 10)
    rng = np.random.default_rng(0)
    null = [
        measure.calibration_errors(confidence, rng.random(len(confidence)) < confidence, 10)
        for _ in range(NULLS)
    ]
    parts = [
        measure.calibration_errors(confidence[pick], right[pick], 10).ece
        for pick in rng.integers(0, len(right), (NULLS, len(right)))
    ]
    return {
        "ece": found.ece, "mce": found.mce, "counts": found.counts, "n": len(right),
        "ece 95%": np.quantile(parts, [0.025, 0.975]).tolist(),
        "null ece": float(np.mean([one.ece for one in null])),
        "null mce": float(np.mean([one.mce for one in null])),
    }  # fmt: skip


def abstaining(told: data.Data, rows: np.ndarray, asked: np.ndarray, heat: float, chosen) -> dict:
    """A thousand redraws of a certified and of a tuned threshold over the test dispatches."""
    values = told.utility[rows]
    spread = np.nanmax(values, 1) - np.nanmin(values, 1)
    violated = learn.regrets(told, rows, chosen) > measure.TOLERANCE * spread
    sure = chances(asked, told.jobs[rows], heat).max(1)
    return {"violations": float(violated.mean())} | measure.redraws(sure, violated)


def unlawful(made: Policy, told: data.Data, rows: np.ndarray) -> float | None:
    """Share of rows where choosing head by head, even under masks, gives no valid tuple."""
    if len(made.outputs) == 1:
        return None
    x, jobs, _ = learn.tensors(told, rows)
    with torch.inference_mode():
        parts = [
            part.masked_fill(~mask[jobs], -torch.inf).argmax(1)
            for part, mask in zip(made(x), HEAD_MASKS, strict=True)
        ]
    number = world.PLACE[tuple(part.numpy() for part in parts)]
    return float(1 - (VALID[told.jobs[rows], number] & (number >= 0)).mean())


def timed(run_dir: Path) -> dict[str, float]:
    """Processor milliseconds of one answer's network on one thread: torch as drawn over all
    features, torch over live ones, and ONNX, in turn; and the file's bytes.
    """
    from sashimi.studies.planner.model import widened

    file = export(run_dir, run_dir / "planner.onnx")
    made, live, meta = learn.restore(run_dir)
    wide, outside = widened(made, live, meta["width"]), Bundle(file)
    x = torch.zeros(1, meta["width"])
    x[:, torch.from_numpy(live)] = (torch.rand(1, len(live)) < 0.1).float()
    ways = {
        "torch": lambda: wide(x),
        "torch, live": lambda: made(x[:, torch.from_numpy(live)]),
        "onnx": lambda: outside.logits(x.numpy()),
    }
    spent, threads = {name: [] for name in ways}, torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        for _ in range(TIMED):
            for name, way in ways.items():
                begun = time.process_time()
                way()
                spent[name].append(time.process_time() - begun)
    torch.set_num_threads(threads)
    medians = {name: 1000 * float(np.median(values)) for name, values in spent.items()}
    return medians | {"onnx / torch": medians["onnx"] / medians["torch"]} | {
        "bytes": file.stat().st_size
    }  # fmt: skip


def judged(made: Policy, settings: PlannerParams, told: data.Data, run_dir: Path, speed: dict):
    """(metrics, facts, values for the gates) of a trained policy, which is saved and exported."""
    heat, bound = learn.heat(made, told)
    learn.save(made, settings, told, heat, run_dir)
    rows, plain = told.rows(2), settings.signal and not settings.permuted and not settings.latents
    asked = learn.scores(made, told, rows)
    chosen = best(asked, told.jobs[rows])
    choices = {OURS: chosen} | selected(settings)
    scores, jobs = compared(told, rows, choices), told.jobs[rows]
    facts = {
        "world": world.fingerprint(told.world),
        "beyond": beyond(told, rows, choices),
        "calibration": calibrated(told, rows, asked, heat),
        "temperature": [heat, bound],
        "abstention": abstaining(told, rows, asked, heat, chosen),
        "variety": {
            job: measure.variety(chosen[jobs == i], told.labels[rows][jobs == i], jobs[jobs == i])
            for i, job in enumerate(actions.PLANNED)
        },
        "not valid head by head": unlawful(made, told, rows),
        "timing": {} if settings.latents else timed(run_dir),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "parameters": sum(p.numel() for p in made.parameters()),
    } | speed
    values = {
        "planner_gap_closed": scores[OURS]["gap_closed"].value,
        "planner_exact": scores[OURS]["label_exact"].value,
        "planner_ece": facts["calibration"]["after"]["ece"],
        "planner_kept": facts["abstention"]["certified"]["kept"],
        "planner_coverage": facts["abstention"]["certified"]["coverage"],
        "planner_onnx_ratio": facts["timing"].get("onnx / torch"),
        "planner_answer_ms": facts["timing"].get("torch"),
        "planner_examples_a_second": speed["examples a processor second"],
    }
    return scores, facts, values if plain else {}


def hindsight(w: world.World, seed: int = 0) -> dict[str, dict[str, float]]:
    """Two policies by place and size, judged on the test part: one takes the action that won most
    single draws of training, the other the one of the largest mean utility. By policy: its share
    of exact matches to the winners of single draws, and its expected utility.
    """
    draws = np.random.default_rng(seed).standard_normal((9, len(w.split), 1), dtype=np.float32)
    single = world.utility(world.expected(w.seen, w.hidden, draws, 4096), w.prices)
    winners, exact = np.nanargmax(single, 1), np.nan_to_num(w.utility)
    cell = w.seen["place"] * 5 + w.seen["size"]
    train, test = w.split == 0, w.split == 2
    chosen = {"wins most": np.zeros(len(cell), int), "is worth most": np.zeros(len(cell), int)}
    for one in np.unique(cell):
        here, job = train & (cell == one), int(one // 5 >= world.AREAS)
        counts = np.bincount(winners[here], minlength=len(VALID[0]))
        chosen["wins most"][cell == one] = np.where(VALID[job], counts, -1).argmax()
        means = np.where(VALID[job], exact[here].sum(0), -np.inf)
        chosen["is worth most"][cell == one] = means.argmax()
    rows = np.flatnonzero(test)
    return {
        name: {
            "exact": float((c[rows] == winners[rows]).mean()),
            "utility": float(w.utility[rows, c[rows]].mean()),
        }
        for name, c in chosen.items()
    }
