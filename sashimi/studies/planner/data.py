"""Worlds as planner inputs, and inputs as the matrix that networks learn from; both are cached.

Letters: N dispatches, d features, L live ones (1 somewhere in training), A = 126 actions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from sashimi import cache
from sashimi.studies.planner import actions, heuristics, layout, outcomes, world
from sashimi.studies.planner.actions import HEADS, NUMBER, PLANNED, UNION
from sashimi.studies.planner.heuristics import KernelHeuristic
from sashimi.studies.planner.world import Settings, World

GATES = (layout.GATES[:5], layout.GATES[8:13])
"""The gates of code and of fab-world, easiest first."""
FULL_SPACE = {
    layout.SPACE[head]: ["NA" if value is None else value for value in values]
    for head, values in HEADS.items()
}
EPOCH = 1_767_225_600_000
"""Milliseconds of 2026-01-01, when every world begins."""


WORLD = (world, outcomes, actions, heuristics)
FEATURES = (*WORLD, layout)
"""The modules that decide what a world is, and how it is encoded."""
GROUPS, TABLES = ("seen", "hidden", "run"), ("outcome", "prices", "past", "split")


@lru_cache
def logging_policy() -> np.ndarray:
    """The kernel's rule as the table that a world's logging policy reads: (2, 4, 5, 3)."""
    table = np.zeros((2, 4, 5, 3), dtype=int)
    for job, risk, size, dynamics in np.ndindex(table.shape):
        issue = {"dk_risk": layout.RISKS[risk], "dk_size": layout.SIZES[size]}
        issue["tags"] = ["asset:world"] * job
        asked = {"issue": issue, "dynamics": {"rate": (0.05, 0.3, 0.6)[dynamics]}}
        table[job, risk, size, dynamics] = NUMBER[KernelHeuristic().predict(asked)]
    return table


def make(settings: Settings) -> World:
    """The world of the settings, from the cache where it was made before."""

    def compute() -> dict[str, torch.Tensor]:
        made = vars(world.make(settings, logging_policy()))
        flat = {name: made[name] for name in TABLES}
        flat |= {f"{group}/{name}": v for group in GROUPS for name, v in made[group].items()}
        return {name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in flat.items()}

    key = [repr(asdict(settings)), cache.code(*WORLD)]
    parts: dict[str, dict[str, np.ndarray]] = {}
    for place, table in cache.fetch(key, compute).items():
        group, _, name = place.rpartition("/")
        parts.setdefault(group, {})[name] = table.numpy()
    return World(settings, **parts.pop(""), **parts)


def tags(place: int, noise: np.ndarray) -> list[str]:
    """Two tags that tell the place, fab-world's own, and two that tell nothing."""
    job = int(place >= world.AREAS)
    return ["asset:world"] * job + [
        f"{'world' if job else 'area'}:{place}", f"signature:{place}",
        *(f"topic:{number}" for number in noise),
    ]  # fmt: skip


def finished(w: World) -> Iterator[dict[str, Any]]:
    """Every dispatch as a finished run, as it stands in the history of later ones."""
    for i, number in enumerate(w.run["action"]):
        action, job = UNION[number], int(w.seen["job"][i])
        passed, minutes = bool(w.run["passed"][i] > 0.5), float(w.run["minutes"][i])
        reached = passed | (w.run["margin"][i] > np.linspace(-1.6, -0.2, 5))
        gates = dict(zip(GATES[job], reached.tolist(), strict=True))
        late = action.minutes is not None and minutes >= action.minutes
        yield {
            "run_id": f"run-{i}",
            "started_ms": EPOCH + float(w.seen["time"][i]) * layout.DAY,
            "job_type": PLANNED[job],
            "action_executed": {
                "swarm_id": action.swarm,
                "budgets": {f"max_{head}_bin": getattr(action, head) for head in list(HEADS)[1:]},
            },
            "outcome": {
                "status": "success" if passed else "timeout" if late else "failed",
                "fail_codes": [f"{name}_failed" for name, held in gates.items() if not held],
                "gates": [{"name": name, "passed": held} for name, held in gates.items()],
            },
            "runtime": {"duration_ms": minutes * 60_000},
            "cost_usd_est": float(w.run["usd"][i]),
        }


def inputs(w: World, runs: list[dict[str, Any]] | None = None) -> Iterator[dict[str, Any]]:
    """The planner input of every dispatch, in order of time."""
    runs = list(finished(w)) if runs is None else runs
    seen = {key: value.tolist() for key, value in w.seen.items()}
    for i, past in enumerate(w.past):
        hint = seen["hint"][i]
        yield {
            "created_at": EPOCH + seen["time"][i] * layout.DAY,
            "job_type": PLANNED[seen["job"][i]],
            "universe_defaults": {"swarm_id": None, "objective_id": None},
            "issue": {
                "issue_id": f"issue-{seen['issue'][i]}",
                "dk_priority": layout.PRIORITIES[seen["priority"][i]],
                "dk_risk": layout.RISKS[seen["risk"][i]],
                "dk_size": layout.SIZES[seen["size"][i]],
                "dk_tool_hint": None if hint < 0 else (*layout.TOOLCHAINS, "comfyui")[hint],
                "dk_attempts": seen["attempts"][i],
                "tags": tags(seen["place"][i], w.seen["noise_tags"][i]),
            },
            "history": {"last_n_similar_runs": [runs[j] for j in past if j >= 0]},
            "action_space": FULL_SPACE,
            "system_state": {
                "active_workcells_bin": layout.STATE["active_workcells_bin"][seen["active"][i]],
                "queue_depth_bin": layout.STATE["queue_depth_bin"][seen["queue"][i]],
                "hour_bucket": int(seen["time"][i] % 1 * 24),
                "budget_remaining_bin": layout.STATE["budget_remaining_bin"][seen["budget"][i]],
                "available_toolchains": list(layout.TOOLCHAINS),
            },
        }


def features(w: World, slots: int = layout.SLOTS) -> np.ndarray:
    """The features of every dispatch: (N, d) uint8, from the cache where they were made before."""

    def compute() -> dict[str, torch.Tensor]:
        matrix = torch.zeros((len(w.split), layout.width(slots)), dtype=torch.uint8)
        runs = list(finished(w))
        kept = {run["run_id"]: list(layout.slot(run)) for run in runs}
        for i, one in enumerate(inputs(w, runs)):
            matrix[i, list(layout.columns(one, slots, lambda run: kept[run["run_id"]]))] = 1
        return {"features": matrix}

    key = [repr(asdict(w.settings)), str(slots), cache.code(*FEATURES)]
    return cache.fetch(key, compute)["features"].numpy()


@dataclass(frozen=True)
class Data:
    """What is learned from: rows of a world with the columns that are 1 somewhere in training."""

    world: World
    x: np.ndarray
    """Live features, or the latents: (N, L) uint8 or float32."""
    live: np.ndarray
    """Which of the d columns they are: (L,)."""
    width: int
    utility: np.ndarray
    labels: np.ndarray
    """Places in `UNION` to imitate: (N,)."""

    def rows(self, part: int) -> np.ndarray:
        """The dispatches of a part: 0 train, 1 validation, 2 test."""
        return np.flatnonzero(self.world.split == part)

    @property
    def jobs(self) -> np.ndarray:
        return self.world.seen["job"]


def data(settings: Settings, slots: int = layout.SLOTS, latents: bool = False, permuted=False):
    """The `Data` of a world. ``latents`` adds what no input tells: the ceiling. ``permuted`` deals
    the training outcomes to other dispatches of the same job: the control.
    """
    w = make(settings)
    x = features(w, slots)
    live = np.flatnonzero(x[w.split == 0].any(0))
    chosen = x[:, live]
    if latents:
        hidden = [w.hidden["hardness"][:, None], w.hidden["log_minutes"][:, None]]
        hidden += [w.hidden["ability"], np.eye(3)[w.hidden["dynamics"]]]
        hidden += [np.eye(5)[w.hidden["tools"]].reshape(len(x), -1)]
        chosen = np.concatenate([chosen, *hidden], 1, dtype=np.float32)
    if permuted:
        order = world.dealt(np.random.default_rng([settings.seed, 41]), w.seen["job"], w.split < 2)
        w = replace(w, outcome=w.outcome[:, order], prices=w.prices[order])
    return Data(w, chosen, live, x.shape[1], w.utility, w.labels)
