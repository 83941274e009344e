"""Groups of a trajectory under names of the study."""

import pytest

from sashimi.errors import BadInput
from sashimi.pab import Profile, Tracker
from sashimi.pab.parameters import Parameters


def test_a_group_of_any_name_is_kept_derived_and_read_back(tmp_path):
    rules = Parameters(thresholds={"tosses": 0.5, "tosses/tails": 0.9}, sustained=1)
    tracker = Tracker(tmp_path, interval=10, parameters=rules)
    for place in range(1, 6):
        shares = {"tosses": {"heads": (2 * place, 10), "tails": (8, 10)}}
        tracker.record(10 * place, train_loss=1.0 / place, shares=shares)
    tracker.finish()
    for found in (Profile.load(tmp_path), Profile.load(tmp_path / "journal.jsonl")):
        assert found.groups() == ("tiers", "domains", "actions", "tosses")
        assert found.series("tosses/heads").values.tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]
        assert found.progress["tosses"]["heads"]["reached"] == 30, "0.5, stated for the group"
        assert found.progress["tosses"]["tails"]["reached"] is None, "0.9, stated for the name"
        assert found.summary()["tosses/heads_best"] == 1.0
        assert found.until(20).group("tosses")["heads"].steps.tolist() == [10, 20]
        with pytest.raises(BadInput, match="no group 'coins'; one of tiers, domains, actions, tos"):
            found.group("coins")
