"""The bottleneck of learned codes: the nearest, gradients straight through, none that is dead."""

import pytest
import torch

from sashimi import params
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import learn
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.model import bridge
from sashimi.flagship.model.bridge import COMMITMENT, DECAY, Bridge, Codes, perplexity
from sashimi.flagship.params import FlagshipParams

STANDS = torch.ones(4, dtype=torch.bool)


@pytest.fixture
def codes():
    """Two slices of two numbers, three codes each: (1, 1), (2, 2), (3, 3)."""
    made = Codes(4, groups=2, codes=3).eval()
    made.table.copy_(torch.arange(1.0, 4.0)[None, :, None].expand(2, 3, 2))
    made.chosen.fill_(1.0)
    made.total.copy_(made.table)
    return made


def test_the_nearest_code_of_each_slice(codes):
    z = torch.tensor([[1.2, 0.9, 9.0, 9.0], [2.4, 2.5, 0.0, -5.0]])
    assert codes(z, STANDS[:2]).tolist() == [[1, 1, 3, 3], [2, 2, 1, 1]]
    assert codes.indices(z).tolist() == [[0, 1], [2, 0]]
    assert torch.equal(codes.indices(codes(z, STANDS[:2])), codes.indices(z))


def test_the_gradient_goes_straight_through_and_the_commitment_pulls(codes):
    z = torch.tensor([[1.5, 1.0, 3.0, 3.0]], requires_grad=True)
    weights = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    (codes(z, STANDS[:1]) * weights).sum().backward()
    assert torch.equal(z.grad, weights)
    z.grad = None
    codes(z, STANDS[:1])
    assert codes.commitment.item() == pytest.approx(COMMITMENT * 0.25 / 4)
    codes.commitment.backward()
    assert z.grad.tolist() == [pytest.approx([COMMITMENT * 2 * 0.5 / 4, 0, 0, 0])]


def test_what_does_not_stand_is_nothing(codes):
    codes.train()
    z = torch.tensor([[1.0, 1.0, 2.0, 2.0], [50.0, 50.0, 50.0, 50.0]])
    before = codes.table.clone()
    found = codes(z, torch.tensor([True, False]))
    assert found.tolist() == [[1, 1, 2, 2], [0, 0, 0, 0]]
    assert codes.commitment.item() == 0.0
    assert codes.table.max() <= before.max()


def test_codes_are_moving_averages(codes):
    codes.train()
    codes(torch.tensor([[1.5, 1.5, 3.0, 3.0]]), STANDS[:1])
    chosen = DECAY * 1.0 + (1 - DECAY) * 1.0
    assert codes.chosen[0].tolist() == pytest.approx([chosen, DECAY, DECAY])
    assert codes.table[0, 0].tolist() == pytest.approx([DECAY * 1.0 + (1 - DECAY) * 1.5] * 2)
    assert codes.table[0, 1].tolist() == pytest.approx([2.0, 2.0])  # none chose it: it stays
    codes.eval()
    kept = codes.table.clone()
    codes(torch.randn(4, 4), STANDS)
    assert torch.equal(codes.table, kept)


def test_it_begins_where_vectors_are_and_no_code_stays_dead():
    torch.manual_seed(0)
    made = Codes(4, groups=2, codes=3).train()
    z = 100.0 + torch.randn(50, 4)
    stands = torch.ones(50, dtype=torch.bool)
    made(z, stands)
    assert made.table.min() > 90.0
    made.table[:, 0] = -1000.0
    made.chosen[:, 0] = 0.0
    made.total[:, 0] = 0.0
    made(z, stands)
    assert made.table.min() > 90.0
    assert (made.chosen > 0).all()


def test_perplexity_by_hand():
    found = torch.tensor([[0, 1, 2, 3], [5, 5, 5, 5]])
    assert perplexity(found, codes=8).tolist() == pytest.approx([4.0, 1.0])


def test_widths_that_have_no_slices_are_refused():
    with pytest.raises(ValueError, match="slices"):
        Codes(10, groups=4)
    with pytest.raises(BadInput, match="slices"):
        settings(bridge="quantised", bridge_width=36)
    assert Bridge(8, 36).commitment is None


def settings(**changes):
    return params.load(root() / "params" / "flagship" / "90_smoke.yaml", FlagshipParams, **changes)


def test_a_quantised_run_pays_its_commitment_and_uses_its_codes(tmp_path):
    corpus = corpora.load("builtin", limit=60)
    chosen = settings(bridge="quantised", neighbours=0, limit=60, steps=12)
    whole = learn.learn(corpus, chosen, tmp_path, say=lambda line: None).sashimi
    journal = (tmp_path / "journal.jsonl").read_text()
    assert '"bridge"' in journal
    codes = whole.network.bridge.codes
    z = torch.randn(30, chosen.bridge_width)
    assert (perplexity(codes.indices(z)) > 2).all()
    memory, _ = whole.network.memory(torch.randn(2, 4, chosen.intent_width), torch.ones(2, 3) > 0)
    slices = memory.flatten(0, 1).unflatten(-1, (bridge.GROUPS, -1)).transpose(0, 1)
    distances = (slices[:, :, None] - codes.table[:, None]).abs().amax(-1)
    assert distances.amin(-1).max() < 1e-5  # nothing else gets through
