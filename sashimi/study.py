"""A study as one value: what it asks, what it is told, what its numbers are, what it adds.

The runner, the matrix, the page, the README, ``sashimi doctor`` and ``sashimi bench`` know a study
by its `Study` alone. docs/new_study.md shows how to write one; `sashimi.registry` finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sashimi.params import REFERENCE, Params

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "model.safetensors"
"""What a run that trains leaves beside its result."""
PAGE = "run.html"
"""What every run leaves: the executed notebook as a page."""
SHARE = "share"
"""The unit of a score from 0 to 1."""


class _Checked(BaseModel):
    """Frozen, named fields only; a missing, unknown or wrong one is refused when it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(_Checked):
    """One number of ``metrics[split][model]`` in a result, and how to read it."""

    key: str
    heading: str
    """What a column is called."""
    better: Literal["high", "low"]
    """Which direction is better: a difference the other way is "worse", whatever its sign."""
    unit: str = SHARE
    """`SHARE`, or words such as "nats" or "bits a token"."""


class Scores(_Checked):
    """What the tables of a study are made of. Order is the order of rows and columns."""

    ours: str
    """The key of the study's own model in ``metrics[split]``."""
    floors: tuple[str, ...]
    """Keys of the models that anything worth having must beat."""
    splits: Mapping[str, str]
    """Keys of ``metrics`` with their headings."""
    metrics: tuple[Metric, ...]
    """Whether an answer is right."""
    decides: tuple[str, ...]
    """Keys of the metrics by which rows are compared, the first one before all."""
    held_out: tuple[str, ...]
    """The splits on which rows are compared, the first one before all."""
    form: tuple[Metric, ...] = ()
    """Whether an answer is well-formed: columns of their own, which never stand for being right."""
    against: str = ""
    """The floor to which ``differences[split][metric]`` of a result are paired; "" for none."""

    @model_validator(mode="after")
    def _consistent(self) -> Scores:
        keys = [metric.key for metric in (*self.form, *self.metrics)]
        rules = {
            "metrics: at least one is needed": self.metrics,
            "splits: at least one is needed": self.splits,
            "metrics, form: two have the same key": len(set(keys)) == len(keys),
            "floors: a floor is named like ours": self.ours not in self.floors,
            "decides: not among the metrics": {*self.decides} <= {m.key for m in self.metrics},
            "decides: at least one is needed": self.decides,
            "held_out: not among the splits": {*self.held_out} <= {*self.splits},
            "held_out: at least one is needed": self.held_out,
            "against: not among the floors": self.against in ("", *self.floors),
        }
        for what, holds in rules.items():
            if not holds:
                raise ValueError(what)
        return self

    def metric(self, key: str) -> Metric:
        """The metric of a key; KeyError if the study has none of it."""
        return {metric.key: metric for metric in (*self.form, *self.metrics)}[key]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: ``sashimi doctor`` prints it."""

    name: str
    passed: bool
    evidence: str
    """What was found, and the remedy if it is wrong."""

    def as_json(self) -> dict[str, Any]:
        """The check as a dictionary."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number of a bench: ``sashimi bench`` prints it."""

    what: str
    value: float
    unit: str
    n: int
    """Repetitions behind the value."""
    limit: float | None = None
    """What the value is held against, where something is promised."""

    def as_json(self) -> dict[str, Any]:
        """The measurement as a dictionary, without a limit that there is not."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads somewhere: a cell of a table."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the page with its caption."""

    figure: Figure | Path | str
    """A matplotlib figure, an SVG or PNG file, or the text of an SVG."""
    caption: str
    says: str = ""
    """What it shows, for those who do not see it; the caption unless more is to be said."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page. A cell is text, a number, an `Interval`, None, a `Link`, or a list of
    these, one a line, links beside each other; verdict words get their colour.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""
    folded: bool = False
    """Whether it is shown on demand."""
    groups: Sequence[tuple[str, int]] = ()
    """Titles over the heads, each with the number of columns it spans."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: strings are paragraphs."""

    title: str
    blocks: Sequence[str | Link | Picture | Table]
    note: str = ""


def nothing(settings: Params, folder: Path | None = None) -> None:
    """The check and the needs of a study that has no input beside its parameters."""


class Study(_Checked):
    """A question with its own parameters, notebooks and numbers."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Of its folders in ``params/`` and ``reports/``."""
    title: str
    """A few words: a heading of the page."""
    question: Annotated[str, Field(pattern=r"\?$")]
    """One sentence that ends with a question mark."""
    params: type[Params]
    """The model of its parameters; ``params/<name>/00_full.yaml`` states them all."""
    train: str
    """The notebook that makes a run; its parameters cell assigns every parameter, and ``run_dir``.
    """
    read: tuple[str, ...] = ()
    """Notebooks that read the finished run; they are given ``run_dir`` and what they assign."""
    check: Callable[[Any], None] = nothing
    """Raises BadInput for input that cannot be used, before anything is written."""
    needs: Callable[[Any, Path], None] = nothing
    """Raises BadInput where a run that these parameters build on is not there, from the parameters
    and the folder that the run will have; called as `check` is, but not for what a matrix plans."""
    keeps: str = MODEL
    """The file beside result.json that a finished run has; `PAGE` for a study that trains nothing.
    """
    leads: str = REFERENCE.removesuffix(".yaml")
    """The row that the README and ``sashimi generate`` speak of."""
    scores: Scores | None = None
    """What rows are compared by; None for a study whose gates and facts say it all."""
    answer: Callable[[Sequence[Any]], str] | None = None
    """One sentence from the `sashimi.report.read.Run` values of its leading row; "" where they lack
    the numbers. Without it the deciding score or the verdicts are told."""
    sections: Callable[[Sequence[Any]], Iterable[Section]] | None = None
    """Sections of the page that only this study draws, from its `sashimi.report.read.Run` values.
    """
    figures: Callable[[], Mapping[str, str]] | None = None
    """By file name, SVG that ``sashimi publish`` writes for the README."""
    bench: Mapping[str, Callable[..., list[Measurement]]] = {}
    """By name, what ``sashimi bench`` measures; one that makes inputs may take their ``count``."""
    checks: Callable[[], Iterable[Check]] | None = None
    """What ``sashimi doctor <name>`` looks at."""
