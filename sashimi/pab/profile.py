"""A run's trajectory as one value: the raw series first, and what was derived from them.

`Profile.load(path)` reads what `Profile.save(path)` wrote, or the journal of a run that was
killed before it could write one.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sashimi import display
from sashimi.errors import BadInput
from sashimi.files import write_text
from sashimi.pab import journal
from sashimi.pab.derive import NOTHING, derive, summarise
from sashimi.pab.paper import paper_summary
from sashimi.pab.parameters import Parameters
from sashimi.pab.progress import progression
from sashimi.pab.series import Counts, Series, restore

SCHEMA = 1
FILE = "pab_profile.json"
JOURNAL = "journal.jsonl"
SCALARS = ("train_loss", "val_loss", "learning_rate", "gradient_norm", "representation_evolution")
COUNTED = ("tiers", "domains", "actions")
RAW: dict[str, type[Series] | type[Counts]] = {
    "scalars": Series,
    "components": Series,
    **dict.fromkeys((*COUNTED, "weights"), Counts),
}
"""What the fields of a profile hold by name; `shares` hold counts by group and name."""
_STARTED = ("seed", "config_digest", "interval", "same_loss", "versions", "started")


@dataclass(frozen=True)
class Origin:
    """Where a profile comes from. `status`: completed, interrupted, or what `finish` was told."""

    status: str
    seed: int | None
    config_digest: str | None
    interval: int
    same_loss: bool  # train and validation loss are the same quantity
    versions: dict[str, str]
    started: str  # ISO 8601, UTC
    seconds: float  # of the run, pauses between resumes left out
    overhead_seconds: float  # of which spent in the tracker
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Profile:
    """Raw series of a run, by name, and the values derived from them under `parameters`."""

    origin: Origin
    scalars: dict[str, Series]
    components: dict[str, Series]
    tiers: dict[str, Counts]
    domains: dict[str, Counts]
    actions: dict[str, Counts]
    weights: dict[str, Counts]  # "trits", "signs": of total, how many are unchanged
    parameters: Parameters = field(default_factory=Parameters)
    shares: dict[str, dict[str, Counts]] = field(default_factory=dict)  # groups of any name
    derived: dict[str, Series] = field(default_factory=dict)
    progress: dict[str, dict] = field(default_factory=dict)
    numbers: dict = field(default_factory=dict)

    def __repr__(self) -> str:
        count = len(self.scalars["train_loss"])
        where = f"{count} checkpoints to step {self.last_step()}" if count else "no checkpoint"
        return f"Profile({self.origin.status}, seed {self.origin.seed}, {where})"

    def _repr_html_(self) -> str:
        known = [(k, v) for k, v in self.numbers.items() if isinstance(v, (int, float, str))]
        return display.table(repr(self), [(k.replace("_", " "), _short(v)) for k, v in known])

    def summary(self, paper_compatible: bool = False) -> dict:
        """Single numbers of the run, None where a value was not measured.

        `paper_compatible` gives those of the published plan, with its placeholders.
        """
        return paper_summary(self) if paper_compatible else dict(self.numbers)

    def groups(self) -> tuple[str, ...]:
        """The groups of counted series: the usual three, and those under names of the study."""
        return (*COUNTED, *self.shares)

    def group(self, name: str) -> dict[str, Counts]:
        """The counted series of a group; BadInput for one that the run has not."""
        if name not in self.groups():
            raise BadInput(f"no group {name!r}; one of {', '.join(self.groups())}")
        return self.shares[name] if name in self.shares else getattr(self, name)

    def series(self, name: str) -> Series | None:
        """A raw or derived series by name (also "tiers/tier1", "components/ce"), or None."""
        if "/" in name:
            group, key = name.split("/", 1)
            if group == "components":
                return self.components.get(key)
            counts = self.group(group).get(key)
            return None if counts is None else counts.series()
        return self.derived.get(name, self.scalars.get(name))

    def last_step(self) -> int:
        """The last step with a training loss, -1 when nothing was recorded."""
        steps = self.scalars["train_loss"].steps
        return int(steps[-1]) if len(steps) else -1

    def until(self, step: float) -> "Profile":
        """The profile that the run had at `step`."""

        def cut(named: dict) -> dict:
            kept = {name: series.until(step) for name, series in named.items()}
            return {name: s for name, s in kept.items() if len(s) or name == "train_loss"}

        short: dict[str, Any] = {name: cut(getattr(self, name)) for name in RAW}
        shares = {name: cut(named) for name, named in self.shares.items()}
        return replace(self, **short, shares=shares).recompute()

    def recompute(self, parameters: Parameters | None = None) -> "Profile":
        """The same raw series with everything derived anew, under `parameters` if given."""
        fresh = replace(self, parameters=parameters or self.parameters, derived={}, progress={})
        fresh = replace(fresh, derived=derive(fresh))
        fresh = replace(fresh, progress=progression(fresh))
        return replace(fresh, numbers=summarise(fresh))

    def as_dict(self) -> dict:
        """Plain values, ready for strict JSON."""
        return {
            "schema": SCHEMA,
            "origin": {**vars(self.origin), "notes": list(self.origin.notes)},
            "parameters": asdict(self.parameters),
            **{name: _plain(getattr(self, name)) for name in (*RAW, "derived")},
            **({"shares": {k: _plain(v) for k, v in self.shares.items()}} if self.shares else {}),
            "progress": self.progress,
            "summary": self.numbers,
        }

    def save(self, path: str | Path) -> Path:
        """Write strict JSON to `path`, or into it when it is a folder; all or nothing."""
        path = Path(path)
        path = path / FILE if path.is_dir() else path
        text = json.dumps(self.as_dict(), allow_nan=False, indent=1, sort_keys=True)
        write_text(path, text + "\n")
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Profile":
        """Read a profile file, a journal (`.jsonl`), or a run's folder that holds either.

        Raises BadInput when there is none, when it is not JSON, or of another schema.
        """
        path = Path(path)
        if path.is_dir():
            path = path / FILE if (path / FILE).exists() else path / JOURNAL
        if not path.exists():
            raise BadInput(f"no profile at {path}; run with a tracker on that folder first")
        if path.suffix == ".jsonl":
            entries, note = journal.read(path)
            return from_entries(path, entries, note)
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(f"{path}: not a JSON profile ({error}); rerun to replace it") from error
        return _from_dict(path, raw)


def _plain(named: dict) -> dict:
    return {name: series.as_dict() for name, series in named.items()}


def _read(kind: type[Series] | type[Counts], raw: dict) -> dict[str, Any]:
    return {name: kind.from_dict(value) for name, value in raw.items()}


def _from_dict(path: Path, raw: dict) -> Profile:
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise BadInput(f"{path}: not a profile of schema {SCHEMA}; rerun to replace it")
    try:
        held: dict[str, Any] = {name: _read(kind, raw[name]) for name, kind in RAW.items()}
        return Profile(
            origin=Origin(**{**raw["origin"], "notes": tuple(raw["origin"]["notes"])}),
            parameters=Parameters.from_dict(raw["parameters"]),
            **held,
            shares={group: _read(Counts, named) for group, named in raw.get("shares", {}).items()},
            derived=_read(Series, raw["derived"]),
            progress=raw["progress"],
            numbers=raw["summary"],
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadInput(f"{path}: damaged profile ({error!r}); rerun to replace it") from error


def from_entries(path: Path, entries: list[dict], note: str | None = None) -> Profile:
    """The profile that journal entries tell; `path` names their file in errors.

    A journal without a "finish" entry is of an interrupted run.
    """
    if not entries or entries[0]["kind"] != "start":
        raise BadInput(f"{path}: the journal has no first line; start with resume=False")
    if entries[0].get("schema", SCHEMA) != SCHEMA:
        raise BadInput(f"{path}: a journal of another schema than {SCHEMA}; start anew")
    try:
        return _from_entries(entries, note)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: damaged journal ({error!r}); start with resume=False") from error


def _from_entries(entries: list[dict], note: str | None) -> Profile:
    start = entries[0]
    records = [entry for entry in entries if entry["kind"] == "record"]
    end = entries[-1] if entries[-1]["kind"] == "finish" else None
    times = end or (records[-1] if records else {"seconds": 0.0, "overhead": 0.0})
    notes = [e["note"] for e in entries if e["kind"] == "resume"] + ([note] if note else [])
    origin = Origin(
        status=end["status"] if end else "interrupted",
        seconds=times["seconds"],
        overhead_seconds=times["overhead"],
        notes=tuple(notes),
        **{key: start[key] for key in _STARTED},
    )
    groups = dict.fromkeys(group for r in records for group in r.get("shares", {}))
    counted: dict[str, Any] = {name: _counted(records, name) for name in COUNTED}
    return Profile(
        origin=origin,
        parameters=Parameters.from_dict(start["parameters"]),
        scalars={"train_loss": NOTHING} | _scalars(records),
        components=_components(records),
        **counted,
        weights=_weights(records),
        shares={
            group: _counted([{**r.get("shares", {}), "step": r["step"]} for r in records], group)
            for group in groups
        },
    ).recompute()


def _named(points: Iterable[tuple], kind: type[Series] | type[Counts]) -> dict[str, Any]:
    """Points (name, step, values …) as a series of each name, in the order of first appearance."""
    rows: dict[str, list] = {}
    for name, *point in points:
        rows.setdefault(name, []).append(point)
    return {name: kind(*map(np.array, zip(*found, strict=True))) for name, found in rows.items()}


def _value(record: dict, key: str, value: float | None) -> float:
    return restore(value, record.get("status", {}).get(key))


def _scalars(records: list[dict]) -> dict[str, Series]:
    points = ((n, r["step"], _value(r, n, r[n])) for r in records for n in SCALARS if n in r)
    return _named(points, Series)


def _components(records: list[dict]) -> dict[str, Series]:
    points = (
        (name, r["step"], _value(r, f"components/{name}", value))
        for r in records
        for name, value in r.get("components", {}).items()
    )
    return _named(points, Series)


def _counted(records: list[dict], group: str) -> dict[str, Counts]:
    points = ((name, r["step"], *pair) for r in records for name, pair in r.get(group, {}).items())
    return _named(points, Counts)


def _weights(records: list[dict]) -> dict[str, Counts]:
    """Unchanged of total; the first sight of weights, which changes nothing, is left out."""
    pairs = ((r, n) for r in records for n in ("trits", "signs") if r.get(n, [None])[0] is not None)
    return _named(((name, r["step"], *r[name]) for r, name in pairs), Counts)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
