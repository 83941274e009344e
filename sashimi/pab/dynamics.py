"""How single examples learn: a recorder keyed by a stable id, and what to read from it.

Letters: N examples, T checkpoints, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.errors import BadInput
from sashimi.pab.definitions import floats
from sashimi.pab.series import check_steps

FIELDS = ("loss", "correct", "margin")


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Losses (nats), correctness (0 or 1) and margins of examples: float64 (N, T), NaN missing."""

    ids: tuple[str, ...]
    steps: np.ndarray  # int64 (T,)
    loss: np.ndarray
    correct: np.ndarray
    margin: np.ndarray


class Dynamics:
    """Collects per-example measurements over a fixed set of ids, or over all that turn up.

    For a sequence model the loss of an example is its mean token loss, so that exp(-loss) is the
    geometric mean of its tokens' probabilities.
    """

    def __init__(self, ids: Sequence[str] | None = None):
        self._fixed = ids is not None
        self._place: dict[str, int] = {str(id): i for i, id in enumerate(ids or ())}
        if ids is not None and len(self._place) != len(ids):
            raise BadInput("ids repeat; every example needs an id of its own")
        self._rows: dict[int, dict[int, tuple[float, ...]]] = {}  # by step and place: FIELDS

    def record(self, step: int, ids: Sequence[str], loss, correct=None, margin=None) -> None:
        """Measurements (n,) of the examples `ids` at `step`; call again to add more at one step.

        Raises BadInput for steps that go back, ids outside a fixed set, an id twice at a step,
        or fields of another length.
        """
        if self._rows and step < next(reversed(self._rows)):
            raise BadInput(f"step {step} follows step {next(reversed(self._rows))}")
        given = dict(zip(FIELDS, (loss, correct, margin), strict=True))
        columns = {n: floats([None] * len(ids) if v is None else v) for n, v in given.items()}
        for name, column in columns.items():
            if column.shape != (len(ids),):
                raise BadInput(f"{name} has shape {column.shape} for {len(ids)} ids")
        places = [self._index(str(id)) for id in ids]
        row = self._rows.get(step, {})
        if len(set(places)) < len(places) or row.keys() & places:
            raise BadInput(f"an example is recorded twice at step {step}")
        values = zip(*columns.values(), strict=True)
        self._rows[step] = row | dict(zip(places, values, strict=True))

    def _index(self, id: str) -> int:
        if id not in self._place:
            if self._fixed:
                raise BadInput(f"example {id!r} is not in the fixed probe set")
            self._place[id] = len(self._place)
        return self._place[id]

    def trajectories(self) -> Trajectories:
        """All that was recorded, as arrays."""
        out = np.full((len(FIELDS), len(self._place), len(self._rows)), np.nan)
        for t, row in enumerate(self._rows.values()):
            out[:, list(row), t] = np.reshape(list(row.values()), (-1, len(FIELDS))).T
        return Trajectories(tuple(self._place), check_steps(list(self._rows)), *out)


def margin(logits, labels) -> np.ndarray:
    """The assigned class's logit minus the largest other one: (N, C), (N,) -> (N,).

    Averaged over training it is the area under the margin (Pleiss et al. 2020).
    """
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if logits.ndim != 2 or logits.shape[1] < 2 or labels.shape != logits.shape[:1]:
        raise BadInput(
            f"logits {logits.shape} and labels {labels.shape}; give (N, C >= 2) and (N,)"
        )
    rows = np.arange(len(labels))
    others = logits.copy()
    others[rows, labels] = -np.inf
    return logits[rows, labels] - others.max(axis=1)


def cartography(trajectories: Trajectories) -> dict[str, np.ndarray]:
    """Of every example, float64 (N,) by name: the data map, forgetting and the margin.

    `confidence` and `variability` are mean and population standard deviation of exp(-loss) over
    the checkpoints, `correctness` the share of them that were right (Swayamdipta et al. 2020).
    `forgetting` counts right followed by wrong; NaN for an example that was never right (Toneva
    et al. 2019 call it infinite). `aum` is the mean margin. NaN where nothing was recorded.
    """
    probability = np.exp(-trajectories.loss)
    correct = trajectories.correct
    return {
        "confidence": _over_time(probability, np.mean),
        "variability": _over_time(probability, np.std),
        "correctness": _over_time(correct, np.mean),
        "forgetting": _over_time(correct, _forgotten),
        "aum": _over_time(trajectories.margin, np.mean),
    }


def _over_time(values: np.ndarray, measure) -> np.ndarray:
    known = [row[np.isfinite(row)] for row in values]
    return np.array([measure(row) if len(row) else np.nan for row in known], dtype=np.float64)


def _forgotten(correct: np.ndarray) -> float:
    if not (correct > 0).any():
        return np.nan
    return float(np.count_nonzero((correct[:-1] > 0) & (correct[1:] == 0)))
