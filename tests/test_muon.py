"""Muon: the orthogonalised update, its size, and AdamW's for everything else."""

import copy

import pytest
import torch

from sashimi.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (1, 5)])
def test_singular_values_come_near_one_and_the_directions_stay(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    update = orthogonalised(matrix)
    values = torch.linalg.svdvals(update)
    assert values.min() > 0.6 and values.max() < 1.3
    inside = left.T @ update @ right.T  # diagonal where U and V are the matrix's own
    assert (inside - torch.diag(inside.diagonal())).abs().max() < 1e-4


def test_several_at_once_are_each_by_itself():
    torch.manual_seed(0)
    for shape in ((3, 4, 9), (2, 3, 9, 4)):
        matrices = torch.randn(shape)
        together = orthogonalised(matrices).flatten(0, -3)
        for one, every in zip(matrices.flatten(0, -3), together, strict=True):
            assert torch.allclose(orthogonalised(one), every, atol=1e-5)


def test_small_singular_values_are_brought_up_too():
    values = torch.tensor([1.0, 0.1, 0.02, 0.004, 0.003])
    left, right = (torch.linalg.qr(torch.randn(8, 5))[0] for _ in range(2))
    update = orthogonalised(left @ torch.diag(values) @ right.T)
    found = torch.linalg.svdvals(update)[:5]
    assert found.min() > 0.78 and found.max() < 1.22


def test_the_maps_that_one_matrix_holds_move_as_if_apart():
    torch.manual_seed(0)
    whole = torch.nn.Parameter(torch.randn(6, 4))
    whole.maps = 3
    parts = [torch.nn.Parameter(part.clone()) for part in whole.detach().chunk(3)]
    gradient = torch.randn(6, 4)
    whole.grad = gradient
    for part, its in zip(parts, gradient.chunk(3), strict=True):
        part.grad = its.clone()
    for parameters in ([whole], parts):
        Muon([{"params": parameters}, {"params": []}], lr=0.1).step()
    assert torch.allclose(whole, torch.cat(parts), atol=1e-6)


def test_one_step_by_hand():
    matrix, bias = torch.nn.Parameter(torch.eye(2)), torch.nn.Parameter(torch.zeros(2))
    groups = [{"params": [matrix], "weight_decay": 0.5}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = Muon(groups, lr=0.1)
    matrix.grad, bias.grad = torch.diag(torch.tensor([1.0, 1.0])), torch.tensor([3.0, -3.0])
    optimizer.step()
    update = orthogonalised(torch.eye(2))
    expected = torch.eye(2) * (1 - 0.05) - 0.1 * 0.2 * 2**0.5 * update
    assert torch.allclose(matrix, expected)
    assert torch.allclose(bias, torch.tensor([-0.1, 0.1]), atol=1e-6)  # AdamW's first step


def test_its_state_can_be_saved_and_loaded():
    def made():
        torch.manual_seed(0)
        parameters = [torch.nn.Parameter(torch.randn(3, 2)), torch.nn.Parameter(torch.randn(3))]
        groups = [{"params": parameters[:1]}, {"params": parameters[1:]}]
        return parameters, Muon(groups, lr=0.01)

    def step(parameters, optimizer, number):
        torch.manual_seed(number)
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()

    ours, whole = made()
    step(ours, whole, 1)
    theirs, resumed = made()
    for a, b in zip(theirs, ours, strict=True):
        a.data.copy_(b.data)
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    step(ours, whole, 2)
    step(theirs, resumed, 2)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_only_matrices():
    with pytest.raises(ValueError, match="matrices"):
        Muon([{"params": [torch.nn.Parameter(torch.zeros(3))]}], lr=0.1)
