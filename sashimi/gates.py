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

import yaml

from sashimi import display
from sashimi.errors import BadInput
from sashimi.files import root

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
        if missing or n < self.min_n:
            lost = f"; {missing} of {len(known)} missing or not finite" if missing else ""
            reason = f"{n} runs, {self.min_n} needed{lost}"
            value = math.fsum(known) / n if n and not missing else None
            return self._verdict(NOT_EVALUABLE, value, None, n, reason, evidence)
        value = math.fsum(known) / n
        spread = math.sqrt(math.fsum((x - value) ** 2 for x in known) / (n - 1)) if n > 1 else 0.0
        needed = self.z * max(self.noise, spread) / math.sqrt(n)
        margin = self._margin(value)
        decision = GO if margin >= needed else STOP
        return self._verdict(decision, value, needed, n, _reason(margin, needed), evidence)

    def _margin(self, value: float) -> float:
        return (value - self.threshold) * (1 if self.at_most is None else -1)

    def _verdict(self, decision, value, needed, n, reason, evidence) -> Verdict:
        margin = None if value is None else self._margin(value)
        return Verdict(
            gate=self.name,
            decision=decision,
            value=value,
            threshold=self.threshold,
            margin=margin,
            needed=needed,
            n=n,
            reason=reason,
            evidence=dict(evidence or {}),
        )


def _reason(margin: float, needed: float) -> str:
    if margin < 0:
        return f"misses the threshold by {-margin:.4g}"
    if margin < needed:
        return f"clears the threshold by {margin:.4g}, less than the noise asks for ({needed:.4g})"
    return f"clears the threshold by {margin:.4g}, {needed:.4g} needed"


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key that is written twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            line = node.start_mark.line + 1
            raise BadInput(f"{self.name}:{line}: key {twice!r} is written twice; keep one")
        return super().construct_mapping(node, deep=deep)


def load(path: str | Path) -> dict[str, Gate]:
    """The gates of a YAML file, by name: a mapping from each gate's name to its fields.

    Raises BadInput naming the file and gate for an unknown, doubled or missing key.
    """
    path = Path(path)
    try:
        with open(path, encoding="utf-8") as file:
            raw = yaml.load(file, Loader=_Loader)
    except OSError as error:
        raise BadInput(f"cannot read gates {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path}: not YAML ({error})".replace("\n", " ")) from error
    if not isinstance(raw, dict) or not raw:
        raise BadInput(f"{path}: expected a mapping from gate names to rules")
    return {str(name): _gate(path, str(name), rule) for name, rule in raw.items()}


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


def _gate(path: Path, name: str, rule) -> Gate:
    known = [f.name for f in fields(Gate) if f.name != "name"]
    if not isinstance(rule, dict):
        raise BadInput(f"{path}: gate {name!r} needs a mapping with {', '.join(known)}")
    unknown = [key for key in rule if key not in known]
    if unknown:
        raise BadInput(f"{path}: gate {name!r}: unknown key {unknown[0]!r}; known: {known}")
    if "metric" not in rule:
        raise BadInput(f"{path}: gate {name!r}: metric is missing")
    try:
        return Gate(name=name, **rule)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
