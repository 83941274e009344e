"""Stop/go rules, written and committed before the runs that they judge.

    Gate("compiles", metric="compile_strict", at_least=0.85, noise=0.01, z=3)
        .judge([0.875, 0.871, 0.880, 0.874])

One value a run (a seed). The mean must clear the threshold by ``z * s / sqrt(n)``, where `s` is
the larger of the noise stated beforehand and the spread (sample standard deviation) that the runs
show: too small a guess of the noise cannot buy a "go". Fewer than `min_n` runs, or a value that is
missing or not finite, is "not-evaluable".
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from html import escape
from numbers import Real
from pathlib import Path
from typing import Any

from sashimi import display
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.params import read_mapping, refuse_unknown

GO, STOP, NOT_EVALUABLE = "go", "stop", "not-evaluable"


@dataclass(frozen=True)
class Verdict:
    """What a gate says of some runs. `margin` is in the metric's unit, positive on the good side.

    `needed` is the margin that the noise asks for: "go" means ``margin >= needed``. `evidence`
    says where the value comes from, such as a checkpoint or a domain.
    """

    gate: str
    decision: str
    value: float | None
    threshold: float
    margin: float | None
    needed: float | None
    n: int
    reason: str
    evidence: dict = field(default_factory=dict)

    def as_dict(self) -> dict:
        return dict(vars(self))

    def _repr_html_(self) -> str:
        value = "n/a" if self.value is None else f"{self.value:.4g}"
        told = f"{self.gate}: {value}, threshold {self.threshold:.4g}; {self.reason} (n = {self.n})"
        return f"{display.mark(self.decision)} {escape(told)}"


@dataclass(frozen=True)
class Gate:
    """One rule on the mean of `metric` over runs: exactly one of `at_least`, `at_most`.

    `noise` is the standard deviation of a run that is expected beforehand, `z` how many standard
    errors the mean must clear, `min_n` how many runs are evidence. `why` is for the reader.
    Raises BadInput when the rule makes no sense.
    """

    name: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    noise: float = 0.0
    z: float = 3.0
    min_n: int = 3
    why: str = ""

    def __post_init__(self):
        for key in ("name", "metric", "why"):
            if not isinstance(getattr(self, key), str):
                raise BadInput(f"gate {self.name!r}: {key} must be text")
        if (self.at_least is None) == (self.at_most is None):
            raise BadInput(f"gate {self.name!r}: give exactly one of at_least and at_most")
        for key in ("threshold", "noise", "z", "min_n"):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise BadInput(f"gate {self.name!r}: {key} is {value!r}; give a number")
            if not math.isfinite(value):
                raise BadInput(f"gate {self.name!r}: {key} is not finite")
        if self.noise < 0 or self.z < 0 or self.min_n < 1 or self.min_n != int(self.min_n):
            raise BadInput(f"gate {self.name!r}: noise, z must be >= 0, min_n a count >= 1")

    @property
    def threshold(self) -> float:
        (bound,) = (end for end in (self.at_least, self.at_most) if end is not None)
        return bound

    def judge(
        self, values: Iterable[float | None] | float | None, evidence: dict | None = None
    ) -> Verdict:
        """Judge one value a run; None and NaN are allowed, and are never "go"."""
        listed = [values] if isinstance(values, (Real, float)) or values is None else list(values)
        known = [math.nan if value is None else float(value) for value in listed]
        missing = sum(not math.isfinite(value) for value in known)
        n = len(known) - missing
        value = math.fsum(known) / n if n and not missing else None
        margin = needed = None
        if value is not None:
            margin = (value - self.threshold) * (1 if self.at_most is None else -1)
        if value is None or margin is None or n < self.min_n:
            lost = f"; {missing} of {len(known)} missing or not finite" if missing else ""
            decision, reason = NOT_EVALUABLE, f"{n} runs, {self.min_n} needed{lost}"
        else:
            squares = math.fsum((x - value) ** 2 for x in known)
            spread = math.sqrt(squares / (n - 1)) if n > 1 else 0.0
            needed = self.z * max(self.noise, spread) / math.sqrt(n)
            decision, reason = GO if margin >= needed else STOP, _reason(margin, needed)
        told = (value, self.threshold, margin, needed, n, reason, dict(evidence or {}))
        return Verdict(self.name, decision, *told)


def _reason(margin: float, needed: float) -> str:
    if margin < 0:
        return f"misses the threshold by {-margin:.4g}"
    if margin < needed:
        return f"clears the threshold by {margin:.4g}, less than the noise asks for ({needed:.4g})"
    return f"clears the threshold by {margin:.4g}, {needed:.4g} needed"


def load(path: str | Path) -> dict[str, Gate]:
    """The gates of a YAML file, by name: a mapping from each gate's name to its fields.

    Raises BadInput naming the file and gate for an unknown, doubled or missing key.
    """
    raw = read_mapping(path)
    if not raw:
        raise BadInput(f"{path}: expected a mapping from gate names to rules")
    return {name: _gate(path, name, rule) for name, rule in raw.items()}


def judge(
    values: Mapping[str, float | Sequence[float] | None], rules: Mapping[str, Gate] | None = None
) -> list[dict]:
    """The verdicts of every rule on one of these metrics, as a result keeps them.

    ``values`` holds one number by metric, or one a seed; ``rules`` are the gates of
    ``reports/gates.yaml`` unless others are given.
    """
    chosen = load(root() / "reports" / "gates.yaml") if rules is None else rules
    return [
        rule.judge(values[rule.metric]).as_dict()
        for rule in chosen.values()
        if rule.metric in values
    ]


def _gate(path: str | Path, name: str, rule: Any) -> Gate:
    known = [f.name for f in fields(Gate) if f.name != "name"]
    if not isinstance(rule, dict) or "metric" not in rule:
        raise BadInput(f"{path}: gate {name!r} needs a mapping with metric, of {', '.join(known)}")
    refuse_unknown(rule, dict.fromkeys(known), f"{path}: gate {name!r}")
    try:
        return Gate(name=name, **rule)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
