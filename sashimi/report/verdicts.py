"""Gates over the seeds of a row: one verdict from the values that its runs recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sashimi import gates
from sashimi.files import root
from sashimi.gates import Gate, Verdict
from sashimi.report.read import Run


def judged(runs: Sequence[Run], rules: Mapping[str, Gate] | None = None) -> list[Verdict]:
    """Every gate that a row's runs recorded, judged anew on the values of all of them.

    A gate that some of the runs did not record is judged with a value missing, which is never
    "go"; one that is no longer among the ``rules`` (``reports/gates.yaml``) is left out.
    """
    rules = gates.load(root() / "reports" / "gates.yaml") if rules is None else rules
    recorded = [{gate["gate"]: gate["value"] for gate in run.gates()} for run in runs]
    names = dict.fromkeys(name for values in recorded for name in values)
    results = [str(Path(run.folder) / "result.json") for run in runs]
    return [
        rules[name].judge([values.get(name) for values in recorded], {"results": results})
        for name in rules
        if name in names
    ]


def of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """What the gates say of a row: of one run as it recorded them, of several `judged` together.

    Keys are those of `sashimi.gates.Verdict`.
    """
    if len(runs) == 1:
        return runs[0].gates()
    return [verdict.as_dict() for verdict in judged(runs)]
