"""Training a network on windows, keeping it, and loading it back with proof that it is the same.

Letters: R windows, B rows of a batch, C chunks of context, D width, M other chunks.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from sashimi import cache, train
from sashimi.errors import BadInput
from sashimi.files import digest
from sashimi.studies.next_embedding import measure, models
from sashimi.studies.next_embedding.rows import Windows
from sashimi.study import MODEL, Check

TEMPERATURE = 0.1
OTHERS = 32
"""Chunks of the same document that the contrastive term draws for each row."""
DRAWN = 8
"""Samples of a row in the energy loss."""
HYBRID = 0.3
"""Share of a batch that a second source of windows has."""
PROBE = 32
"""Rows whose predictions a checkpoint keeps."""
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Recipe:
    """How a network is trained."""

    kind: str
    epochs: int
    batch: int = 64
    learning_rate: float = 5e-4
    context: int = 5
    seed: int = 0


@dataclass
class History:
    """Validation cosine after each epoch, and whether a gate ended the training."""

    val: list[float] = field(default_factory=list)
    aborted: bool = False


class Aborted(Exception):
    """An epoch's gate said stop."""


def batches(rows: Windows, size: int, seed: int) -> Callable[[int], Windows]:
    """The batch of a step, counted from 1, as a function of the step alone: each epoch is a new
    order, and what is left over at its end is not used in it.
    """
    count = len(rows) // size

    @lru_cache(maxsize=1)
    def order(epoch: int) -> np.ndarray:
        return np.random.default_rng([seed, epoch]).permutation(len(rows))

    def drawn(step: int) -> Windows:
        epoch, at = divmod(step - 1, count)
        return rows.take(order(epoch)[at * size : (at + 1) * size])

    return drawn


def fit(
    recipe: Recipe,
    rows: Windows,
    val: Windows,
    directory: Path,
    model: nn.Module | None = None,
    gate: Callable[[int, float], bool] = lambda epoch, cosine: True,
    also: Windows | None = None,
    say: Callable[[str], None] = print,
) -> tuple[nn.Module, History]:
    """A network trained by `sashimi.train.fit`, each head with the weights of its best epoch by
    ``val``.

    ``model`` is where it begins (a warm start, or a closed-form base), else a fresh one of the
    seed. ``gate(epoch, cosine)`` False ends the training there. Of ``also``, windows of any length,
    `HYBRID` of every batch is taken. Raises BadInput for rows of another context length.
    """
    if rows.places.shape[1] - 1 != recipe.context:
        raise BadInput(f"windows of {rows.places.shape[1] - 1} chunks, not {recipe.context}")
    train.seed_everything(recipe.seed)
    model = model or models.build(recipe.kind, recipe.context)
    history, kept, best = History(), {}, {}
    drawn, epoch = _drawn(recipe, rows, also)

    def observe() -> Mapping[str, float]:
        history.val.append(cosine(model, val))
        for head, score in _heads(model, val, history.val[-1]).items():
            if score >= best.get(head, -np.inf):
                best[head] = score
                kept.update(copy.deepcopy(_part(model, head)))
        if not gate(len(history.val), history.val[-1]):
            raise Aborted
        return {"val_loss": (2 - 2 * history.val[-1]) / rows.vectors.shape[1]}

    schedule = train.Schedule(
        recipe.epochs * epoch, recipe.learning_rate, observe_every=epoch, checkpoint_every=10**9
    )
    try:
        train.fit(
            model, loss, drawn, schedule, directory,
            seed=recipe.seed, config_digest=digest(vars(recipe)), observe=observe, say=say,
        )  # fmt: skip
    except Aborted:
        history.aborted = True
    model.load_state_dict(model.state_dict() | kept)
    return model.eval(), history


def _drawn(
    recipe: Recipe, rows: Windows, also: Windows | None
) -> tuple[Callable[[int], list[Windows]], int]:
    """The batch of a step, from one source or two, and how many steps an epoch of rows has."""
    second = 0 if also is None else max(1, round(HYBRID * min(recipe.batch, len(also))))
    size = min(recipe.batch, len(rows)) - second
    sources = [batches(rows, size, recipe.seed)]
    if also is not None:
        sources.append(batches(also, second, recipe.seed))
    return lambda step: [source(step) for source in sources], len(rows) // size


def _heads(model: nn.Module, val: Windows, cosine: float) -> dict[str, float]:
    """What chooses the epoch of each head: the cosine, and the query's mean reciprocal rank."""
    if not isinstance(model, models.Residual):
        return {"forward": cosine}
    rank = measure.ranks(predict(model, val.contexts, "query"), val)
    return {"forward": cosine, "query": float((1 / (1 + rank)).mean())}


def _part(model: nn.Module, head: str) -> dict[str, Tensor]:
    """The weights of a head, which share nothing."""
    state = model.state_dict()
    return {k: v for k, v in state.items() if (k in models.QUERY) == (head == "query")}


def loss(network: nn.Module, drawn: list[Windows]) -> tuple[Tensor, dict[str, float]]:
    """The plan's mean squared error of unit vectors, (2 - 2 cos) / D; for a network with samples
    their energy score instead; for one with a query the contrastive term of that head besides.
    """
    total, count = torch.zeros(()), sum(map(len, drawn))
    for rows in drawn:
        context, target = torch.from_numpy(rows.contexts), torch.from_numpy(rows.targets)
        if isinstance(network, models.Energy):
            value = _energy(network.samples(context, DRAWN), target)
        else:
            value = F.mse_loss(network(context), target)
        if isinstance(network, models.Residual):
            value = value + contrast(network.query(context), rows) / target.shape[1]
        total = total + value * len(rows) / count
    return total, {}


def _energy(samples: Tensor, target: Tensor) -> Tensor:
    """`measure.energy` with gradients, averaged over rows."""
    one, two = torch.triu_indices(samples.shape[1], samples.shape[1], 1)
    apart = (samples[:, one] - samples[:, two]).norm(dim=-1).mean()
    return (samples - target[:, None]).norm(dim=-1).mean() - apart / 2


def contrast(query: Tensor, rows: Windows) -> Tensor:
    """InfoNCE (van den Oord et al. 2018) of the target among M other chunks of its document, the
    context left out.
    """
    start, end = rows.starts[rows.document], rows.starts[rows.document + 1]
    random = torch.rand(len(rows), OTHERS, dtype=torch.float64).numpy()
    others = start[:, None] + (random * (end - start)[:, None]).astype(int)  # (B, M)
    used = (others[:, :, None] == rows.places[:, None]).any(-1)
    near = (torch.from_numpy(rows.vectors[others]) @ query[:, :, None])[..., 0]
    right = (query * torch.from_numpy(rows.targets)).sum(-1, keepdim=True)
    near = near.masked_fill(torch.from_numpy(used), -torch.inf)
    labels = torch.zeros(len(rows), dtype=torch.long)
    return F.cross_entropy(torch.cat([right, near], 1) / TEMPERATURE, labels)


@torch.no_grad()
def predict(model: nn.Module, contexts: np.ndarray, head: str = "forward") -> np.ndarray:
    """What a head of a network gives for contexts (R, C, D), in evaluation mode: (R, D) float32."""
    training = model.training
    model.eval()
    parts = [getattr(model, head)(some) for some in torch.from_numpy(contexts).split(1024)]
    model.train(training)
    return torch.cat(parts).numpy()


def cosine(model: nn.Module, rows: Windows) -> float:
    """The mean cosine of predictions with targets."""
    return float((predict(model, rows.contexts) * rows.targets).sum(-1).mean())


def save(model: nn.Module, recipe: Recipe, contexts: np.ndarray, run_dir: str | Path) -> Path:
    """Writes ``model.safetensors``: weights, the class with its digest, the recipe, and what the
    network makes of the first `PROBE` contexts (R, C, D).
    """
    x = contexts[:PROBE]
    tensors = {f"model/{k}": v for k, v in model.state_dict().items()}
    tensors |= {"probe/x": torch.from_numpy(x), "probe/y": torch.from_numpy(predict(model, x))}
    known = vars(recipe)
    meta = {"recipe": known, "code": models.code(recipe.kind), "config": digest(known)}
    path = Path(run_dir) / MODEL
    cache.save(tensors, path, {"sashimi": json.dumps(meta)})
    return path


def load(run_dir: str | Path) -> nn.Module:
    """The network that evaluation uses. Raises BadInput where `parity` is red."""
    check = parity(run_dir)
    if not check.passed:
        raise BadInput(f"{check.evidence}; nothing is reported of this checkpoint")
    return _read(Path(run_dir) / MODEL)[0]


def parity(run_dir: str | Path) -> Check:
    """Whether a checkpoint, loaded as evaluation loads it, is the network that was saved: class
    name and source, digest of the configuration, and predictions equal to 1e-6 on the kept rows.
    """
    path = Path(run_dir) / MODEL
    try:
        problems = list(_problems(path))
    except BadInput as error:
        problems = [str(error)]
    evidence = "; ".join(problems) or f"{path}: class, configuration and predictions are the same"
    return Check("reload parity", not problems, evidence)


def _problems(path: Path) -> Iterator[str]:
    model, recipe, meta, probe = _read(path)
    if meta["code"] != models.code(recipe.kind):
        yield (
            f"{path}: saved by {meta['code']}, loaded by {models.code(recipe.kind)}: "
            "evaluate with the code that trained it, or train again"
        )
    if meta["config"] != digest(vars(recipe)):
        yield f"{path}: the configuration is not the one that was saved; train again"
    off = np.abs(predict(model, probe["x"]) - probe["y"]).max()
    if not off <= TOLERANCE:
        yield f"{path}: predictions differ by {off:.2g} from those at saving; train again"


def _read(path: Path) -> tuple[nn.Module, Recipe, dict, dict[str, np.ndarray]]:
    try:
        with safe_open(path, "pt") as file:
            meta = json.loads((file.metadata() or {})["sashimi"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        recipe = Recipe(**meta["recipe"])
        model = models.build(recipe.kind, recipe.context)
        part = {k.removeprefix("model/"): v for k, v in tensors.items() if k.startswith("model/")}
        model.load_state_dict(part)
        probe = {key: tensors[f"probe/{key}"].numpy() for key in "xy"}
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        told = str(error).splitlines()[0]
        raise BadInput(f"{path}: no checkpoint of this study ({told}); train again") from None
    return model.eval(), recipe, meta, probe
