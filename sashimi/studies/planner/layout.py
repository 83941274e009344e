"""A planner input as numbers: 3,779 zeros and ones at 8 slots of history, in a fixed layout.

Everything is one-hot or multi-hot, so an input is the list of its columns. Hashes are the first 8
hex digits of SHA-256, modulo the number of buckets, without salt. What the layout leaves open and
is chosen here: the names of the 16 gates, the edges of costs (0.01, 0.1, 1, 10 USD), the fifth
toolchain (shares no column: it is counted as unknown), a missing system state (all zeros), and
recency, which is counted from ``created_at``, or from the newest run where that is absent.
"""

from __future__ import annotations

import hashlib
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np

from sashimi.errors import BadInput
from sashimi.studies.planner.actions import HEADS, JOBS, place

SLOTS, SLOT, ISSUE, TAIL = 8, 332, 1052, 71
PRIORITIES, RISKS = ("P0", "P1", "P2", "P3"), ("low", "medium", "high", "critical")
SIZES = ("XS", "S", "M", "L", "XL")
STATUSES = ("success", "failed", "timeout")
GATES = (
    "build", "typecheck", "lint", "format", "unit", "integration", "coverage", "security",
    "geometry", "materials", "lighting", "scale", "realism", "navigation", "performance", "review",
)  # fmt: skip
TOOLCHAINS = ("codex", "claude", "opencode", "crush")
MINUTE_EDGES, COST_EDGES = (1, 5, 15, 30, 60), (0.01, 0.1, 1, 10)
DAY = 86_400_000
RECENCY_EDGES = (DAY, 7 * DAY, 30 * DAY)
STATE = {
    "active_workcells_bin": ("0", "1-2", "3-5", "6+"),
    "queue_depth_bin": ("0", "1-5", "6-20", "20+"),
    "hour_bucket": ("night", "morning", "afternoon", "evening"),
    "budget_remaining_bin": ("low", "medium", "high", "unlimited"),
}
COUNT_EDGES = {"active_workcells_bin": (1, 3, 6), "queue_depth_bin": (1, 6, 21)}
SPACE = {
    "swarm": "swarm_ids",
    "candidates": "max_candidates_bins",
    "minutes": "max_minutes_bins",
    "iterations": "max_iterations_bins",
}
unknown: Counter[tuple[str, str]] = Counter()
"""How often each (field, value) was no known one, and its default was used instead."""


class UnknownValue(UserWarning):
    """A value that is not in its enumeration; the documented default is used, and counted."""


def width(slots: int = SLOTS) -> int:
    """Features of an input: 1,123 + 332 a slot of history."""
    return ISSUE + TAIL + SLOT * slots


@lru_cache(maxsize=65536)
def bucket(text: str, n: int) -> int:
    """The bucket of a text: first 8 hex digits of its SHA-256, modulo n."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % n


def encode(planner_input: Mapping[str, Any], slots: int = SLOTS) -> np.ndarray:
    """The features (3779,) float32 of a planner input; (1123 + 332 n,) for n slots.

    Raises BadInput for a missing field, negative attempts, or an action outside the space, naming
    field, value and what is allowed. An unknown priority, risk or size counts as P2, medium, M; an
    unknown status as failed, job type as code; a swarm, a state or a gate as not given.
    """
    features = np.zeros(width(slots), dtype=np.float32)
    features[list(columns(planner_input, slots))] = 1
    return features


def columns(
    planner_input: Mapping[str, Any],
    slots: int = SLOTS,
    of_run: Callable[[Mapping[str, Any]], Iterable[int]] | None = None,
) -> Iterator[int]:
    """The columns that are 1, perhaps twice; ``of_run`` may remember those of `slot`."""
    _get(planner_input, "job_type", "the input", str)
    yield from _issue(_get(planner_input, "issue", "the input", Mapping))
    history = _get(planner_input, "history", "the input", Mapping)
    runs = _get(history, "last_n_similar_runs", "history", Sequence)
    if runs:
        whens = [_get(run, "started_ms", "history", float) for run in runs]
        now = _moment(planner_input.get("created_at"), max(whens))
        order = sorted(range(len(runs)), key=lambda i: -whens[i])  # newest first
        for i, run in enumerate(order[:slots]):
            yield from (ISSUE + SLOT * i + column for column in (of_run or slot)(runs[run]))
            yield ISSUE + SLOT * i + 327 + bisect_right(RECENCY_EDGES, now - whens[run])
    yield from (ISSUE + SLOT * slots + column for column in _tail(planner_input))


def _issue(issue: Mapping[str, Any]) -> Iterator[int]:
    yield _known("issue.dk_priority", _get(issue, "dk_priority", "issue"), PRIORITIES, "P2")
    yield 4 + _known("issue.dk_risk", _get(issue, "dk_risk", "issue"), RISKS, "medium")
    yield 8 + _known("issue.dk_size", _get(issue, "dk_size", "issue"), SIZES, "M")
    attempts = _get(issue, "dk_attempts", "issue", float)
    if attempts != int(attempts):
        raise BadInput(f"issue.dk_attempts: {attempts!r}; a whole number of 0 or more")
    yield 13 + int(min(attempts, 3))
    hint = _get(issue, "dk_tool_hint", "issue")
    yield 17 + (10 if hint is None else bucket(_text("issue.dk_tool_hint", hint), 10))
    for tag in _get(issue, "tags", "issue", Sequence)[:8]:
        yield 28 + bucket(_text("issue.tags", tag), 1024)


def slot(run: Mapping[str, Any]) -> Iterator[int]:
    """The columns of one finished run in its slot, but for its recency."""
    job = _known("history.job_type", _get(run, "job_type", "history"), JOBS, "code")
    domain = run.get("domain")
    named = JOBS[job] if domain is None else _text("history.domain", domain).replace("_", "-")
    yield job
    yield 3 + _known("history.domain", named, JOBS, "code")
    action = _get(run, "action_executed", "history", Mapping)
    yield 6 + _known("history.swarm_id", action.get("swarm_id"), HEADS["swarm"])
    budgets = action.get("budgets", action)
    for start, head in ((9, "candidates"), (13, "minutes"), (19, "iterations")):
        raw = budgets.get(f"max_{head}_bin", budgets.get(f"max_{head}"))
        yield start + nearest(head, raw)
    outcome = _get(run, "outcome", "history", Mapping)
    status = _get(outcome, "status", "history.outcome")
    yield 24 + _known("history.outcome.status", status, STATUSES, "failed")
    for code in (outcome.get("fail_codes") or ())[:5]:
        yield 27 + bucket(_text("history.outcome.fail_codes", code), 256)
    for gate in outcome.get("gates") or ():
        number = _known("history.outcome.gates", _get(gate, "name", "gates"), GATES)
        if number < len(GATES):
            yield 283 + 2 * number
            if _get(gate, "passed", "gate"):
                yield 284 + 2 * number
    runtime = _get(run, "runtime", "history", Mapping)
    minutes = _get(runtime, "duration_ms", "history.runtime", float) / 60_000
    yield 315 + bisect_right(MINUTE_EDGES, minutes)
    if run.get("cost_usd_est") is None:
        yield 321 + 5
    else:
        yield 321 + bisect_right(COST_EDGES, _get(run, "cost_usd_est", "history", float))
    yield 331


def _tail(planner_input: Mapping[str, Any]) -> Iterator[int]:
    """Action space, defaults of the universe, state of the system: 71 columns."""
    space = _get(planner_input, "action_space", "the input", Mapping)
    for i, (head, key) in enumerate(SPACE.items()):
        for value in _get(space, key, "action_space", Sequence):
            yield 8 * i + place(head, None if value == "NA" else value)
    defaults = _get(planner_input, "universe_defaults", "the input", Mapping)
    yield 32 + _known("universe_defaults.swarm_id", defaults.get("swarm_id"), HEADS["swarm"])
    objective = defaults.get("objective_id")
    yield 35 + (10 if objective is None else bucket(_text("objective_id", objective), 10))
    state = planner_input.get("system_state")
    if state is None:
        return
    for i, (key, names) in enumerate(STATE.items()):
        yield 46 + 5 * i + _state(key, state.get(key), names)
    for tool in state.get("available_toolchains") or ():
        number = _known("system_state.available_toolchains", tool, TOOLCHAINS)
        if number < len(TOOLCHAINS):
            yield 66 + number
    yield 70


def nearest(head: str, raw: Any) -> int:
    """The class of a number that was executed: the nearest bin, the lower of two; None is NA."""
    if raw is None or raw == "NA":
        return len(HEADS[head]) - 1
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not raw >= 0:
        raise BadInput(f"history {head}: {raw!r}; a number of 0 or more, or null")
    return min(range(len(HEADS[head]) - 1), key=lambda i: abs(HEADS[head][i] - raw))


def _state(key: str, value: Any, names: Sequence[str]) -> int:
    """The bin of a state: a name, ``1_2`` for ``1-2``, a count, or an hour from 0 to 23."""
    text = str(value).replace("_", "-")
    if key == "hour_bucket" and text.isdigit() and int(text) < 24:
        return int(text) // 6
    if key in COUNT_EDGES and text.isdigit():
        return bisect_right(COUNT_EDGES[key], int(text))
    return _known(f"system_state.{key}", None if value is None else text, names)


_KINDS = {str: "text", Mapping: "mapping", Sequence: "list", float: "number of 0 or more"}


def _get(record: Mapping[str, Any], key: str, where: str, kind: type = object) -> Any:
    """A field of a record; BadInput where it is missing or of another kind."""
    if not isinstance(record, Mapping) or key not in record:
        raise BadInput(f"{where}: {key} is missing; add it (null where nothing is known)")
    value = record[key]
    fits = isinstance(value, (int, float) if kind is float else kind)
    if kind in (float, Sequence) and isinstance(value, (bool, str)):
        fits = False  # True is no 1, and a text no list of letters
    if not fits or (kind is float and not 0 <= value < 1e300):
        raise BadInput(f"{where}.{key}: {value!r}; expected a {_KINDS[kind]}")
    return value


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{field}: {value!r}; a text")
    return value


def _moment(created: Any, newest: float) -> float:
    """Milliseconds since 1970 of an RFC 3339 text or a number; without, the newest run's."""
    if created is None or isinstance(created, (int, float)):
        return newest if created is None else created
    try:
        return datetime.fromisoformat(created).timestamp() * 1000
    except (TypeError, ValueError):
        raise BadInput(f"created_at: {created!r}; RFC 3339, such as 2026-01-31T08:00:00Z") from None


def _known(field: str, value: Any, names: Sequence[str], default: str = "") -> int:
    """The place of a name; without a default, null is the one after the last. What is unknown
    counts as the default, or as null, with a warning.
    """
    if value in names:
        return names.index(value)
    if value is not None or default:
        unknown[field, str(value)] += 1
        text = f"{field}: {value!r} is none of {', '.join(names)}; {default or 'null'} is used"
        warnings.warn(f"{text} (time {unknown[field, str(value)]})", UnknownValue, stacklevel=4)
    return names.index(default) if default else len(names)


def report(active: np.ndarray, tags: Collection[str], slots: int = SLOTS) -> dict[str, Any]:
    """Columns that never vary in a data set (n, d) of 0 and 1, and tags that share a bucket."""
    share = active.mean(0)
    held = Counter(bucket(tag, 1024) for tag in set(tags))
    return {
        "columns": width(slots),
        "never 1": int((share == 0).sum()),
        "always 1": int((share == 1).sum()),
        "tags": len(set(tags)),
        "tags in shared buckets": sum(count for count in held.values() if count > 1),
    }
