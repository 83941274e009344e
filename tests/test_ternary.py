"""The quantiser to its formula, its gradient, the staged schedule."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sashimi.ternary import (
    TernaryLinear,
    fixed,
    scale_of,
    set_progress,
    ternarize,
    ternary_layers,
    trit_arrays,
    trit_shares,
    trits,
)


def test_absmean_by_hand():
    weight = torch.tensor([[0.9, -0.1], [0.2, -2.0]])  # mean magnitude 0.8
    assert float(scale_of(weight)) == pytest.approx(0.8)
    assert trits(weight).tolist() == [[1, 0], [0, -1]]
    assert torch.allclose(ternarize(weight), torch.tensor([[0.8, 0.0], [0.0, -0.8]]))


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.floats(1e-3, 1e3))
def test_trits_do_not_depend_on_the_scale_of_the_weight(seed, factor):
    weight = torch.randn(5, 7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    assert set(trits(weight).unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert torch.equal(trits(weight), trits(weight * factor))


def test_the_gradient_is_straight_through():
    weight = torch.randn(3, 4, requires_grad=True)
    coefficients = torch.randn(3, 4)
    (ternarize(weight) * coefficients).sum().backward()
    assert torch.equal(weight.grad, coefficients)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.floats(0, 1))
def test_the_weight_in_use_is_the_formula_at_every_share(seed, share):
    layer = TernaryLinear(9, 7)
    weight = torch.randn(7, 9, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        layer.weight.copy_(weight)
    layer.share.fill_(share)
    quantised = trits(weight) * scale_of(weight)
    used = layer.effective_weight()
    assert torch.allclose(used, (1 - share) * weight + share * quantised, atol=1e-6)
    layer.share.fill_(1.0)
    assert torch.equal(layer.effective_weight(), quantised)  # to the bit: it is stored as trits
    used.sum().backward()
    assert torch.equal(layer.weight.grad, torch.ones(7, 9))


def test_a_ternary_layer_learns_a_separable_task():
    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] - x[:, 3] > 0).long()
    layer = TernaryLinear(8, 2)
    layer.share.fill_(1.0)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(layer(x), y).backward()
        optimizer.step()
    assert (layer(x).argmax(1) == y).float().mean() > 0.9


def test_a_zero_weight_stays_finite():
    assert torch.equal(ternarize(torch.zeros(2, 2)), torch.zeros(2, 2))


def test_the_layer_normalises_first_and_mixes_by_share():
    torch.manual_seed(0)
    layer, x = TernaryLinear(6, 4), torch.randn(5, 6) * 100 + 3
    normal = nn.functional.layer_norm(x, (6,))
    assert torch.allclose(layer(x), normal @ layer.weight.T, atol=1e-5)
    layer.share.fill_(1.0)
    assert torch.allclose(layer(x), normal @ ternarize(layer.weight).T, atol=1e-5)
    layer.share.fill_(0.25)
    mixed = 0.75 * layer.weight + 0.25 * ternarize(layer.weight)
    assert torch.allclose(layer(x), normal @ mixed.T, atol=1e-5)


def test_stages_run_from_output_to_input():
    model = nn.Sequential(TernaryLinear(4, 4), nn.GELU(), TernaryLinear(4, 4))
    first, last = (layer for _, layer in ternary_layers(model))
    assert set_progress(model, 0.1, 0.2, 0.6) == 0.0
    assert set_progress(model, 0.3, 0.2, 0.6) == pytest.approx(0.25)
    assert (float(first.share), float(last.share)) == (0.0, pytest.approx(0.5))
    set_progress(model, 0.5, 0.2, 0.6)
    assert (float(first.share), float(last.share)) == (pytest.approx(0.5), 1.0)
    assert set_progress(model, 1.0, 0.2, 0.6) == 1.0


def test_trits_for_the_trajectory_are_int8():
    model = nn.Sequential(TernaryLinear(4, 3))
    ((name, array),) = trit_arrays(model)
    assert (name, array.dtype.name, array.shape) == ("0", "int8", (3, 4))
    assert array.tolist() == trits(model[0].weight).tolist()


def test_shares_of_trits_are_counted_by_layer_and_of_all():
    model = nn.Sequential(TernaryLinear(2, 2), TernaryLinear(2, 1), TernaryLinear(9, 9))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, -1.0], [0.01, 1.0]]))
        model[1].weight.copy_(torch.tensor([[-1.0, 0.01]]))
    assert trit_shares(model) == {}  # nothing is ternary yet
    for layer in (model[0], model[1]):
        layer.share.fill_(1.0)
    third = pytest.approx(1 / 3, abs=1e-6)
    assert trit_shares(model) == {
        "all": {"-1": third, "0": third, "+1": third},
        "0": {"-1": 0.25, "0": 0.25, "+1": 0.5},
        "1": {"-1": 0.5, "0": 0.5, "+1": 0.0},
    }


def test_a_fixed_model_answers_the_same_and_is_free_again_after_an_error():
    model = nn.Sequential(TernaryLinear(4, 3), TernaryLinear(3, 2))
    set_progress(model, 1.0, 0.0, 0.5)
    x = torch.randn(5, 4)
    wanted = model(x)
    with fixed(model):
        assert torch.equal(model(x), wanted)
    with pytest.raises(KeyError), fixed(model):
        raise KeyError
    with torch.no_grad():
        model[0].weight.neg_()
    assert not torch.equal(model(x), wanted)
    assert not any("fixed" in name for name in model.state_dict())
