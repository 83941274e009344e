"""The loop: equal runs from equal seeds, resumption without a trace, loud failures."""

import json

import pytest
import torch
from torch import nn

from sashimi.errors import BadInput
from sashimi.pab.early_exit import ExitRule
from sashimi.train import CHECKPOINT, Schedule, TrainingError, fit, seed_everything

X = torch.randn(64, 5, generator=torch.Generator().manual_seed(1))
Y = X @ torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0])


def batch(step):
    rows = torch.randint(64, (8,), generator=torch.Generator().manual_seed(step))
    return X[rows], Y[rows]


def loss(model, pair):
    value = ((model(pair[0])[:, 0] - pair[1]) ** 2).mean()
    return value, {"squares": float(value.detach())}


def train(directory, steps=40, seed=3, model=None, **changes):
    seed_everything(seed)
    model = model or nn.Sequential(nn.Linear(5, 16), nn.Dropout(0.2), nn.GELU(), nn.Linear(16, 1))
    plan = {"learning_rate": 0.01, "checkpoint_every": 10, "observe_every": 10, **changes}
    arguments = {"seed": seed, "config_digest": "abc", "say": lambda line: None}
    fit(model, loss, batch, Schedule(steps, **plan), directory, **arguments)
    return model


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_two_runs_of_one_seed_end_bit_for_bit_equal(tmp_path):
    assert same(train(tmp_path / "a"), train(tmp_path / "b"))
    assert not same(train(tmp_path / "a2"), train(tmp_path / "c", seed=4))


@pytest.mark.parametrize("until", [1.0, 0.5])
def test_a_killed_run_resumes_to_the_same_end(tmp_path, until):
    stages = {"weight_decay": 0.3, "decay_until": until}
    whole = train(tmp_path / "whole", **stages)

    def killed(model, pair):
        if killed.steps == 25:
            raise KeyboardInterrupt
        killed.steps += 1
        return loss(model, pair)

    killed.steps = 0
    seed_everything(3)
    model = nn.Sequential(nn.Linear(5, 16), nn.Dropout(0.2), nn.GELU(), nn.Linear(16, 1))
    plan = Schedule(40, 0.01, checkpoint_every=10, observe_every=10, **stages)
    with pytest.raises(KeyboardInterrupt):
        fit(model, killed, batch, plan, tmp_path / "cut", seed=3, config_digest="abc")
    assert same(train(tmp_path / "cut", **stages), whole)
    losses = [
        [json.loads(line).get("train_loss") for line in journal.read_text().splitlines()]
        for journal in (tmp_path / d / "journal.jsonl" for d in ("whole", "cut"))
    ]
    recorded = [[v for v in row if v is not None] for row in losses]
    assert recorded[0] == recorded[1]
    assert len(recorded[0]) == 4


def test_it_learns(tmp_path):
    model = train(tmp_path, steps=400, weight_decay=0.0).eval()
    error = ((model(X)[:, 0] - Y) ** 2).mean().detach()
    assert error < 0.3 * Y.var()


def test_a_loss_that_is_not_finite_names_the_step(tmp_path):
    def broken(model, pair):
        return loss(model, pair)[0] * float("nan"), {"squares": float("nan")}

    with pytest.raises(TrainingError, match="step 1: the loss is nan"):
        fit(nn.Linear(5, 1), broken, batch, Schedule(3, 0.1), tmp_path, seed=0, config_digest="abc")


def test_a_gradient_that_is_not_finite_names_the_parameter(tmp_path):
    model = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 1))

    def steep(model, pair):  # sqrt at 0: a finite loss with an infinite gradient
        return (model[1].weight - model[1].weight.detach()).abs().sqrt().sum(), {}

    with pytest.raises(TrainingError, match=r"step 1: the gradient of 1\.weight"):
        fit(model, steep, batch, Schedule(3, 0.1), tmp_path, seed=0, config_digest="abc")


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path):
    train(tmp_path)
    path = tmp_path / CHECKPOINT
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(BadInput, match="checkpoint is damaged"):
        train(tmp_path)
    path.write_bytes(good)
    arguments = {"seed": 3, "config_digest": "other", "say": lambda line: None}
    with pytest.raises(BadInput):
        fit(nn.Linear(5, 1), loss, batch, Schedule(3, 0.1), tmp_path, **arguments)


def test_an_exit_rule_ends_a_run_that_goes_nowhere_and_says_why(tmp_path):
    """A tier stuck at chance: case 3 fires once its step has come; without a rule nothing does."""
    arguments = {"seed": 0, "config_digest": "abc", "say": lambda line: None}
    plan = Schedule(900, learning_rate=1e-6, checkpoint_every=10_000, observe_every=20)
    stuck = {"observe": lambda: {"tiers": {"tier1": (50, 100)}}}
    rule = ExitRule(enabled=True)
    fit(nn.Linear(5, 1), loss, batch, plan, tmp_path / "a", exit_rule=rule, **stuck, **arguments)
    left = json.loads((tmp_path / "a" / "exit.json").read_text())
    assert left["stop"] is True
    assert left["case"] in (1, 3)
    assert left["step"] < 900
    profile = json.loads((tmp_path / "a" / "pab_profile.json").read_text())
    assert "stopped early" in json.dumps(profile)
    fit(nn.Linear(5, 1), loss, batch, plan, tmp_path / "b", **stuck, **arguments)
    assert not (tmp_path / "b" / "exit.json").exists()
    silent = tmp_path / "c"  # what was not reported never ends a run
    fit(nn.Linear(5, 1), loss, batch, plan, silent, exit_rule=rule, **arguments)
    assert not (silent / "exit.json").exists()


def test_the_rate_rises_then_falls_to_nothing():
    plan = Schedule(100, learning_rate=0.5, warmup=0.1)
    assert plan.rate(5) == pytest.approx(0.25)
    assert plan.rate(10) == 0.5
    assert plan.rate(55) == pytest.approx(0.25)
    assert plan.rate(100) == pytest.approx(0.0, abs=1e-12)


def test_decay_has_two_stages_and_spares_biases(tmp_path):
    """With no gradient AdamW only shrinks: by 1 - rate x decay a step, up to the stage's end."""
    plan = Schedule(10, learning_rate=0.1, warmup=0.0, weight_decay=0.5, decay_until=0.5)
    assert [plan.decay(step) for step in (1, 5, 6, 10)] == [0.5, 0.5, 0.0, 0.0]
    assert Schedule(10, 0.1, weight_decay=0.5).decay(10) == 0.5
    model = nn.Linear(2, 1)
    nn.init.ones_(model.weight)
    nn.init.ones_(model.bias)
    fit(
        model,
        lambda m, pair: (0.0 * m(pair[0]).sum(), {}),
        batch=lambda step: (torch.zeros(1, 2), None),
        schedule=plan,
        directory=tmp_path,
        seed=0,
        config_digest="abc",
        say=lambda line: None,
    )
    left = 1.0
    for step in range(1, 6):
        left *= 1 - 0.5 * plan.rate(step)
    assert model.weight.tolist() == [pytest.approx([left, left])]
    assert model.bias.tolist() == [1.0]
