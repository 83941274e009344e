"""The search that may be killed, and what is chosen from it."""

import pytest
from optuna.trial import TrialState

from sashimi.studies.trajectory import tune
from sashimi.studies.trajectory.params import TuningParams

SMALL = TuningParams(
    seed=0, task="clusters", trials=4, rate_low=0.01, rate_high=1.0, steps=[20, 40], batches=[16],
    starts=[0.0, 0.5], seeds=2, limit=1, width=8,
)  # fmt: skip


class Killed(BaseException):
    """What no code catches."""


def told(study):
    return [(t.state, t.value, t.params, t.user_attrs) for t in study.trials]


@pytest.mark.parametrize("at", [23])
def test_a_search_that_is_killed_and_goes_on_ends_as_one_that_was_not(tmp_path, at):
    unbroken = tune.search(SMALL, tune.clusters, tmp_path / "a", halve=True)
    seen = []

    def killed(setting, seed, folder, watch):
        def count(record, loss):
            watch(record, loss)
            seen.append(record)
            if len(seen) == at:
                raise Killed

        return tune.clusters(setting, seed, folder, count)

    with pytest.raises(Killed):
        tune.search(SMALL, killed, tmp_path / "b", halve=True)
    resumed = tune.search(SMALL, tune.clusters, tmp_path / "b", halve=True)
    assert told(resumed) == told(unbroken)
    assert TrialState.RUNNING not in {t.state for t in resumed.trials}


def test_halving_spends_less_and_settings_come_from_the_seed(tmp_path):
    whole = tune.search(SMALL, tune.clusters, tmp_path / "a", halve=False)
    halved = tune.search(SMALL, tune.clusters, tmp_path / "b", halve=True)
    assert [t.params for t in whole.trials] == [t.params for t in halved.trials]
    assert tune.spent(whole) == sum(s.steps for s in tune.drawn(SMALL)) > tune.spent(halved)
    assert tune.ended(whole) == [tune.RECORDS] * 4 != tune.ended(halved)
    other = SMALL.model_copy(update={"seed": 1})
    assert tune.drawn(other) != tune.drawn(SMALL) == tune.drawn(SMALL)
    chosen = tune.choices(whole)
    assert chosen["score"].value == min(t.value for t in whole.trials)
    calm = min(t.user_attrs["stability_mean"] for t in whole.trials)
    assert chosen["stability"].user_attrs["stability_mean"] == calm
    again = tune.again(chosen, SMALL, tune.clusters, tmp_path / "c")
    assert [one.by for one in again] == ["score", "stability", "both"]
    assert {len(one.each) for one in again} == {2}
    ways = tune.stopped(tmp_path / "a", whole)
    assert len(ways) == 12 and all(0 < row["share"] <= 1 for row in ways)


def test_the_flagships_network_is_searched_over_as_well(tmp_path):
    settings = SMALL.model_copy(
        update={"task": "flagship", "trials": 2, "steps": [20], "batches": [8], "limit": 60}
    )
    found = tune.search(settings, tune.trainer(settings), tmp_path, halve=False)
    assert [len(trial.intermediate_values) for trial in found.trials] == [tune.RECORDS] * 2
    for trial in found.trials:
        losses = trial.intermediate_values
        assert trial.value == losses[tune.RECORDS] < losses[1]
        assert 0 <= trial.user_attrs["result"] <= 1
