"""The planner's actions, layout of features, and rules, against hand-computed values."""

import copy
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sashimi.errors import BadInput
from sashimi.studies import planner
from sashimi.studies.planner import actions, heuristics, layout
from sashimi.studies.planner.actions import Action

RUN = {
    "run_id": "r1",
    "started_ms": 0,
    "job_type": "code",
    "domain": "code",
    "action_executed": {
        "swarm_id": "speculate_vote",
        "budgets": {"max_candidates_bin": 2, "max_minutes_bin": 90, "max_iterations_bin": None},
    },
    "outcome": {
        "status": "timeout",
        "fail_codes": ["tests"],
        "gates": [{"name": "build", "passed": True}, {"name": "lint", "passed": False}],
    },
    "runtime": {"duration_ms": 15 * 60_000},
    "cost_usd_est": 0.5,
}
INPUT = {
    "created_at": 8 * layout.DAY,
    "job_type": "fab-world",
    "universe_defaults": {"swarm_id": "serial_handoff", "objective_id": None},
    "issue": {
        "issue_id": "1", "dk_priority": "P1", "dk_risk": "high", "dk_size": "L",
        "dk_tool_hint": "codex", "dk_attempts": 5, "tags": ["asset:world", "bug"],
    },
    "history": {"last_n_similar_runs": [RUN]},
    "action_space": {
        "swarm_ids": ["serial_handoff"], "max_candidates_bins": [1, "NA"],
        "max_minutes_bins": [120], "max_iterations_bins": [5],
    },
    "system_state": {
        "active_workcells_bin": "1_2", "queue_depth_bin": None, "hour_bucket": "13",
        "budget_remaining_bin": "unlimited", "available_toolchains": ["claude"],
    },
}  # fmt: skip
ON = {
    1, 4 + 2, 8 + 3, 13 + 3, 17 + 4, 28 + 294, 28 + 822,  # the issue
    *(1052 + at for at in (0, 3, 7, 10, 13 + 3, 19 + 4, 26, 315 + 3, 321 + 2, 327 + 2, 331)),
    1052 + 27 + int(hashlib.sha256(b"tests").hexdigest()[:8], 16) % 256,
    1052 + 283, 1052 + 284, 1052 + 283 + 4,  # build passed, lint did not
    3708, 3716, 3716 + 3, 3724 + 4, 3732 + 3, 3740, 3743 + 10,
    3754 + 1, 3759 + 4, 3764 + 2, 3769 + 3, 3774 + 1, 3778,
}  # fmt: skip


def changed(path, value):
    one = copy.deepcopy(INPUT)
    *keys, last = path.split(".")
    part = one
    for key in keys:
        part = part[key]
    if value is KeyError:
        del part[last]
    else:
        part[last] = value
    return one


def test_every_column_of_a_full_input_stands_where_the_layout_says():
    features = planner.encode(INPUT)
    assert features.shape == (3779,) and features.dtype == np.float32
    assert set(np.flatnonzero(features)) == ON and set(features) == {0.0, 1.0}


def test_widths_and_hashes():
    assert [layout.width(n) for n in (0, 1, 4, 8, 16)] == [1123, 1455, 2451, 3779, 6435]
    tools = ["codex", "claude", "opencode", "crush", "fab-world", "comfyui"]
    assert [layout.bucket(tool, 10) for tool in tools] == [4, 7, 2, 5, 3, 7]
    assert [layout.bucket(t, 1024) for t in ("asset:world", "bug", "tests")] == [294, 822, 700]
    assert len(layout.GATES) == len(set(layout.GATES)) == 16


def test_bounds_nulls_and_order_of_history():
    many = changed("issue.tags", [f"t{i}" for i in range(20)])
    assert planner.encode(many)[28:1052].sum() <= 8
    nothing = changed("system_state", None)
    assert planner.encode(nothing)[3754:].sum() == 0
    assert planner.encode(changed("issue.dk_tool_hint", None))[27] == 1
    runs = [RUN | {"started_ms": k * layout.DAY} for k in range(12)]
    one = changed("history.last_n_similar_runs", runs) | {"created_at": 12 * layout.DAY}
    features = planner.encode(one)
    slots = features[1052:3708].reshape(8, 332)
    assert slots[:, 331].all()
    week = [int(np.flatnonzero(slot[327:331])[0]) for slot in slots]
    assert week == [1, 1, 1, 1, 1, 1, 2, 2], "newest first; a day and a week begin the next bucket"
    assert planner.encode(changed("history.last_n_similar_runs", []))[1052:3708].sum() == 0
    assert (
        planner.encode(one, slots=16)[1052 : 1052 + 16 * 332].reshape(16, 332)[:, 331].sum() == 12
    )


@pytest.mark.parametrize(
    ("head", "raw", "place"),
    [("minutes", 90, 3), ("minutes", 22, 0), ("minutes", 23, 1), ("minutes", 999, 4),
     ("minutes", None, 5), ("iterations", 4, 2), ("candidates", 0, 0), ("candidates", "NA", 3)],
)  # fmt: skip
def test_executed_numbers_go_to_the_nearest_bin_and_ties_to_the_lower(head, raw, place):
    assert layout.nearest(head, raw) == place


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [("issue.dk_risk", KeyError, "dk_risk is missing"), ("issue.dk_attempts", -1, "-1"),
     ("issue.dk_attempts", True, "True"), ("issue.dk_attempts", float("nan"), "nan"),
     ("issue.tags", "bug", "expected a list"), ("issue.tags", [3], "tags: 3"),
     ("action_space.max_minutes_bins", [90], "minutes: 90"), ("history", KeyError, "history"),
     ("action_space.max_candidates_bins", [True], "True"), ("created_at", "now", "RFC 3339")],
)  # fmt: skip
def test_bad_input_names_field_value_and_what_is_allowed(path, value, words):
    with pytest.raises(BadInput, match=words):
        planner.encode(changed(path, value))


def test_an_unknown_enum_is_its_default_with_a_warning_that_counts():
    before = layout.unknown["issue.dk_risk", "extreme"]
    for number in (1, 2):
        with pytest.warns(layout.UnknownValue, match=rf"medium is used \(time {before + number}\)"):
            features = planner.encode(changed("issue.dk_risk", "extreme"))
    assert features[4 + 1] == 1 and features[4:8].sum() == 1


@given(st.lists(st.text(max_size=9), max_size=12), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_any_tags_and_attempts_encode_alike_twice(tags, attempts):
    one = copy.deepcopy(INPUT)
    one["issue"] |= {"tags": tags, "dk_attempts": attempts}
    assert np.array_equal(planner.encode(one), planner.encode(one))
    assert planner.encode(one)[13:17].sum() == 1


def test_valid_tuples_by_job_type():
    sizes = {job: len(planner.valid_actions(job)) for job in actions.JOBS}
    assert sizes == {"code": 30, "fab-world": 120, "fab-asset": 150}
    assert len(actions.UNION) == 126 and actions.VALID.sum(1).tolist() == [30, 120]
    admitted = {
        job: int(np.prod([mask.sum() for mask in actions.masks(job).values()]))
        for job in actions.JOBS
    }
    assert admitted == {"code": 48, "fab-world": 180, "fab-asset": 240}
    for job in actions.JOBS:
        serial = [a for a in planner.valid_actions(job) if a.swarm == actions.SERIAL]
        assert {a.candidates for a in serial} == {1}
    assert planner.valid_actions("code")[:2] == (
        Action("serial_handoff", 1, 15, None), Action("serial_handoff", 1, 30, None)
    )  # fmt: skip
    assert planner.valid_actions("fab-world")[-1] == Action("speculate_vote", 3, None, None)
    with pytest.raises(BadInput, match="job_type: 'asset'"):
        planner.valid_actions("asset")


def logits(**chances):
    full = {head: np.zeros(len(values)) for head, values in actions.HEADS.items()}
    return full | {head: np.log(values) for head, values in chances.items()}


def test_joint_decoding_where_the_heads_alone_say_what_is_not_valid():
    said = logits(swarm=[0.6, 0.4], candidates=[0.3, 0.5, 0.1, 0.1])
    assert planner.decode(said, "code") == Action("speculate_vote", 2, 15, None)
    table = np.exp(actions.joint(said)[0]) * 6 * 5  # minutes and iterations are uniform
    assert table[actions.NUMBER[Action("serial_handoff", 1, 15, None)]] == pytest.approx(0.18)
    assert table[actions.NUMBER[Action("speculate_vote", 2, 15, None)]] == pytest.approx(0.20)
    assert planner.decode(logits(), "fab-world") == Action("serial_handoff", 1, 15, 1)


@given(st.sampled_from(actions.JOBS), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_no_invalid_action_is_ever_decoded(job, seed):
    rng = np.random.default_rng(seed)
    said = {head: 9 * rng.normal(size=len(v)) for head, v in actions.HEADS.items()}
    assert planner.decode(said, job) in planner.valid_actions(job)


@pytest.mark.parametrize("damage", ["missing", "short", "nan"])
def test_damaged_logits_are_refused(damage):
    said = logits()
    if damage == "missing":
        del said["swarm"]
    else:
        said["minutes"] = np.zeros(5) if damage == "short" else np.full(6, np.nan)
    with pytest.raises(BadInput, match="swarm" if damage == "missing" else "minutes"):
        planner.decode(said, "code")
    with pytest.raises(BadInput, match="outside the space"):
        actions.check(Action("serial_handoff", 2, 15, None), "code")


def asked(risk, size, *tags, **more):
    return {"issue": {"dk_risk": risk, "dk_size": size, "tags": list(tags)}, **more}


def test_the_plans_rule():
    plan = planner.SeedHeuristic()
    assert plan.predict(asked("high", "XS")) == Action("speculate_vote", 3, 15, None)
    assert plan.predict(asked("critical", "XL")) == Action("speculate_vote", 3, 120, None)
    assert plan.predict(asked("low", "L")) == Action("speculate_vote", 2, 60, None)
    assert plan.predict(asked("medium", "M")) == Action("serial_handoff", 1, 45, None)
    assert plan.predict(asked("low", "S", "asset:world")) == Action("serial_handoff", 1, 30, 3)


@pytest.mark.parametrize(
    ("rate", "rule", "says"),
    [(0.05, 3, (3, 0.3)), (0.1, None, (2, 0.2)), (0.5, 3, (2, 0.2)), (0.51, 3, (1, 0.1)),
     (None, 3, (3, None)), (None, None, (2, None))],
)  # fmt: skip
def test_the_kernels_parallelism(rate, rule, says):
    assert planner.KernelHeuristic.parallelism(rate, rule) == says


def test_the_kernels_rule():
    kernel = planner.KernelHeuristic
    serial = Action("serial_handoff", 1, 120, None)
    assert kernel().predict(asked("low", "XL")) == serial, "size alone never speculates"
    assert kernel().predict(asked("high", "XL")).candidates == 2
    assert kernel().predict(asked("critical", "XL")).candidates == 3
    assert kernel(available=2).predict(asked("critical", "M")).candidates == 2
    assert kernel(enabled=False).predict(asked("critical", "XL")) == serial
    assert kernel(forced=True).predict(asked("low", "M")).swarm == "speculate_vote"
    chaos = asked("critical", "M", dynamics={"rate": 0.6})
    assert kernel().predict(chaos) == Action("speculate_vote", 1, 45, None)
    path = asked("high", "M")
    path["issue"]["critical_path"] = True
    assert kernel(routing=False).predict(path).candidates == 2
    assert kernel(routing=False).predict(asked("high", "M")).swarm == "serial_handoff"


def test_the_truth_table_has_every_case_and_shows_where_the_rules_differ():
    rows = list(heuristics.truth_table())
    assert len(rows) == 4 * 5 * 2 * 4
    differ = [row for row in rows if not row["agree"]]
    large = [r for r in differ if r["size"] in ("L", "XL") and r["risk"] in ("low", "medium")]
    assert len(large) == 2 * 2 * 2 * 4, "the plan speculates by size, the kernel does not"
    assert {row["plan"].candidates for row in rows if row["risk"] == "critical"} == {3}
