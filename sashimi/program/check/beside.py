"""Parameters beside each other: those that do not count beside another's value, and missing ones.

Both are warnings. A parameter that another's value rules out is ignored: real programs hold many,
because the editor hides a field and keeps what it held. For a required parameter that is missing
Shortcuts asks when it gets there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sashimi.program.catalogue import Catalogue
from sashimi.program.check.scope import FLOW_ACTIONS
from sashimi.program.spec import ActionSpec
from sashimi.program.tree import Action, Value


def faults(action: Action, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    """Where, why and how bad, for each of an action's parameters that is ignored or missing."""
    spec = catalogue.find(action.name)
    if spec is None or action.name in FLOW_ACTIONS:
        return
    given = dict(action.params)
    for key in given:
        for why in ignored(key, given, spec):
            yield key, why, "warning"
    for key, parameter in spec.params.items():
        if parameter.required == "stated" and key not in given:
            yield key, "required, and not given: it will be asked for", "warning"


def ignored(key: str, given: Mapping[str, Value], spec: ActionSpec) -> Iterator[str]:
    """Why a parameter does not count beside what else is given: one reason a rule broken.

    Says nothing of rules that programs break and that only a signature states, which may have lost
    a *not*, nor where the other value is not known before the program runs.
    """
    parameter = spec.parameter(key)
    for rule in parameter.when if parameter else ():
        other = given.get(rule.key)
        sure = rule.trusted or rule.source == "ios12"
        if sure and isinstance(other, str | bool | int) and not rule.holds(other):
            listed = " or ".join(map(repr, rule.values))
            wanted = f"{'other than ' if rule.negated else ''}{listed}"
            yield f"{key} needs {rule.key} {wanted}, and it is {other!r}: it is ignored"
