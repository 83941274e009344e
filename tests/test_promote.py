"""Twelve gates, each of which can refuse, and what is archived."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from sashimi.cli import app
from sashimi.errors import BadInput
from sashimi.flagship import pack
from sashimi.gates import GO, NOT_EVALUABLE, STOP
from sashimi.pab import Tracker
from sashimi.params import digest_of
from sashimi.studies.trajectory import promote

GOOD = {"value": 1.0, "low": 0.99, "high": 1.0, "n": 300}
NONE = {"value": 0.0, "low": 0.0, "high": 0.01, "n": 300}


def record(seed, **changes):
    forms = {"compile_strict": GOOD, "compile_permissive": GOOD, "runtime_unverified": NONE}
    scores = forms | {"skeleton_exact": GOOD} | changes.pop("scores", {})
    facts = {
        "domain": {"test": {"false_accepts": 0.0}}, "latency": {"p95": 0.1},
        "parameters": {"total": 1000},
        "separability": {"perturbed": {"test": {"mean": {"low": 6.0}}}},
    }  # fmt: skip
    return {
        "schema": 1, "study": "flagship", "row": "r", "seed": seed, "command": "",
        "params": {"seed": seed} | changes.pop("params", {}), "params_digest": "", "commit": "",
        "versions": {}, "device": "cpu", "seconds": {}, "gates": [],
        "metrics": {"test": {"ternary decoder": scores}},
        "facts": facts | changes,
    }  # fmt: skip


def row(home, loss=lambda i: 4 * 0.95**i, tier=90, last=90, profile=True, **changes):
    """Three seeds of a row that passes, but for what is changed."""
    for seed in range(3):
        place = home / "flagship" / "r" / f"seed{seed}"
        place.mkdir(parents=True)
        known = record(seed, **{k: dict(v) for k, v in changes.items()})
        (place / "result.json").write_text(json.dumps(known))
        if not profile:
            continue
        digest = digest_of(known["params"])
        tracker = Tracker(place, seed=seed, config_digest=digest, interval=50)
        weights = [1] * 100
        for i in range(20):
            weights[: 40 - 2 * i] = [-w for w in weights[: 40 - 2 * i]]
            late = {"api": (last if i > 16 else 90, 100)}
            share = {"tier1": (tier, 100)}
            tracker.record(
                50 * (i + 1),
                loss(i),
                tiers=share,
                domains=late,
                trits=[("w", np.array(weights, np.int8))],
            )
        tracker.finish()
    return home / "flagship" / "r"


def refused(folder):
    verdicts = promote.judged(promote.candidate(folder))
    assert len(verdicts) == 12
    return {v.gate: v.decision for v in promote.refused(verdicts)}


def test_a_sound_row_is_promoted_and_archived_with_its_profiles(tmp_path):
    candidate = promote.candidate(row(tmp_path) / "seed1")
    assert [run.record["seed"] for run in candidate.runs] == [1, 0, 2], "the one named comes first"
    verdicts = promote.judged(candidate)
    assert {v.decision for v in verdicts} == {GO}
    folder = promote.archive(candidate, verdicts, tmp_path / "kept")
    assert promote.latest(tmp_path / "kept") == folder
    names = {path.name for path in folder.rglob("*.json")}
    assert names == {"result.json", "pab_profile.json", "verdicts.json"}
    assert promote.regressions(promote.candidate(folder), candidate) == []


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        ({"scores": {"compile_strict": NONE}}, "compiles strictly"),
        ({"scores": {"compile_permissive": NONE}}, "compiles permissively"),
        ({"scores": {"runtime_unverified": GOOD}}, "runtime unverified"),
        ({"domain": {"test": {"false_accepts": 0.02}}}, "refuses what is out of domain"),
        ({"latency": {"p95": 2.1}}, "answers in time"),
        ({"parameters": {"total": 6e8}}, "small"),
        ({"loss": lambda i: 4 * 0.8**i}, "mean stability"),
        ({"tier": 50}, "Tier 1 converged in time"),
        ({"loss": lambda i: 1 + (i % 2)}, "final predictability"),
    ],
)
def test_each_gate_refuses_by_name(tmp_path, change, gate):
    assert refused(row(tmp_path, **change)).get(gate) == STOP


def test_a_domain_that_is_lost_is_refused_and_found_by_the_next_comparison(tmp_path):
    before, after = row(tmp_path / "a"), row(tmp_path / "b", last=40)
    assert refused(after) == {"no domain regressed": STOP}
    worse = promote.regressions(promote.candidate(before), promote.candidate(after))
    assert [one["what"] for one in worse] == ["domains/api"]
    assert worse[0]["fall"] == pytest.approx(0.5)


def test_thin_or_unusable_evidence_is_never_go(tmp_path):
    alone = row(tmp_path / "a") / "seed0"
    for seed in (1, 2):
        (alone.parent / f"seed{seed}" / "result.json").unlink()
    assert set(refused(alone).values()) == {NOT_EVALUABLE}
    without = refused(row(tmp_path / "b", profile=False))
    assert len(without) == 5 and set(without.values()) == {NOT_EVALUABLE}
    nan = refused(row(tmp_path / "c", loss=lambda i: float("nan") if i == 9 else 4 * 0.95**i))
    assert len(nan) == 5 and set(nan.values()) == {NOT_EVALUABLE}
    candidate = promote.candidate(alone)
    with pytest.raises(BadInput, match="compiles strictly"):
        promote.archive(candidate, promote.judged(candidate), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_what_is_no_row_is_named(tmp_path):
    with pytest.raises(BadInput, match="no result"):
        promote.candidate(tmp_path)
    folder = row(tmp_path)
    odd = folder / "seed1" / "result.json"
    odd.write_text(json.dumps(record(1, params={"steps": 9})))
    with pytest.raises(BadInput, match=r"differs from .* in steps"):
        promote.candidate(folder)


@pytest.fixture
def promoting(tmp_path, monkeypatch):
    """The command in a checkout of its own; returns its result and what it packed."""
    packed = []
    rules = promote.rules()
    monkeypatch.setattr(promote, "root", lambda: tmp_path / "checkout")
    monkeypatch.setattr(promote, "rules", lambda: rules)
    monkeypatch.setattr(pack, "pack", packed.append)
    return lambda *words: (CliRunner().invoke(app, ["promote", *map(str, words)]), packed)


def test_the_command_packs_and_archives_a_row_that_passes(tmp_path, promoting):
    done, packed = promoting(row(tmp_path) / "seed2")
    assert done.exit_code == 0, done.output
    assert packed == [tmp_path / "flagship" / "r" / "seed2"]
    home = tmp_path / "checkout" / "reports" / promote.ARCHIVE / "flagship" / "r"
    assert promote.latest() == home
    assert sorted(p.name for p in home.iterdir()) == ["seed0", "seed1", "seed2", "verdicts.json"]


def test_the_command_refuses_a_row_by_its_gate_and_names_what_became_worse(tmp_path, promoting):
    promoting(row(tmp_path / "a"))
    done, packed = promoting(row(tmp_path / "b", last=40))
    assert done.exit_code == 1 and len(packed) == 1
    assert "not promoted: no domain regressed" in done.stderr
    assert "worse than r: domains/api, by 0.500" in done.stderr
