"""Positions that stand, packed and spread: equal to the padded pass; and cheap dropout."""

import torch

from sashimi.flagship.model.decode import Decoder
from sashimi.flagship.model.packed import Packed, dropout
from sashimi.ternary import set_progress

STANDING = torch.tensor([[True, True, True, False], [True, False, False, False]])


def test_what_is_packed_comes_back_in_its_place():
    packed = Packed.of(STANDING)
    x = torch.arange(16.0).view(2, 4, 2)
    assert packed.pack(x).tolist() == [[0, 1], [2, 3], [4, 5], [8, 9]]
    assert torch.equal(packed.spread(packed.pack(x)), x * STANDING[..., None])


def test_dropout_keeps_its_share_and_the_mean():
    torch.manual_seed(3)
    x = torch.ones(1001, 37, requires_grad=True)
    dropped = dropout(x, 0.3, training=True)
    kept = dropped > 0
    assert torch.allclose(dropped[kept], torch.tensor(1 / 0.7))
    assert abs(float(kept.float().mean()) - 0.7) < 0.01  # five standard deviations
    for k in range(4):  # each of the sixteen-bit numbers that one draw gives
        assert abs(float(kept.flatten()[k::4].float().mean()) - 0.7) < 0.02
    dropped.sum().backward()
    assert torch.equal(x.grad > 0, kept)
    assert dropout(x, 0.3, training=False) is x and dropout(x, 0.0, training=True) is x


def test_a_decoder_reads_the_same_packed_and_padded():
    torch.manual_seed(0)
    decoder = Decoder(9, 8, 16, 2, 2, dropout=0.0, copies=False)
    set_progress(decoder, 0.7, 0.0, 1.0)
    memory, present = torch.randn(2, 3, 8), torch.tensor([[True, True, True], [True, True, False]])
    tokens = torch.tensor([[0, 4, 5, 0], [0, 0, 0, 0]])
    results = []
    for read in ("forward", "read"):
        torch.manual_seed(1)
        decoder.zero_grad()
        remembered = decoder.remember(memory, present)
        if read == "forward":
            hidden = decoder(tokens, None, remembered)[0] * STANDING[..., None]
        else:
            hidden = decoder.read(tokens, None, remembered, STANDING)
        hidden.square().sum().backward()
        gradients = [p.grad.clone() for p in decoder.parameters() if p.grad is not None]
        results.append([hidden.detach(), *gradients])
    assert len(results[0]) > 30
    for padded, packed in zip(*results, strict=True):
        assert torch.allclose(padded, packed, atol=1e-4, rtol=1e-4)
