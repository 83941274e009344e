"""Losses, networks, training, measures, the bundle: hand-computed values and small runs."""

import json

import numpy as np
import pytest
import torch

from sashimi.calibration import clopper_pearson
from sashimi.errors import BadInput
from sashimi.studies import planner
from sashimi.studies.planner import bundle, data, learn, measure, model, selectors
from sashimi.studies.planner.actions import HEADS, UNION, VALID, best, chances, joint
from sashimi.studies.planner.params import PlannerParams

onnx = pytest.importorskip("onnx", reason="pip install 'sashimi[planner]'")
pytest.importorskip("onnxruntime", reason="pip install 'sashimi[planner]'")
torchmetrics = pytest.importorskip("torchmetrics", reason="pip install 'sashimi[test]'")

SMOKE = {
    "seed": 0, "world": 0, "issues": 160, "signal": True, "permuted": False, "latents": False,
    "model": "heads", "slots": 1, "hidden": 32, "layers": 2, "dropout": 0.1, "smoothing": 0.1,
    "weighting": "none", "epochs": 2, "batch_size": 32, "learning_rate": 1.0e-3,
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A cache for the module, so that its one world is made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SASHIMI_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def test_the_loss_counts_valid_classes_alone():
    logits = torch.log(torch.tensor([[0.25, 0.75, 9.0]]))
    valid, label = torch.tensor([[True, True, False]]), torch.tensor([1])
    loss, counts = model.smoothed(logits, valid, label, 0.1)
    assert float(loss) == pytest.approx(0.3426, abs=1e-4) and bool(counts)
    assert float(model.smoothed(logits, valid, label, 0.0)[0]) == pytest.approx(0.2877, abs=1e-4)
    with pytest.raises(ValueError, match="1 of 1 labels"):
        model.smoothed(logits, valid, torch.tensor([2]), 0.1)


@pytest.mark.parametrize(("n", "floor"), [(2, 0.199), (4, 0.349), (5, 0.390), (6, 0.421)])
def test_the_smoothed_floor_and_a_finite_gradient_under_masks(n, floor):
    """The least loss has the smoothed target itself as its prediction."""
    target = torch.full((1, n), 0.1 / n)
    target[0, 0] += 0.9
    logits = torch.cat([target.log(), torch.zeros(1, 3)], 1).requires_grad_()
    valid = torch.arange(n + 3)[None] < n
    loss, _ = model.smoothed(logits, valid, torch.tensor([0]), 0.1)
    loss.sum().backward()
    assert float(loss.detach()) == pytest.approx(floor, abs=1e-3)
    assert torch.allclose(logits.grad, torch.zeros_like(logits), atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "count"), [(1, 1_945_105), (2, 2_072_593), (3, 2_103_569), (4, 2_110_865)]
)
def test_parameters_of_the_plans_network(layers, count):
    with torch.device("meta"):
        made = model.Policy(model.Trunk(3779, hidden=512, layers=layers, dropout=0.1), "heads")
    assert sum(p.numel() for p in made.parameters()) == count


@pytest.mark.parametrize("kind", ["heads", "joint", "value", "transformer"])
def test_shapes_gradients_and_a_wider_twin(kind):
    torch.manual_seed(0)
    live = np.sort(np.random.default_rng(0).choice(1455, 300, replace=False))
    made = model.make(kind, live, 1455, len(live), hidden=32, layers=2, dropout=0.0).eval()
    x = (torch.rand(8, 1455) < 0.2).float()
    jobs, prices = torch.arange(8) % 2, torch.rand(8, 3)
    narrow = x[:, torch.from_numpy(live)]
    parts = made(narrow)
    assert [p.shape[1] for p in parts] == model.OUTPUTS[kind]
    assert made.scores(narrow, jobs, prices).shape == (8, 126)
    for one, two in zip(parts, model.widened(made, live, 1455)(x), strict=True):
        assert torch.allclose(one, two, atol=1e-5)
    labels = torch.from_numpy(VALID.argmax(1))[jobs]
    if kind == "value":
        loss = model.outcome_loss(made, narrow, jobs, torch.rand(8, 3, 126), prices)
    else:
        loss = model.imitation(made, narrow, jobs, labels, smoothing=0.1)
    loss.backward()
    assert torch.isfinite(loss) and all(p.grad.isfinite().all() for p in made.parameters())


def test_decisions_in_rows_are_those_of_decode_and_chances_are_over_valid_ones():
    rng = np.random.default_rng(1)
    logits = {head: rng.normal(size=(6, len(v))) for head, v in HEADS.items()}
    jobs = np.arange(6) % 2
    scores = joint(logits)
    chosen = best(scores, jobs)
    for i in range(6):
        one = planner.decode({h: v[i] for h, v in logits.items()}, ("code", "fab-world")[jobs[i]])
        assert UNION[chosen[i]] == one
    p = chances(scores, jobs, 1.7)
    assert np.allclose(p.sum(1), 1) and (p[~VALID[jobs]] == 0).all()
    with pytest.raises(BadInput, match="NaN"):
        best(np.full((1, 126), np.nan), np.array([0]))


@pytest.mark.parametrize("kind", ["heads", "transformer"])
def test_a_training_saves_restores_and_exports_the_same_policy(kept, tmp_path, kind):
    settings = PlannerParams(**(SMOKE | {"model": kind}))
    told = learn.load(settings)
    made, speed = learn.fit(settings, told, tmp_path, say=lambda line: None)
    journal = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    losses = [entry["train_loss"] for entry in journal if entry.get("kind") == "record"]
    assert losses[-1] < losses[0] and speed["examples a processor second"] > 0
    heat, _ = learn.heat(made, told)
    learn.save(made, settings, told, heat, tmp_path)
    again, _, meta = learn.restore(tmp_path)
    rows = told.rows(2)
    asked = learn.scores(made, told, rows)
    assert np.array_equal(asked, learn.scores(again, told, rows))
    assert VALID[told.jobs[rows], best(asked, told.jobs[rows])].all()

    file = planner.export(tmp_path, tmp_path / "moved" / "planner.onnx")
    assert file.stat().st_size < 10_000_000 and len(list(file.parent.iterdir())) == 1
    outside = bundle.Bundle(file)
    x = data.features(told.world, 1)[rows].astype(np.float32)
    said = outside.logits(x)
    with torch.inference_mode():
        inside = made(learn.tensors(told, rows)[0])
    for name, part in zip(HEADS, inside, strict=True):
        assert np.abs(said[name] - part.numpy() / heat).max() <= 1e-5
    assert np.abs(outside.logits(x[:1])["swarm"] - said["swarm"][:1]).max() <= 1e-5
    planner_input = list(data.inputs(told.world))[rows[0]]
    record = outside.answer(planner_input)
    assert record["swarm_id"] == UNION[best(asked[:1], told.jobs[rows[:1]])[0]].swarm
    careful = outside.answer(planner_input, least=1.1)
    assert careful["abstain_to_default"] and "below" in careful["reason"]
    with pytest.raises(BadInput, match="finite"):
        outside.logits(np.full((1, x.shape[1]), np.nan))

    proto = onnx.load(file)
    meta = json.loads(proto.metadata_props[0].value) | {"actions": "another"}
    onnx.helper.set_model_props(proto, {"planner": json.dumps(meta)})
    onnx.save(proto, tmp_path / "other.onnx")
    with pytest.raises(BadInput, match="action space 'another'"):
        bundle.Bundle(tmp_path / "other.onnx")


def test_a_policy_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match="there is no policy"):
        planner.export(tmp_path, tmp_path / "x.onnx")


def test_selectors_choose_valid_actions_and_the_oracle_is_never_beaten(kept):
    told = learn.load(PlannerParams(**SMOKE))
    rows = told.rows(2)
    for name, choose in selectors.ALL.items():
        chosen = choose(told, rows)
        assert VALID[told.jobs[rows], chosen].all(), name
        assert (learn.regrets(told, rows, chosen) >= 0).all(), name
    single, counted = selectors.single_best(told, rows), selectors.majority(told, rows)
    train = told.rows(0)
    for job in range(2):
        here = train[told.jobs[train] == job]
        means = np.nan_to_num(told.utility[here]).mean(0)[VALID[job]]
        assert np.flatnonzero(VALID[job])[means.argmax()] == single[told.jobs[rows] == job][0]
        top = np.bincount(told.labels[here]).argmax()
        assert top == counted[told.jobs[rows] == job][0]


def test_five_points_of_calibration_and_torchmetrics():
    """Edges differ between libraries: ours puts a chance of 1 into the last bin."""
    p, y = np.array([0.15, 0.2, 0.25, 0.9, 1.0]), np.array([1, 0, 0, 1, 0])
    ours = planner.calibration_errors(p, y, 5)
    gaps = (0.85 + abs(0.45 - 0.0) + abs(1.9 - 1.0)) / 5
    assert ours.ece == pytest.approx(gaps) and ours.counts == (1, 2, 0, 0, 2)
    assert ours.mce == pytest.approx(0.85)
    theirs = torchmetrics.functional.classification.binary_calibration_error(
        torch.tensor(p), torch.tensor(y), n_bins=5, norm="l1"
    )
    assert float(theirs) == pytest.approx(0.48)
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(6), 500)
    labels = rng.integers(0, 6, 500)
    for norm, value in (("l1", "ece"), ("max", "mce")):
        theirs = torchmetrics.functional.classification.multiclass_calibration_error(
            torch.tensor(probs), torch.tensor(labels), num_classes=6, n_bins=10, norm=norm
        )
        ours = getattr(planner.calibration_errors(probs, labels, 10), value)
        assert ours == pytest.approx(float(theirs), abs=1e-6)
    with pytest.raises(BadInput, match="NaN"):
        planner.calibration_errors(np.array([np.nan]), np.array([1]), 10)


def test_clopper_pearson_and_gaps():
    known = {(5, 100): 0.1023, (2, 100): 0.0616, (0, 59): 0.0495, (1, 93): 0.0500}
    errors, n = np.array(list(known)).T
    assert measure.upper(errors, n) == pytest.approx(list(known.values()), abs=6e-5)
    assert clopper_pearson(5, 100) == pytest.approx(0.1023, abs=6e-5)
    assert measure.upper(np.array([3]), np.array([3])).tolist() == [1.0]
    base, oracle = np.zeros(50), np.ones(50)
    assert measure.gap_closed(np.full(50, 0.25), base, oracle).value == pytest.approx(0.25)
    assert np.isnan(measure.gap_closed(base, base, base).value), "no room is no gap"


def test_a_certified_threshold_keeps_its_bound_and_a_tuned_one_breaks_it():
    rng = np.random.default_rng(0)
    confidence = rng.random(20_000)
    violated = rng.random(20_000) < 0.12 * (1 - confidence)
    told = measure.redraws(confidence, violated, rounds=400)
    assert told["certified"]["kept"] >= 0.95 > told["tuned"]["kept"]
    assert 0.3 < told["certified"]["coverage"] < told["tuned"]["coverage"]
    never = measure.redraws(confidence, np.ones(20_000, dtype=bool), rounds=20)
    assert never["certified"] == {"kept": 1.0, "kept on test": 1.0, "coverage": 0.0}


def test_variety_counts_what_is_chosen_twice_beside_the_oracle():
    jobs = np.zeros(4, dtype=int)
    told = measure.variety(np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1]), jobs)
    assert (told["chosen"], told["oracle"], told["valid"], told["top"]) == (1, 2, 30, 0.5)
    assert told["entropy"] == pytest.approx(-(0.5 * np.log(0.5) + 0.5 * np.log(0.25)))


def test_exact_match_to_hindsight_winners_rewards_the_wrong_policy():
    """Two actions: one wins 60% of single draws by a little, the other is worth more on average."""
    rng = np.random.default_rng(0)
    safe = np.full(4000, 1.0)
    gamble = np.where(rng.random(4000) < 0.6, 1.1, -2.0)
    winners = (gamble > safe).astype(int)
    exact = {"safe": (winners == 0).mean(), "gamble": (winners == 1).mean()}
    assert exact["gamble"] > exact["safe"] and gamble.mean() < safe.mean()
