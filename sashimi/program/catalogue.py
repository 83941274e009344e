"""What is known about actions: their parameters, types, listed values, inputs and outputs.

``catalogue.json`` is built by ``scripts/build_catalogue.py``, one action a line. An action's record
holds ``from`` (which sources name it), ``params``, ``in`` and ``out`` (content types), ``input``
(it needs one), ``output`` (the name its output is shown under) and ``os`` (the oldest iOS, with
``os_from``: stated, or derived from the absence among iOS 12's own definitions). A parameter's
record holds ``type``, ``from`` and, where known, ``enum``, ``units``, ``default``, ``required``,
``when`` (it is only valid if another parameter has, or has not, one of some values), ``displayed``
and ``bare`` (see ``ParamSpec``).

Sources: ``bench`` (signatures of ShortcutsBench), ``ios12`` (Apple's definitions of iOS 12),
``toolkit`` (keys and types of a current system), ``observed`` (seen in programs, no source names
it). ``loose`` marks an enum or a condition that real programs contradict or that a single source
states and no program has confirmed: it informs and does not condemn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files

from sashimi.program.names import short
from sashimi.program.spec import COMMON_KEYS, ActionSpec, Condition, ParamSpec, observed_type
from sashimi.program.tree import Program, Value, actions


@dataclass(frozen=True)
class Catalogue:
    """A set of actions; specs are made when they are first asked for."""

    _records: Mapping[str, dict]
    _specs: dict[str, ActionSpec] = field(default_factory=dict, repr=False, compare=False)

    def find(self, name: str) -> ActionSpec | None:
        """The action of a short or full name; None if it is not known."""
        name = short(name)
        if name not in self._specs:
            if name not in self._records:
                return None
            self._specs[name] = _spec(name, self._records[name])
        return self._specs[name]

    def names(self) -> tuple[str, ...]:
        """Every short name, sorted."""
        return tuple(sorted({*self._records, *self._specs}))

    def __len__(self) -> int:
        return len({*self._records, *self._specs})

    def extended(self, programs: Iterable[Program]) -> Catalogue:
        """This catalogue and, as ``observed``, what programs use that it does not know.

        Actions, keys and values of enums are added; such an enum is no longer trusted.
        """
        specs: dict[str, ActionSpec] = {}
        for program in programs:
            for action in actions(program):
                spec = specs.get(action.name) or self.find(action.name) or ActionSpec(action.name)
                specs[action.name] = _with_observed(spec, action.params)
        return Catalogue(self._records, {**self._specs, **specs})

    def additions(self) -> dict[str, dict]:
        """What differs from the package's catalogue, as JSON; `with_additions` is the inverse."""
        own = load()
        changed = {n: s for n, s in sorted(self._specs.items()) if s != own.find(n)}
        return {name: asdict(spec) for name, spec in changed.items()}


def with_additions(added: Mapping[str, Mapping]) -> Catalogue:
    """The package's catalogue with what `Catalogue.additions` wrote."""
    return Catalogue(load()._records, {name: _thawed(spec) for name, spec in added.items()})


def _thawed(spec: Mapping) -> ActionSpec:
    def condition(c: Mapping) -> Condition:
        return Condition(**{**c, "values": tuple(c["values"])})

    def parameter(p: Mapping) -> ParamSpec:
        tuples = {key: tuple(p[key]) for key in ("enum", "sources", "units", "forms") if key in p}
        return ParamSpec(**{**p, **tuples, "when": tuple(map(condition, p["when"]))})

    tuples = {key: tuple(spec[key]) for key in ("inputs", "outputs", "sources")}
    params = {key: parameter(p) for key, p in spec["params"].items()}
    return ActionSpec(**{**spec, **tuples, "params": params})


@cache
def load() -> Catalogue:
    """The catalogue that comes with the package."""
    text = files("sashimi.program").joinpath("catalogue.json").read_text(encoding="utf-8")
    return Catalogue(_Records(text))


class _Records(Mapping[str, dict]):
    """The records of the file by name; a line is read when its action is first asked for."""

    def __init__(self, text: str):
        entries = (line.partition(": ") for line in text.splitlines() if line.startswith('"'))
        self._lines = {name[1:-1]: record.removesuffix(",") for name, _, record in entries}

    def __getitem__(self, name: str) -> dict:
        return json.loads(self._lines[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def find(name: str) -> ActionSpec | None:
    """The action of a short or full name in the package's catalogue; None if not known."""
    return load().find(name)


def _with_observed(spec: ActionSpec, params: tuple[tuple[str, Value], ...]) -> ActionSpec:
    changed = dict(spec.params)
    for key, value in params:
        known = changed.get(key)
        if value is None:
            continue
        if known is None:
            if key not in COMMON_KEYS:
                changed[key] = ParamSpec(key, observed_type(value))
        elif known.sources == ("observed",):
            if known.type != observed_type(value) and known.type != "other":
                changed[key] = replace(known, type=_wider(known.type, observed_type(value)))
        elif known.enum and isinstance(value, str) and value not in known.enum:
            changed[key] = replace(known, enum=(*known.enum, value), enum_trusted=False)
    return spec if changed == spec.params else replace(spec, params=changed)


def _wider(first: str, second: str) -> str:
    pair = {first, second}
    if pair <= {"text", "reference"}:
        return "text"
    return max(pair - {"reference"}) if len(pair - {"reference"}) == 1 else "other"


def _spec(name: str, record: dict) -> ActionSpec:
    params = {key: _param(key, value) for key, value in record.get("params", {}).items()}
    return ActionSpec(
        name,
        params,
        tuple(record.get("in", ())),
        tuple(record.get("out", ())),
        record.get("output"),
        record.get("os"),
        tuple(record["from"]),
        record.get("os_from", ""),
        record.get("input", False),
    )


def _param(key: str, record: dict) -> ParamSpec:
    loose = record.get("loose", ())
    when = tuple(_condition(rule, "when" not in loose) for rule in record.get("when", ()))
    enum = tuple(record.get("enum", ()))
    return ParamSpec(
        key,
        record["type"],
        enum,
        bool(enum) and "enum" not in loose,
        record.get("default"),
        when,
        tuple(record["from"]),
        record.get("bare", False),
        tuple(record.get("units", ())),
        record.get("required", ""),
        record.get("displayed", False),
        record.get("lone", ""),
        tuple(record.get("forms", ())),
    )


def _condition(rule: dict, trusted: bool) -> Condition:
    negated = "not" in rule
    values = tuple(rule["not" if negated else "in"])
    return Condition(rule["key"], values, negated, trusted, rule["from"])
