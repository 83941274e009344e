"""Scores of free-running answers, floors on the same examples, and votes over views.

Letters: n examples of a column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from sashimi.files import digest
from sashimi.scores import Scores
from sashimi.statistics import bootstrap
from sashimi.studies.arc import family
from sashimi.studies.arc.batches import COLOURS, PAD, Batch, batch_of, grid
from sashimi.studies.arc.data import BACK, VIEWS
from sashimi.studies.arc.learn import COLUMNS, DIGITS, TEST, decode
from sashimi.studies.arc.params import ArcParams
from sashimi.studies.arc.rungs import RUNGS

METRICS = ("grid_exact", "grid_forced", "grid_cells", "grid_shape")
"""Free-running grid exactly right; the same given every token before; share of cells right, 0 where
the shape is wrong; shape right. The first two are equal, as the first cell and the end are scored:
where a score is not, it was given something."""
FLOORS = ("majority colour", "query itself", "first cell repeated", "nearest grid pair")


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
    """Exact, cells and shapes of each answer."""
    alike = [
        one is not None and one.shape == two.shape for one, two in zip(said, right, strict=True)
    ]
    cells = [
        float((one == two).mean()) if same else 0.0
        for one, two, same in zip(said, right, alike, strict=True)
    ]
    return {
        "grid_exact": [float(c == 1) for c in cells],
        "grid_cells": cells,
        "grid_shape": [*map(float, alike)],
    }


@torch.no_grad()
def scores(model: nn.Module, name: str, examples: int, side: int) -> dict[str, list[float]]:
    """By metric, a score for each example of a column."""
    out: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for batch in column(name, examples, side):
        for metric, values in judged(answers(model, batch, side), wanted(batch)).items():
            out[metric] += values
        right = (model(batch).argmax(-1) == batch.target) | (batch.target == PAD)
        out["grid_forced"] += right.all(1).float().tolist()
    return out


def floors(name: str, examples: int, side: int, seed: int) -> dict[str, dict[str, list[float]]]:
    """By floor and metric, a score for each example: what needs no network at all."""
    out: dict[str, dict[str, list[float]]] = {floor: {} for floor in FLOORS}
    asked = replace(COLUMNS["rule_named"], size=256, split="train", sides=(3, side))
    known = [family.draw(asked, seed, n)[0] for n in range(24)]
    for batch in column(name, examples, side):
        queries, right = [query(row) for row in batch.source], wanted(batch)
        said = {
            "majority colour": [np.full_like(q, np.bincount(q.ravel()).argmax()) for q in queries],
            "query itself": queries,
            "first cell repeated": [np.full_like(q, q[0, 0]) for q in queries],
            "nearest grid pair": _nearest(batch, known),
        }
        for floor, grids in said.items():
            values = judged(grids, right)
            for metric in METRICS:
                kept = values["grid_exact" if metric == "grid_forced" else metric]
                out[floor].setdefault(metric, []).extend(kept)
    return out


def query(source: torch.Tensor) -> np.ndarray:
    """The grid of source tokens (S,)."""
    tokens = source[source != PAD]
    rows = int((tokens >= COLOURS).sum())
    return tokens.view(rows, -1)[:, :-1].numpy()


def _nearest(batch: Batch, known: Sequence[Batch]) -> list[np.ndarray]:
    """For each query, the output of the nearest query (cells equal) among those of its context and
    of training examples of its shape, and of its rule where that is named."""
    same = [b for b in known if b.source.shape == batch.source.shape]
    same = [b for b in same if torch.equal(b.source[0] > 9, batch.source[0] > 9)]
    shape = batch.context_in.shape[2:]
    ins = [b.source for b in same]
    outs, tasks = [b.target for b in same], [b.task for b in same]
    found = []
    for n in range(len(batch)):
        best, answer = -1, np.full(shape, batch.source[n, 0])
        for one, two in zip(batch.context_in[n], batch.context_out[n], strict=True):
            equal = int((one.flatten() == torch.from_numpy(query(batch.source[n])).flatten()).sum())
            if equal > best and bool((two != PAD).all()):
                best, answer = equal, two.numpy()
        for sources, targets, rules in zip(ins, outs, tasks, strict=True):
            equal = ((sources == batch.source[n]) & (sources < COLOURS)).sum(1)
            equal = torch.where((rules == batch.task[n]) | (batch.task[n] == 0), equal, -1)
            if int(equal.max()) > best:
                best, answer = int(equal.max()), grid(targets[int(equal.argmax())].tolist())
        found.append(answer)
    return found


def voted(
    model: nn.Module, name: str, examples: int, side: int, seed: int
) -> Mapping[str, list[float]]:
    """pass@1 and pass@2 by example, of the most frequent answers over the eight turns and mirrors,
    each in renamed colours: the context is turned with the query, so that only rules that are shown
    may be voted on.
    """
    rng, out = np.random.default_rng(seed), {"pass@1": [], "pass@2": []}
    for batch in column(name, examples, side):
        votes: list[Counter] = [Counter() for _ in range(len(batch))]
        for view, back in zip(VIEWS, BACK, strict=True):
            colours = rng.permutation(COLOURS)
            for n, said in enumerate(answers(model, _seen(batch, view, colours), side)):
                if said is not None:
                    turned = back(np.argsort(colours)[said])
                    votes[n][(turned.shape, turned.tobytes())] += 1
        for count, right in zip(votes, wanted(batch), strict=True):
            best = [key for key, _ in count.most_common(2)]
            hit = [key == (right.shape, right.tobytes()) for key in best]
            out["pass@1"].append(float(any(hit[:1])))
            out["pass@2"].append(float(any(hit)))
    return out


def _seen(batch: Batch, view, colours: np.ndarray) -> Batch:
    """A batch of one shape with every grid turned, and its colours renamed."""

    def turned(grids: np.ndarray) -> np.ndarray:
        names = np.concatenate([colours, [PAD]])[grids]
        return np.stack([view(one) for one in names.reshape(-1, *grids.shape[-2:])])

    queries = np.stack([query(row) for row in batch.source])
    outputs = np.stack(wanted(batch))
    context = [
        turned(part.numpy()).reshape(len(batch), part.shape[1], *turned(part.numpy()).shape[-2:])
        for part in (batch.context_in, batch.context_out)
    ]
    return batch_of(turned(queries), turned(outputs), batch.task.numpy(), *context)


def examples_of(name: str, examples: int, side: int) -> str:
    """A digest of a column's examples, that pairs two runs."""
    return digest([b.source.tolist() + b.target.tolist() for b in column(name, examples, side)])


def measured(model: nn.Module, settings: ArcParams) -> tuple[dict, dict[str, Scores], dict]:
    """Metrics of a result, scores by example, and facts: which examples are exactly right, as a
    text of 0 and 1 by column, and votes where the rung reads context.
    """
    metrics, kept, right = {}, {}, {}
    for name in COLUMNS:
        mine = scores(model, name, settings.examples, settings.side)
        models = {
            "ladder network": mine,
            **floors(name, settings.examples, settings.side, settings.seed),
        }
        metrics[name] = {
            key: {metric: bootstrap(values) for metric, values in one.items()}
            for key, one in models.items()
        }
        kept[name] = Scores(examples_of(name, settings.examples, settings.side), mine)
        right[name] = "".join(str(int(value)) for value in mine["grid_exact"])
    facts: dict = {"right": right}
    if RUNGS[settings.rung].context:
        votes = voted(model, "rule_shown", settings.examples // 4, settings.side, settings.seed)
        facts["votes"] = {name: bootstrap(values) for name, values in votes.items()}
    return metrics, kept, facts


def values(metrics: Mapping, settings: ArcParams) -> dict[str, float]:
    """What the gates judge: only the rung with context promises anything of shown rules."""
    exact = {name: metrics[name]["ladder network"]["grid_exact"].value for name in COLUMNS}
    if RUNGS[settings.rung].context:
        controls = max(exact["context_blank"], exact["context_shuffled"], exact["context_wrong"])
        shown = {"arc_hidden": exact["rule_shown"], "arc_composed": exact["composition_shown"]}
        return shown | {"arc_controls": controls, "arc_visible": exact["rule_named"]}
    return (
        {"arc_other_colours": exact["rule_named_new_colours"]}
        if RUNGS[settings.rung].equivariant
        else {}
    )
