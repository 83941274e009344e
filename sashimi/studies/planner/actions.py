"""The space of actions: four choices, the tuples that a job type allows, decoding over those alone.

Heads in order: swarm, candidates, minutes, iterations; ``None`` is NA, which has a meaning of its
own (candidates: the controller picks; minutes: the toolchain's timeout; iterations: its default).

Letters: B rows, A = 126 actions that code or fab-world allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax

from sashimi.errors import BadInput
from sashimi.files import digest

SERIAL, SPECULATE = "serial_handoff", "speculate_vote"
HEADS: dict[str, tuple] = {
    "swarm": (SERIAL, SPECULATE),
    "candidates": (1, 2, 3, None),
    "minutes": (15, 30, 45, 60, 120, None),
    "iterations": (1, 2, 3, 5, None),
}
JOBS = ("code", "fab-world", "fab-asset")
PLANNED = JOBS[:2]
"""The job types that a policy is trained for."""


class Action(NamedTuple):
    """One choice of each head; ``None`` is NA."""

    swarm: str
    candidates: int | None
    minutes: int | None
    iterations: int | None


def place(head: str, value: object) -> int:
    """The class of a head's value: strict, so that True is no 1 and 90 is no bin."""
    for index, known in enumerate(HEADS[head]):
        if type(value) is type(known) and value == known:
            return index
    raise BadInput(f"{head}: {value!r} is outside the space; one of {HEADS[head]}")


EVERY = tuple(Action(*values) for values in product(*HEADS.values()))


@lru_cache
def valid_actions(job_type: str) -> tuple[Action, ...]:
    """The actions of a job type, ordered by swarm, then numbers ascending, NA last.

    Serial hand-off has one candidate; code has no iterations; fab-world names its candidates.
    30 for code, 120 for fab-world, 150 for fab-asset. Raises BadInput for another job type.
    """
    if job_type not in JOBS:
        raise BadInput(f"job_type: {job_type!r}; one of {', '.join(JOBS)}")
    return tuple(
        action
        for action in EVERY
        if (action.swarm != SERIAL or action.candidates == 1)
        and (job_type != "code" or action.iterations is None)
        and (job_type != "fab-world" or action.candidates is not None)
    )


def classes_of(actions: Sequence[Action]) -> np.ndarray:
    """The class in each head of each action: (n, 4) int."""
    return np.array([[place(h, v) for h, v in zip(HEADS, a, strict=True)] for a in actions])


UNION = tuple(a for a in EVERY if any(a in valid_actions(job) for job in PLANNED))
"""The 126 actions of code and fab-world, which share 24."""
NUMBER = {action: index for index, action in enumerate(UNION)}
CLASSES = classes_of(UNION)
"""The class in each head of each of the 126: (A, 4) int."""
VALID = np.array([[action in valid_actions(job) for action in UNION] for job in PLANNED])
"""Which of the 126 code (row 0) and fab-world (row 1) allow: (2, A) bool."""
DIGEST = digest([HEADS, {job: valid_actions(job) for job in JOBS}])
"""Changes with the space: a bundle of another one is refused."""


def check(action: Action, job_type: str) -> Action:
    """The action itself if its job type allows it; BadInput names the field or the rule."""
    classes_of([action])
    if action not in valid_actions(job_type):
        raise BadInput(
            f"{tuple(action)} is outside the space of {job_type}: serial_handoff has 1 candidate, "
            "code has iterations NA, fab-world does not have candidates NA"
        )
    return action


def masks(job_type: str) -> dict[str, np.ndarray]:
    """By head, the classes that some valid action has: what masks a head at a time admit."""
    used = classes_of(valid_actions(job_type)).T  # (4, n)
    return {h: np.isin(range(len(HEADS[h])), u) for h, u in zip(HEADS, used, strict=True)}


def joint(logits: Mapping[str, np.ndarray], classes: np.ndarray = CLASSES) -> np.ndarray:
    """Sum over heads of log p: logits (B, n) by head to (B, A) for the actions of ``classes``.

    Raises BadInput for other heads, other widths, NaN and +infinity.
    """
    if set(logits) != set(HEADS):
        raise BadInput(f"logits of heads {sorted(logits)}; needed: {', '.join(HEADS)}")
    total = 0.0
    for column, (head, values) in enumerate(HEADS.items()):
        array = np.atleast_2d(np.asarray(logits[head], dtype=float))
        if array.shape[-1] != len(values):
            raise BadInput(f"{head}: {array.shape[-1]} logits; it has {len(values)} classes")
        if np.isnan(array).any() or np.isposinf(array).any():
            raise BadInput(f"{head}: logits {array.tolist()} are not finite")
        total = total + log_softmax(array, axis=-1)[:, classes[:, column]]
    return total


def decode(logits: Mapping[str, np.ndarray], job_type: str) -> Action:
    """The valid action of largest joint probability; logits (n,) by head, in the order of `HEADS`.

    Choosing head by head instead may give a tuple that is not valid. Of equals the first wins:
    serial before speculate, small numbers before large ones, NA last.
    """
    actions = valid_actions(job_type)
    scores = joint(logits, classes_of(actions))[0]
    if np.isneginf(scores).all():
        raise BadInput(f"logits give every action of {job_type} probability 0")
    return actions[int(scores.argmax())]


def best(scores: np.ndarray, jobs: np.ndarray) -> np.ndarray:
    """The valid action of the largest score: (B, A) and job numbers (B,) to (B,) places in `UNION`.

    Raises BadInput for NaN.
    """
    if np.isnan(scores).any():
        raise BadInput("scores of actions are NaN: the features or the network are damaged")
    return np.where(VALID[jobs], scores, -np.inf).argmax(1)


def chances(scores: np.ndarray, jobs: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities over the valid actions alone: (B, A), 0 where a job type forbids an action."""
    masked = np.where(VALID[jobs], scores / temperature, -np.inf)
    return np.exp(log_softmax(masked, axis=1))
