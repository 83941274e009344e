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
from dataclasses import dataclass, field
from html import escape
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from sashimi import display
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.params import Params, build, read_mapping

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


class Gate(Params):
    """One rule on the mean of `metric` over runs: exactly one of `at_least`, `at_most`.

    `noise` is the standard deviation of a run that is expected beforehand, `z` how many standard
    errors the mean must clear, `min_n` how many runs are evidence. `why` is for the reader.
    Raises pydantic's ValidationError when the rule makes no sense.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    name: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    noise: Annotated[float, Field(ge=0)] = 0.0
    z: Annotated[float, Field(ge=0)] = 3.0
    min_n: Annotated[int, Field(ge=1)] = 3
    why: str = ""

    def __init__(self, *in_order: Any, **rule: Any) -> None:
        super().__init__(**dict(zip(Gate.model_fields, in_order, strict=False)), **rule)

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least and at_most")
        return self

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
        return f"misses the threshold by {_plain(-margin)}"
    told, asked = _plain(margin), _plain(needed)
    if margin < needed:
        return f"clears the threshold by {told}, less than the noise asks for ({asked})"
    return f"clears the threshold by {told}, {asked} needed"


def _plain(value: float) -> str:
    """Four digits, or a large number whole; never "-0"."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value + 0.0:.4g}"


def load(path: str | Path) -> dict[str, Gate]:
    """The gates of a YAML file, by name: a mapping from each gate's name to its fields.

    Raises BadInput naming file, gate and key for a key that is unknown, doubled, missing or wrong.
    """
    raw = read_mapping(path)
    if not raw:
        raise BadInput(f"{path}: expected a mapping from gate names to rules")
    return {name: _gate(f"{path}: gate {name!r}", name, rule) for name, rule in raw.items()}


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


def _gate(source: str, name: str, rule: Any) -> Gate:
    if not isinstance(rule, dict) or "name" in rule:
        known = ", ".join(list(Gate.model_fields)[1:])
        raise BadInput(f"{source}: expected a mapping with keys of {known}")
    return build(Gate, {"name": name, **rule}, source)
