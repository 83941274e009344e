"""What recording costs on this machine, beside what it may cost.

Each row has `what`, `value`, `unit`, `n`, the `limit`, and `ratio` = value / limit: 1 or less is
within it. Nothing here is averaged away: a time is the median of `n` calls.
"""

import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from sashimi.pab.tracker import Tracker
from sashimi.pab.trits import TritStream
from sashimi.study import Measurement

SCALARS_LIMIT = 100.0  # microseconds a record
TRITS_LIMIT = 30.0  # milliseconds a record of 10 million
OVERHEAD_LIMIT = 2.0  # percent of the training time at interval 50
GROWTH_LIMIT = 1.0  # percent of the weights, over 1,000 checkpoints
TRITS = 10_000_000


def bench(trits: int = TRITS, checkpoints: int = 1000, steps: int = 1000) -> list[Measurement]:
    """All rows; the arguments make it smaller for a test."""
    return [
        scalars(checkpoints),
        trit_record(trits),
        growth(trits // 10, checkpoints),
        share(steps),
    ]


def scalars(n: int = 1000) -> Measurement:
    """Microseconds for a record of the usual scalars: losses, parts, three tiers, eight domains."""
    fields = {
        "train_loss": 1.0,
        "val_loss": 1.1,
        "components": {"ce": 0.5, "margin": 0.25, "repair": 0.25},
        "tiers": {f"tier{i}": (3, 4) for i in (1, 2, 3)},
        "domains": {f"domain{i}": (3, 4) for i in range(8)},
        "learning_rate": 1e-3,
        "gradient_norm": 1.0,
    }
    with tempfile.TemporaryDirectory() as folder:
        tracker = Tracker(folder)
        times = [_seconds(lambda s=step: tracker.record(s, **fields)) for step in range(n)]
        tracker.finish()
    return Measurement("record scalars", 1e6 * statistics.median(times), "µs", n, SCALARS_LIMIT)


def trit_record(size: int = TRITS, n: int = 10) -> Measurement:
    """Milliseconds for a record of `size` trits, of which one in a hundred flips each time."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-1, 2, size).astype(np.int8)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        tracker = Tracker(folder)
        tracker.record(0, 1.0, trits=[("all", weights)])
        for step in range(1, n + 1):
            weights[step::100] *= -1
            given = [("all", weights)]
            times.append(_seconds(lambda s=step, g=given: tracker.record(s, 1.0, trits=g)))
        tracker.finish()
    limit = TRITS_LIMIT * size / TRITS
    return Measurement(f"record {size:,} trits", 1e3 * statistics.median(times), "ms", n, limit)


def growth(size: int, checkpoints: int = 1000) -> Measurement:
    """Memory that the stream of trits gained over the checkpoints, in percent of the weights."""
    weights = np.random.default_rng(0).integers(-1, 2, size).astype(np.int8)
    stream = TritStream()
    tracemalloc.start()
    try:
        stream.update([("all", weights)])
        stream.update([("all", weights)])
        before = tracemalloc.get_traced_memory()[0]
        for step in range(checkpoints):
            weights[step % 100 :: 100] *= -1
            stream.update([("all", weights)])
        gained = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    percent = 100 * max(0, gained) / size
    return Measurement(
        "memory gained by trits", percent, "% of the weights", checkpoints, GROWTH_LIMIT
    )


def share(steps: int = 1000) -> Measurement:
    """Percent of a training's seconds that the tracker took at interval 50, losses and trits on.

    The training is two products of matrices of 512, a millisecond or so a step, as the smallest of
    real ones takes; the row says how long.
    """
    rng = np.random.default_rng(0)
    weights, batch = rng.standard_normal((512, 512)), rng.standard_normal((256, 512))
    with tempfile.TemporaryDirectory() as folder:
        tracker = Tracker(folder, interval=50)
        for step in range(1, steps + 1):
            out = np.tanh(batch @ weights)
            weights -= 1e-4 * batch.T @ out
            if tracker.due(step):
                trits = [("w", np.sign(weights).astype(np.int8))]
                tracker.record(step, train_loss=float((out**2).mean()), trits=trits)
        tracker.finish()
        origin = tracker.profile().origin
    percent = 100 * origin.overhead_seconds / origin.seconds
    what = f"share of training, {1e3 * origin.seconds / steps:.2f} ms a step"
    return Measurement(what, percent, "%", steps // 50, OVERHEAD_LIMIT)


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
