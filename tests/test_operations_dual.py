"""The plan's two networks: counts, schedules, strategies and losses against numbers by hand."""

import math

import pytest
import torch

from sashimi.errors import BadInput
from sashimi.studies.operations import benchmark, dual, evolution, latents, learn, page, schedules
from sashimi.studies.operations.control import Controller
from sashimi.studies.operations.params import DualParams


def size(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


@pytest.fixture
def model():
    torch.manual_seed(0)
    return dual.DualVAE().eval()


def settings(**changes):
    values = {
        "seed": 0, "epochs": 2, "batch_size": 8192, "train_share": 0.8, "schedule": "plan",
        "statenet": "learned", "repaired": False, "attention": False, "alignment": 0.0,
        "free_nats": 0.5, "draws": 300,
    }  # fmt: skip
    return DualParams(**(values | changes))


def test_the_networks_have_the_plans_sizes(model):
    assert size(model.encoder_a, model.decoder_a) == 50_203
    assert size(model.encoder_b, model.decoder_b) == 117_499
    state = dual.StateNet()
    assert size(state) - (32 + 1) == 1_068, "without the fifth output, which is schedule C's"


@pytest.mark.parametrize(
    ("epoch", "rho"),
    [(0, 0.1), (60, 0.15), (80, 0.2), (119, 0.2975), (150, 0.45), (200, 0.7), (250, 0.7)],
)
def test_the_plans_rho(epoch, rho):
    assert schedules.rho("plan", epoch) == pytest.approx(rho)


def test_other_schedules_of_rho():
    assert schedules.rho("plan", 150, balanced=False) == 0.3
    assert schedules.rho("plan", 250, balanced=False) == pytest.approx(0.7)
    assert schedules.rho("early", 100) == pytest.approx(0.5)
    assert schedules.rho("early", 70) == pytest.approx(0.4)
    assert schedules.rho("high", 249.999) == pytest.approx(0.7, abs=1e-3)
    assert schedules.rho("high", 250) == 0.85
    assert schedules.rho("capped", 400) == 0.45
    assert [schedules.rho("reversed", e) for e in (0, 400)] == pytest.approx([0.7, 0.1])
    with pytest.raises(BadInput, match="there are: plan"):
        schedules.rho("none", 0)


def test_the_other_schedules():
    betas = [schedules.beta_a(e) for e in (25, 50, 225, 400)]
    assert betas == pytest.approx([0.15, 0.3, 0.55, 0.8])
    assert [schedules.beta_b(e) for e in (49, 50, 400)] == pytest.approx([0, 0.2121, 0.5656])
    assert schedules.beta_b(25, ramp=True) == pytest.approx(0.707 * 0.15)
    assert [schedules.lambda_3(e) for e in (0, 7.5, 22.5)] == pytest.approx([0.3, 0.15, 0.45])
    assert schedules.temperature_a(0) == pytest.approx(1.1)
    assert min(schedules.temperature_a(e) for e in range(401)) >= 0.1
    assert [schedules.rate(e) for e in (0, 50, 349, 350)] == [1e-3, 5e-4, 1e-5, 5e-6]


def logits_of(trits, confidences):
    """(1, n, 3) logits whose softmax has these maxima at these trits."""
    rows = []
    for trit, sure in zip(trits, confidences, strict=True):
        p = [(1 - sure) / 2] * 3
        p[trit + 1] = sure
        rows.append(p)
    return torch.tensor([rows]).log()


def test_the_strategies_by_hand():
    x = torch.tensor([[1, 0, -1]])
    a = logits_of([1, 0, 0], [0.9, 0.8, 0.4])
    b = logits_of([1, 1, -1], [0.9, 0.6, 0.7])
    said = {s: dual.combine(a, b, s, x).tolist()[0] for s in dual.STRATEGIES}
    assert said["best_of_two"] == [1, 0, 0], "a tie is A's"
    assert said["voting"] == [1, 1, -1], "which is B"
    assert said["confidence_weighted"] == [1, 0, -1]
    assert said["mean_probability"] == said["product_of_experts"] == [1, 0, -1]
    assert said["operation_confidence"] == [1, 1, -1], ".378 against .288"


def test_what_is_no_strategy_is_refused(model):
    x = torch.zeros(2, 9)
    with pytest.raises(BadInput, match="there are: best_of_two"):
        model.ensemble_reconstruct(x, "majority")
    with pytest.raises(BadInput, match="oracle"):
        dual.combine(torch.zeros(1, 9, 3), torch.zeros(1, 9, 3), "best_of_two")
    with pytest.raises(BadInput, match="evaluation"):
        model.train()(x, use_ensemble="voting")


def test_the_ensemble_in_the_forward_pass_changes_nothing_else(model):
    x = learn.operations()[:64]
    plain, with_it = model(x), model(x, use_ensemble="mean_probability")
    assert plain.ensemble is None and torch.equal(plain.logits_a, with_it.logits_a)
    assert torch.equal(with_it.ensemble, model.ensemble_reconstruct(x, "mean_probability"))
    assert with_it.ensemble.shape == (64, 9) and not with_it.ensemble.requires_grad


def test_the_coupling_stops_the_others_gradient(model):
    model.rho.fill_(0.25)
    z_a, z_b = torch.ones(1, 16, requires_grad=True), torch.zeros(1, 16, requires_grad=True)
    to_a, to_b = model.mixed(z_a, z_b)
    assert to_a[0, 0] == 0.75 and to_b[0, 0] == 0.25
    to_a.sum().backward()
    assert z_a.grad[0, 0] == 0.75 and z_b.grad is None


def test_the_losses_by_hand():
    one, zero = torch.ones(1, 1), torch.zeros(1, 1)
    assert dual.rate(one, zero).item() == pytest.approx(0.5)
    assert dual.rate(zero, zero, free=0.5).item() == pytest.approx(0.5)
    assert dual.output_entropy(torch.zeros(4, 9, 3)).item() == pytest.approx(math.log(3))
    near = torch.tensor([[0.0], [0.5]])
    assert dual.repulsion(near).item() == pytest.approx(math.exp(-1), rel=1e-5)
    two_blocks = torch.cat([torch.zeros(64, 2), torch.full((64, 2), 9.0)])
    assert dual.repulsion(two_blocks).item() == pytest.approx(1), "only within a block"
    even = torch.linspace(-2.999, 2.999, 5000)[:, None]
    assert dual.histogram_entropy(even) == pytest.approx(math.log(50), abs=1e-3)
    assert dual.gaussian_entropy(torch.randn(200_000, 2)).item() == pytest.approx(1.419, abs=0.01)


def gradients(term, parameters):
    found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
    return sum(float(g.norm()) for g in found if g is not None)


def test_which_terms_have_a_gradient(model):
    x = learn.operations()[::77]
    seen = model(x, noise=True)
    weights = list(model.encoder_b.parameters())
    gap = (dual.gaussian_entropy(seen.z_a) - dual.gaussian_entropy(seen.z_b)).abs()
    terms = {"repulsion": dual.repulsion(seen.z_b), "entropy": dual.output_entropy(seen.logits_b),
             "rate": dual.rate(seen.mean_b, seen.logvar_b), "repaired alignment": gap}  # fmt: skip
    for name, term in terms.items():
        assert gradients(term, weights) > 0, name
    assert isinstance(dual.histogram_entropy(seen.z_b), float), "the plan's has none"
    below = dual.rate(seen.mean_b, seen.logvar_b, free=0.5)
    assert gradients(below, weights) == 0, "free bits: an untrained rate lies below 8 nats"


def seen_of(dev):
    return {"entropy A": 1.0, "entropy B": 1.0, "rate A": 1.0, "rate B": 1.0, "coverage A": 0.5,
            "coverage B": 0.5, "rho": 0.1, "dev": dev}  # fmt: skip


def run(control, ratio=1.0, epochs=6):
    torch.manual_seed(0)
    for whole in range(epochs):
        control.state.norm_a, control.state.norm_b = 1.0, ratio
        control.end_epoch(whole, 10.0 * whole, seen_of(5.0 / (1 + whole)))
    return control.state


def test_the_rules_of_the_lambdas():
    state = run(Controller("plan", "off", True, 0), ratio=0.5, epochs=3)
    assert (state.lambda_1, state.lambda_2) == pytest.approx((0.76, 0.64))
    assert state.rate_scale == 1 and state.rho_change == 0
    state = run(Controller("plan", "off", True, 0), ratio=2.0, epochs=30)
    assert (state.lambda_1, state.lambda_2) == (0.5, 0.95), "within their bounds"


def test_statenet_acts_and_learns():
    torch.manual_seed(0)
    control = Controller("adaptive", "learned", True, 0)
    before = torch.nn.utils.parameters_to_vector(control.net.parameters()).clone()
    state = run(control)
    after = torch.nn.utils.parameters_to_vector(control.net.parameters())
    assert not torch.equal(before, after)
    assert state.rate_scale != 1 and 0 < abs(state.rho_change) <= 0.05
    torch.manual_seed(0)
    fixed = Controller("plan", "fixed", True, 0)
    state = run(fixed)
    assert torch.equal(before, torch.nn.utils.parameters_to_vector(fixed.net.parameters()))
    assert state.rate_scale != 1 and state.rho_change == 0


def test_the_controllers_state_survives_a_checkpoint():
    control, other = (Controller("plan", "learned", True, 0) for _ in range(2))
    run(control, ratio=0.5)
    other.load_state_dict(control.state_dict())
    assert other.state == control.state


def test_the_gradient_balance_weighs_the_weaker_network_up():
    control = Controller("plan", "off", True, 0)
    control.state.norm_a, control.state.norm_b = 1.0, 4.0
    assert control.scales() == pytest.approx((0.7 * 2, 0.7 * 0.5))
    assert Controller("plan", "off", False, 0).scales() == (0.7, 0.7)


def test_gradient_norms_are_followed():
    both = learn.Coupled(settings())
    before = both.control.state.norm_a, both.control.state.norm_b
    both.loss(learn.operations()[:64])[0].backward()
    norms = [
        p.grad.norm()
        for m in (both.networks.encoder_a, both.networks.decoder_a)
        for p in m.parameters()
    ]
    assert both.control.state.norm_a == pytest.approx(
        0.95 + 0.05 * float(torch.stack(norms).norm())
    )
    assert both.control.state.norm_b != before[1]


def test_a_run_leaves_what_the_study_reads(tmp_path):
    model, _ = learn.plan(settings(), tmp_path, lambda line: None)
    epochs = evolution.read(tmp_path)
    assert [one["epoch"] for one in epochs] == [1, 2]
    assert epochs[0]["weights"] != epochs[1]["weights"] == benchmark.digest(model)
    (row, last) = evolution.compare_epochs(epochs, 2)
    assert (row["plan's epoch"], last["plan's epoch"]) == (200, 400)
    risks = {w["risk"] for w in evolution.warnings(epochs, 2)}
    assert "1: A is slow" in risks and "the ensemble is below 99.9%" in risks
    special = epochs[-1]["specialisation"]
    assert special["n11"] + special["n10"] + special["n01"] + special["n00"] == 19683
    with pytest.raises(BadInput, match="make a run"):
        evolution.read(tmp_path / "none")


@pytest.mark.slow
def test_a_run_repeats_itself(tmp_path):
    runs = [learn.plan(settings(epochs=1), tmp_path / n, lambda line: None)[0] for n in "ab"]
    assert benchmark.digest(runs[0]) == benchmark.digest(runs[1])


def test_latent_comparisons():
    import numpy as np

    rng = np.random.default_rng(0)
    a = rng.standard_normal((500, 4))
    turned = 3 * a @ np.linalg.qr(rng.standard_normal((4, 4)))[0] + 1
    assert latents.cka(a, turned) == pytest.approx(1)
    assert latents.procrustes(a, turned) == pytest.approx(1)
    assert latents.cka(a, rng.standard_normal((500, 4))) < 0.1


def test_a_claim_of_the_plan_is_judged_over_all_seeds():
    def record(share, decision):
        epoch = {"A expected": [95, 100], "plan's epoch": 400}
        at = epoch | {"A coupled": share, "A isolated": 0.5}
        gate = {"gate": "operations, it holds", "value": share, "decision": decision}
        return {"facts": {"epochs": [at]}, "gates": [gate]}

    records = [record(0.9, "stop"), record(1.0, "go"), record(0.99, "go")]
    epoch, gate, *_ = page.claims({"00_full": records}, {})
    assert epoch[0] == "A at epoch 400: 95 to 100%"
    # mean 96.33, standard error 3.18, t(2) = 4.303
    assert epoch[1] == "96.33% [82.7, 100.0] coupled, 50.00% [50.0, 50.0] alone"
    assert epoch[2] == "in 2 of 3 seeds"
    assert gate == ["gate: it holds", "0.9, 1, 0.99 by seed", "stop in 1, go in 2 of 3"]
    records[2]["facts"]["epochs"].insert(0, {"A expected": None, "plan's epoch": 3})
    assert next(iter(page.claims({"00_full": records}, {}))) == epoch, "by epoch, not by place"
    (one, *_) = page.claims({"00_full": records[:1]}, {})
    assert one[1:] == ["90.00% coupled, 50.00% alone", "no, one seed"]
