"""Scores of free-running answers, floors on the same examples, and votes over views.

Letters: n examples of a column, B of a batch, H rows, W columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from sashimi.files import digest
from sashimi.scores import Scores
from sashimi.statistics import bootstrap
from sashimi.studies.arc import family
from sashimi.studies.arc.batches import COLOURS, PAD, Batch, batch_of, grid, query
from sashimi.studies.arc.data import BACK, VIEWS, hits, key
from sashimi.studies.arc.learn import COLUMNS, DIGITS, TEST, decode, exact
from sashimi.studies.arc.params import ArcParams
from sashimi.studies.arc.rungs import RUNGS

OURS = "ladder network"
METRICS = ("grid_exact", "grid_forced", "grid_cells", "grid_shape")
"""Free-running grid exactly right; the same given every token before; share of cells right, 0 where
the shape is wrong; shape right. The first two are equal, as the first cell and the end are scored:
where a score is not, it was given something."""


def column(name: str, examples: int, side: int) -> Iterator[Batch]:
    """The test batches of a column, the same for every rung and seed."""
    asked = replace(COLUMNS[name], sides=(3, side))
    for place in range(examples // asked.size):
        yield family.draw(asked, TEST, DIGITS[name], place)[0]


def answers(model: nn.Module, batch: Batch, side: int) -> list[np.ndarray | None]:
    """The grid that a rung answers to each example, None where its rows differ or never end."""
    return [grid(tokens) for tokens in decode(model, batch, side * (side + 1) + 2).tolist()]


def wanted(batch: Batch) -> list[np.ndarray]:
    """The outputs of a batch as grids."""
    return [grid(tokens) for tokens in batch.target.tolist()]


def judged(
    said: Sequence[np.ndarray | None], right: Sequence[np.ndarray]
) -> dict[str, list[float]]:
    """Every metric of each answer; "grid_forced" of one that is given nothing is "grid_exact"."""
    pairs = [*zip(said, right, strict=True)]
    shapes = [float(one is not None and one.shape == two.shape) for one, two in pairs]
    cells = [
        float((one == two).mean()) if alike else 0.0
        for (one, two), alike in zip(pairs, shapes, strict=True)
    ]
    whole = [float(share == 1) for share in cells]
    return dict(zip(METRICS, (whole, whole, cells, shapes), strict=True))


def scores(
    model: nn.Module, name: str, examples: int, side: int
) -> dict[str, dict[str, list[float]]]:
    """For the network, and for floors that need none, by metric a score for each example of a
    column.
    """
    out: dict[str, dict[str, list[float]]] = {}
    for batch in column(name, examples, side):
        queries, right = np.stack([query(row) for row in batch.source]), wanted(batch)
        said = {
            OURS: answers(model, batch, side),
            "majority colour": [np.full_like(q, np.bincount(q.ravel()).argmax()) for q in queries],
            "query itself": queries,
            "first cell repeated": [np.full_like(q, q[0, 0]) for q in queries],
            "nearest grid pair": _nearest(batch, queries),
        }
        for one, grids in said.items():
            values = judged(grids, right)
            if one == OURS:
                values["grid_forced"] = exact(model, batch).float().tolist()
            for metric, some in values.items():
                out.setdefault(one, {}).setdefault(metric, []).extend(some)
    return out


def _nearest(batch: Batch, queries: np.ndarray) -> np.ndarray:
    """The output of that context pair whose input shares most cells with the query (B, H, W); of a
    blank context, the first cell of the query all over.
    """
    shared = (batch.context_in.numpy() == queries[:, None]).sum((2, 3))  # (B, P)
    outputs = batch.context_out.numpy()[np.arange(len(batch)), shared.argmax(1)]
    return np.where(outputs == PAD, queries[:, :1, :1], outputs)


def voted(
    model: nn.Module, name: str, examples: int, side: int, seed: int
) -> Mapping[str, list[float]]:
    """pass@1 and pass@2 by example, of the most frequent answers over the eight turns and mirrors,
    each in renamed colours: the context is turned with the query, so that only rules that are shown
    may be voted on.
    """
    rng, found = np.random.default_rng(seed), []
    for batch in column(name, examples, side):
        votes: list[Counter] = [Counter() for _ in range(len(batch))]
        for view, back in zip(VIEWS, BACK, strict=True):
            colours = rng.permutation(COLOURS)
            said = answers(model, _seen(batch, view, colours), side)
            for count, answer in zip(votes, said, strict=True):
                if answer is not None:
                    count[key(back(np.argsort(colours)[answer]))] += 1
        found += [hits(count, right) for count, right in zip(votes, wanted(batch), strict=True)]
    first, among_two = np.reshape(found, (-1, 2)).astype(float).T.tolist()
    return {"pass@1": first, "pass@2": among_two}


def _seen(batch: Batch, view, colours: np.ndarray) -> Batch:
    """A batch of one shape with every grid turned, and its colours renamed."""
    names = np.append(colours, PAD)
    queries = [query(row) for row in batch.source]
    parts = (queries, wanted(batch), batch.context_in.numpy(), batch.context_out.numpy())
    given, output, *context = (view(names[np.asarray(part)]) for part in parts)
    return batch_of(given, output, batch.task.numpy(), *context)


def measured(model: nn.Module, settings: ArcParams) -> tuple[dict, dict[str, Scores], dict]:
    """Metrics of a result, scores by example, and facts: which examples are exactly right, as a
    text of 0 and 1 by column, and votes where the rung reads context.
    """
    examples, side = settings.examples, settings.side
    metrics, kept, right = {}, {}, {}
    for name in COLUMNS:
        found = scores(model, name, examples, side)
        metrics[name] = {
            one: {metric: bootstrap(values) for metric, values in by_metric.items()}
            for one, by_metric in found.items()
        }
        texts = [b.source.tolist() + b.target.tolist() for b in column(name, examples, side)]
        kept[name] = Scores(digest(texts), found[OURS])
        right[name] = "".join(str(int(value)) for value in found[OURS]["grid_exact"])
    facts: dict = {"right": right}
    if RUNGS[settings.rung].context:
        votes = voted(model, "rule_shown", examples // 4, side, settings.seed)
        facts["votes"] = {name: bootstrap(values) for name, values in votes.items()}
    return metrics, kept, facts


def values(metrics: Mapping, settings: ArcParams) -> dict[str, float]:
    """What the gates judge: only the rung with context promises anything of shown rules."""
    exact = {name: metrics[name][OURS]["grid_exact"].value for name in COLUMNS}
    rung = RUNGS[settings.rung]
    if rung.context:
        return {
            "arc_hidden": exact["rule_shown"],
            "arc_composed": exact["composition_shown"],
            "arc_controls": max(exact[f"context_{way}"] for way in ("blank", "shuffled", "wrong")),
            "arc_visible": exact["rule_named"],
        }
    return {"arc_other_colours": exact["rule_named_new_colours"]} if rung.equivariant else {}
