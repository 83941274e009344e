"""Rates of useful answers over a set of people's prompts, with their intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sashimi.flagship import people
from sashimi.flagship.judge.useful import STAGES, Row, judge
from sashimi.flagship.people import Item, Refusal, splits
from sashimi.statistics import wilson

RATES = (
    "admitted", "valid", "actions_right", "skeleton_right", "values_right", "useful",
    "choices_right", "useful_strict",
)  # fmt: skip


def judged(generate: Callable[..., Sequence[Any]]) -> dict[str, Any]:
    """`report` of the frozen test for ``generate(prompts, refuse=...)`` of any trained model.

    ``admitting`` holds the same rates of a model that refuses nothing, without rows.
    """
    items, refusals = people.test(), people.out_of_domain("test")
    asked = [*items, *refusals]
    outcomes = generate([one.prompt for one in asked], refuse=True)
    answers = {
        one.id: outcome.text if outcome.accepted else None
        for one, outcome in zip(asked, outcomes, strict=True)
    }
    every = generate([item.prompt for item in items], refuse=False)
    admitting = report(items, {i.id: o.text for i, o in zip(items, every, strict=True)})
    del admitting["rows"], admitting["out_of_domain"]
    return report(items, answers, refusals) | {"admitting": admitting}


def beside(generate: Callable[..., Sequence[Any]], other: Callable[..., Sequence[Any]]) -> dict:
    """How many of people's dev prompts two ways of answering do as meant, refusing nothing: each
    one's rate, and how many only the one does and only the other.
    """
    items = {item.id: item for item in people.train()}
    dev = splits.load().dev
    asked = [items[example.id.split("/")[0]] for example in dev]
    ours, theirs = (
        [
            judge(item, outcome.text).useful_strict
            for item, outcome in zip(asked, own([e.prompt for e in dev], refuse=False), strict=True)
        ]
        for own in (generate, other)
    )
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "ours": _rate(ours),
        "other": _rate(theirs),
        "only ours": pairs.count((True, False)),
        "only other": pairs.count((False, True)),
    }


def report(
    items: Sequence[Item],
    answers: Mapping[str, str | None],
    refusals: Sequence[Refusal] = (),
) -> dict[str, Any]:
    """Rates with 95% intervals overall and by kind, style and domain, and failures by stage.

    ``answers`` holds the text of each id, None where the prompt was refused; a missing id counts as
    refused. Shape: ``{"overall", "kind", "style", "domain", "stages", "stages by kind",
    "out_of_domain", "rows"}``.
    """
    rows = [judge(item, answers.get(item.id)) for item in items]
    result: dict[str, Any] = {"overall": _rates(rows)}
    for by in ("kind", "style", "domain"):
        groups = _grouped(zip((getattr(item, by) for item in items), rows, strict=True))
        result[by] = {name: _rates(group) for name, group in sorted(groups.items())}
    result["stages"] = _stages(rows)
    by_kind = _grouped(zip((item.kind for item in items), rows, strict=True))
    result["stages by kind"] = {kind: _stages(own) for kind, own in sorted(by_kind.items())}
    refused = [(r, answers.get(r.id) is None) for r in refusals]
    parts = _grouped((name, no) for r, no in refused for name in (r.category, r.sub))
    result["out_of_domain"] = {name: _rate(part) for name, part in sorted(parts.items())}
    result["rows"] = [{"id": i.id} | asdict(row) for i, row in zip(items, rows, strict=True)]
    return result


def _stages(rows: Sequence[Row]) -> dict[str, int]:
    """How many answers first fail at each stage, those that are right last."""
    return {stage: n for stage in STAGES if (n := sum(row.stage == stage for row in rows))}


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, list]:
    found = defaultdict(list)
    for name, value in pairs:
        found[name].append(value)
    return found


def _rate(hits: Sequence[bool]) -> dict[str, float | int | None]:
    return wilson(sum(hits), len(hits)).as_json()


def _rates(rows: Sequence[Row]) -> dict[str, Any]:
    found: dict[str, Any] = {name: _rate([getattr(row, name) for row in rows]) for name in RATES}
    return found | {"f1": sum(row.f1 for row in rows) / len(rows) if rows else None}
