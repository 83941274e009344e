"""What some programs use, and how much of it the catalogue knows and from where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sashimi.program.catalogue import Catalogue
from sashimi.program.names import is_vendor
from sashimi.program.spec import COMMON_KEYS
from sashimi.program.tree import Action, Program, walk

SOURCED, OBSERVED, UNKNOWN = "sourced", "observed only", "unknown"


def room(name: str) -> str:
    """Whose action a name is: Shortcuts' own, another of Apple's, or an app's."""
    if not is_vendor(name):
        return "is.workflow.actions"
    return "com.apple" if name.startswith("com.apple.") else "other apps"


def holdings(catalogue: Catalogue) -> dict[str, dict[str, int]]:
    """Per room what the catalogue holds: actions by confidence, parameters, lists of values."""
    table: dict[str, Counter] = {}
    for name in catalogue.names():
        spec = catalogue.find(name)
        row = table.setdefault(room(name), Counter())
        row["actions"] += 1
        row[f"confidence {spec.confidence}"] += 1
        row["parameters"] += len(spec.params)
        row["with listed values"] += sum(bool(p.enum) for p in spec.params.values())
        row["with a condition"] += sum(bool(p.when) for p in spec.params.values())
    columns = ["actions", *(f"confidence {c}" for c in ("high", "medium", "low")), "parameters"]
    columns += ["with listed values", "with a condition"]
    return {place: {name: row[name] for name in columns} for place, row in sorted(table.items())}


def usage(programs: Iterable[Program]) -> Counter[str]:
    """How often each action occurs; blocks and SET count under their keyword."""
    counts: Counter[str] = Counter()
    for program in programs:
        for statement in walk(program.body):
            own = isinstance(statement, Action)
            counts[statement.name if own else type(statement).__name__.upper()] += 1
    return counts


def known(programs: Sequence[Program], catalogue: Catalogue) -> dict[str, dict[str, int]]:
    """Distinct actions and keys, and their occurrences, by what the catalogue knows of them."""
    actions: Counter[str] = Counter()
    keys: Counter[tuple[str, str]] = Counter()
    for program in programs:
        for statement in walk(program.body):
            if isinstance(statement, Action):
                actions[statement.name] += 1
                own = (key for key, _ in statement.params if key not in COMMON_KEYS)
                keys.update((statement.name, key) for key in own)
    return {
        "actions": _by(Counter(_action(name, catalogue) for name in actions)),
        "uses of actions": _by(_weighted((_action(n, catalogue), c) for n, c in actions.items())),
        "keys": _by(Counter(_key(*place, catalogue) for place in keys)),
        "uses of keys": _by(_weighted((_key(*p, catalogue), c) for p, c in keys.items())),
    }


def _weighted(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, count in pairs:
        counts[name] += count
    return counts


def _by(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in (SOURCED, OBSERVED, UNKNOWN)}


def _action(name: str, catalogue: Catalogue) -> str:
    spec = catalogue.find(name)
    return UNKNOWN if spec is None else _from(spec.sources)


def _key(name: str, key: str, catalogue: Catalogue) -> str:
    spec = catalogue.find(name)
    parameter = spec.parameter(key) if spec else None
    return UNKNOWN if parameter is None else _from(parameter.sources)


def _from(sources: Sequence[str]) -> str:
    return SOURCED if set(sources) - {"observed"} else OBSERVED
