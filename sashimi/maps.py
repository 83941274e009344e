"""A map of things in two dimensions: UMAP's layout, a figure of it, and a page to point at.

The layout shows neighbourhoods. Distances between clusters and their sizes mean nothing in it, so
no number is taken from it.

Letters: N points, E width, P panels.
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

from sashimi import cache, plots

MARKERS = ("o", "^", "s")
UNKNOWN = "not asked"
"""A class that is drawn in grey."""
PAGE = Path(__file__).with_suffix(".html")


def umap(vectors: np.ndarray, neighbours: int, seed: int, metric: str) -> np.ndarray:
    """UMAP's layout (N, 2) of vectors (N, E) by one of its metrics, through the tensor cache.

    Seeded, on one thread: the same vectors give the same layout (McInnes et al. 2018).
    """
    version = importlib.metadata.version("umap-learn")
    content = hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
    key = ["umap", version, content, str(vectors.shape), str(neighbours), str(seed), metric]
    return cache.fetch(key, lambda: {"layout": _umap(vectors, neighbours, seed, metric)})[
        "layout"
    ].numpy()


def _umap(vectors: np.ndarray, neighbours: int, seed: int, metric: str) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its optional parts that are not installed
        from umap import UMAP

    fitted = UMAP(n_neighbors=neighbours, metric=metric, random_state=seed, n_jobs=1)
    return torch.from_numpy(fitted.fit_transform(vectors).astype(np.float32))


def figure(
    points: np.ndarray, panels: Mapping[str, Sequence[str]], known: Sequence[str] = ()
) -> Figure:
    """One panel a colouring: ``panels[title]`` gives each point's class; those that are ``known``
    are listed in their order behind the others, which go by name.

    Classes have a colour and a marker each, so that thirteen are told apart.
    """
    with matplotlib.rc_context(plots.STYLE):
        picture = plots.Picture(figsize=(4.6 * len(panels), 5.6), layout="constrained", dpi=110)
        for axes, (title, classes) in zip(
            np.atleast_1d(picture.subplots(1, len(panels))), panels.items(), strict=True
        ):
            for number, name in enumerate(_order(classes, known)):
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


def page(
    points: np.ndarray,
    texts: Sequence[str],
    panels: Mapping[str, Sequence[str]],
    known: Sequence[str] = (),
) -> str:
    """HTML of a map that shows a text under the pointer and changes its colouring, with its data
    and its script inside; classes as in `figure`."""
    data = {
        "points": np.round(points, 3).tolist(),
        "texts": list(texts),
        "panels": {
            title: {
                "names": _order(classes, known),
                "colours": [_colour(n, i) for i, n in enumerate(_order(classes, known))],
                "of": [_order(classes, known).index(c) for c in classes],
            }
            for title, classes in panels.items()
        },
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    name = "map" + hashlib.sha256(text.encode()).hexdigest()[:12]
    options = "".join(f"<option>{escape(title)}</option>" for title in panels)
    page = Template(PAGE.read_text(encoding="utf-8"))
    return page.substitute(name=name, options=options, data=text)


def _order(classes: Sequence[str], known: Sequence[str]) -> list[str]:
    return sorted(set(classes), key=lambda c: (known.index(c) if c in known else -1, c))


def _colour(name: str, number: int) -> str:
    return "#cccccc" if name == UNKNOWN else plots.COLOURS[number % len(plots.COLOURS)]
