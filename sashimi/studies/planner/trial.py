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
from sashimi.calibration import calibration
from sashimi.statistics import bootstrap, paired
from sashimi.studies.planner import data, learn, measure, outcomes, selectors, world
from sashimi.studies.planner.actions import CLASSES, HEADS, PLANNED, VALID, best, chances
from sashimi.studies.planner.bundle import Bundle, export
from sashimi.studies.planner.layout import SLOTS
from sashimi.studies.planner.model import HEAD_MASKS, Policy, widened
from sashimi.studies.planner.params import PlannerParams

OURS, NULLS, TIMED = "policy", 200, 200


def selected(settings: PlannerParams) -> dict[str, np.ndarray]:
    """What every selector chooses on the test part (n,), from the cache where that was asked."""
    plain = settings.model_copy(update={"latents": False, "slots": SLOTS})

    def compute() -> dict[str, torch.Tensor]:
        told = learn.load(plain)
        rows = told.rows(2)
        return {name: torch.from_numpy(f(told, rows)) for name, f in selectors.ALL.items()}

    keys = ("world", "issues", "signal", "permuted")
    key = [repr([getattr(settings, name) for name in keys])]
    code = cache.code(*data.FEATURES, data, selectors)
    return {name: c.numpy() for name, c in cache.fetch([*key, code], compute).items()}


def compared(told: data.Data, rows: np.ndarray, choices: Mapping[str, np.ndarray]) -> dict:
    """By selector its scores as intervals; utilities are exact expectations of the world."""
    oracle, low = np.nanmax(told.utility[rows], 1), np.nanmin(told.utility[rows], 1)
    base = told.utility[rows, choices[selectors.LOOKUP]]
    table = {}
    for name, chosen in choices.items():
        ours = told.utility[rows, chosen]
        each = {
            "regret": oracle - ours,
            "within_epsilon": oracle - ours <= told.world.settings.epsilon * (oracle - low) + 1e-9,
            "label_exact": chosen == told.labels[rows],
            "passes": told.world.outcome[0, rows, chosen],
        }
        table[name] = {"gap_closed": measure.gap_closed(ours, base, oracle)}
        table[name] |= {key: bootstrap(values, resamples=500) for key, values in each.items()}
    return table


def calibrated(told: data.Data, rows: np.ndarray, asked: np.ndarray, heat: float) -> dict:
    """ECE and MCE of ten bins for the joint choice, before and after the temperature, and for each
    head without the rows where it is forced; beside what a perfect model of these chances has.
    """
    jobs, labels = told.jobs[rows], told.labels[rows]
    p = chances(asked, jobs, heat)
    facts = {"before": _errors(chances(asked, jobs), labels), "after": _errors(p, labels)}
    for i, (head, values) in enumerate(HEADS.items()):
        free = HEAD_MASKS[i].numpy()[jobs].sum(1) > 1
        marginal = np.stack([p[:, CLASSES[:, i] == c].sum(1) for c in range(len(values))], 1)
        facts[head] = _errors(marginal[free], CLASSES[labels[free], i])
    return facts


def _errors(p: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    confidence, right = p.max(1).clip(0, 1), p.argmax(1) == labels
    found, rng, n = calibration(confidence, right, 10), np.random.default_rng(0), len(labels)
    null = [calibration(confidence, rng.random(n) < confidence, 10) for _ in range(NULLS)]
    parts = [
        calibration(confidence[pick], right[pick], 10).ece
        for pick in rng.integers(0, n, (NULLS, n))
    ]
    return {
        "ece": found.ece, "mce": found.mce, "counts": found.counts, "n": n,
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
    number = outcomes.PLACE[tuple(part.numpy() for part in parts)]
    return float(1 - (VALID[told.jobs[rows], number] & (number >= 0)).mean())


def timed(run_dir: Path) -> dict[str, float]:
    """Processor milliseconds of one answer's network on one thread: torch as drawn over all
    features, torch over live ones, and ONNX, in turn; and the file's bytes.
    """
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
    ratio = medians["onnx"] / medians["torch"]
    return medians | {"onnx / torch": ratio, "bytes": file.stat().st_size}


def judged(made: Policy, settings: PlannerParams, told: data.Data, run_dir: Path, speed: dict):
    """(metrics, facts, values for the gates) of a trained policy, which is saved and exported."""
    heat, bound = learn.heat(made, told)
    learn.save(made, settings, told, heat, run_dir)
    rows, plain = told.rows(2), settings.signal and not settings.permuted and not settings.latents
    asked = learn.scores(made, told, rows)
    chosen = best(asked, told.jobs[rows])
    choices = {OURS: chosen} | selected(settings)
    scores, jobs = compared(told, rows, choices), told.jobs[rows]
    worth = {name: told.utility[rows, each] for name, each in choices.items()}
    facts = {
        "world": world.fingerprint(told.world),
        "beyond": {
            name: paired(worth[OURS], other) for name, other in worth.items() if name != OURS
        },
        "calibration": calibrated(told, rows, asked, heat),
        "temperature": [heat, bound],
        "abstention": abstaining(told, rows, asked, heat, chosen),
        "variety": {
            job: measure.variety(chosen[jobs == i], told.labels[rows][jobs == i], jobs[jobs == i])
            for i, job in enumerate(PLANNED)
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
    winners, cell = np.nanargmax(single, 1), w.seen["place"] * 5 + w.seen["size"]
    train, test = np.flatnonzero(w.split == 0), np.flatnonzero(w.split == 2)
    valid = VALID[(np.arange(cell.max() + 1) // 5 >= world.AREAS).astype(int)]
    wins, worth = np.zeros(valid.shape, int), np.zeros(valid.shape, w.utility.dtype)
    np.add.at(wins, (cell[train], winners[train]), 1)
    np.add.at(worth, cell[train], np.nan_to_num(w.utility[train]))
    told = {}
    for name, table in (("wins most", wins), ("is worth most", worth)):
        chosen = np.where(valid, table, -np.inf).argmax(1)[cell[test]]
        told[name] = {
            "exact": float((chosen == winners[test]).mean()),
            "utility": float(w.utility[test, chosen].mean()),
        }
    return told
