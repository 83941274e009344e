"""A map of prompts in two dimensions: UMAP's layout, a figure of it, and a page to point at.

The layout shows neighbourhoods. Distances between clusters and their sizes mean nothing in it, so
no number is taken from it.

Letters: N prompts, E width, P panels.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import warnings
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure

from sashimi import cache, plots, scores
from sashimi.flagship.data.example import Corpus, Example, digest
from sashimi.program import tiers

MARKERS = ("o", "^", "s")
LENGTHS = ("1 to 3", "4 to 6", "7 to 12", "13 or more")
"""Buckets of a skeleton's length in Tier 1 tokens, its end among them."""
OUTCOMES = ("program exact", "skeleton exact", "wrong", "not asked")
PAGE = Path(__file__).with_name("layout.html")


def umap(vectors: np.ndarray, neighbours: int, seed: int) -> np.ndarray:
    """UMAP's layout (N, 2) of unit vectors (N, E) by cosine, through the tensor cache.

    Seeded, on one thread: the same vectors give the same layout (McInnes et al. 2018).
    """
    version = importlib.metadata.version("umap-learn")
    content = hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
    key = ["umap", version, content, str(vectors.shape), str(neighbours), str(seed)]
    return cache.fetch(key, lambda: {"layout": _umap(vectors, neighbours, seed)})["layout"].numpy()


def _umap(vectors: np.ndarray, neighbours: int, seed: int) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its optional parts that are not installed
        from umap import UMAP

    fitted = UMAP(n_neighbors=neighbours, metric="cosine", random_state=seed, n_jobs=1)
    return torch.from_numpy(fitted.fit_transform(vectors).astype(np.float32))


def length(example: Example) -> str:
    """The bucket of `LENGTHS` that a program's skeleton is in."""
    size = len(tiers.skeleton(tiers.without_comments(example.program)))
    return LENGTHS[sum(size > edge for edge in (3, 6, 12))]


def outcomes(run_dir: str | Path, corpus: Corpus) -> dict[str, str]:
    """Example id to the `OUTCOMES` of a trained run on it; ``{}`` where there is no such run.

    A run on other examples is no run on these: their digest is compared.
    """
    found = {}
    for split, own in scores.read(run_dir).items():
        if "/" in split:  # another model's
            continue
        part = getattr(corpus, split)
        if own.examples != digest(part):
            continue
        for row, example in enumerate(part):
            whole, skeleton = (own.values[k][row] for k in ("program_exact", "skeleton_exact"))
            found[example.id] = OUTCOMES[0] if whole else OUTCOMES[1] if skeleton else OUTCOMES[2]
    return found


def figure(points: np.ndarray, panels: Mapping[str, Sequence[str]]) -> Figure:
    """One panel a colouring: ``panels[title]`` gives each point's class, drawn in the order given.

    Classes have a colour and a marker each, so that thirteen are told apart.
    """
    with matplotlib.rc_context(plots.STYLE):
        picture = plots.Picture(figsize=(4.6 * len(panels), 5.6), layout="constrained", dpi=110)
        for axes, (title, classes) in zip(
            np.atleast_1d(picture.subplots(1, len(panels))), panels.items(), strict=True
        ):
            for number, name in enumerate(_order(classes)):
                own = points[[c == name for c in classes]]
                axes.scatter(
                    own[:, 0],
                    own[:, 1],
                    s=7,
                    alpha=0.7,
                    linewidths=0,
                    color=_colour(name, number),
                    marker=MARKERS[number // len(plots.COLOURS) % len(MARKERS)],
                    label=f"{name} ({len(own)})",
                )
            axes.set_title(title, loc="left", fontsize=11)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.legend(
                frameon=False, fontsize=8, markerscale=2, ncols=2, loc="upper left",
                bbox_to_anchor=(0, -0.01),
            )  # fmt: skip
    return picture


def page(points: np.ndarray, texts: Sequence[str], panels: Mapping[str, Sequence[str]]) -> str:
    """HTML of a map that shows a prompt under the pointer and changes its colouring, with its data
    and its script inside."""
    data = {
        "points": np.round(points, 3).tolist(),
        "texts": list(texts),
        "panels": {
            title: {
                "names": _order(classes),
                "colours": [_colour(n, i) for i, n in enumerate(_order(classes))],
                "of": [_order(classes).index(c) for c in classes],
            }
            for title, classes in panels.items()
        },
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    name = "map" + hashlib.sha256(text.encode()).hexdigest()[:12]
    options = "".join(f"<option>{escape(title)}</option>" for title in panels)
    page = Template(PAGE.read_text(encoding="utf-8"))
    return page.substitute(name=name, options=options, data=text)


def _order(classes: Sequence[str]) -> list[str]:
    """Classes as they are to be listed: known buckets in their order, others by name."""
    known = (*LENGTHS, *OUTCOMES)
    return sorted(set(classes), key=lambda c: (known.index(c) if c in known else -1, c))


def _colour(name: str, number: int) -> str:
    """A class's colour; what was not asked is grey."""
    return "#cccccc" if name == OUTCOMES[-1] else plots.COLOURS[number % len(plots.COLOURS)]
