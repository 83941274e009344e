"""Encoders that are trained along: what they begin as, what they read, and that they learn."""

import pytest
import torch
from torch.nn import functional as F

from sashimi import params
from sashimi.encode import WIDTH, encode_uncached
from sashimi.files import root
from sashimi.flagship import learn, way
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.model import trained_encoders
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.network import Network
from sashimi.flagship.params import FlagshipParams
from sashimi.pieces import token_ids

PROMPTS = ["Log 200 mg of caffeine", "a", 'Öffne 😀 `x` "y"']
KINDS = ("adapted", "fine_tuned", "scratch")


def settings(**changes):
    return params.load(root() / "params" / "flagship" / "90_smoke.yaml", FlagshipParams, **changes)


def network(encoder):
    torch.manual_seed(0)
    words = trained_encoders.words_of(encode_uncached(PROMPTS, encoder), encoder, least=1)
    labels = Labels(("any",), ("any",), {})
    return Network(settings(encoder=encoder), labels, 5, 5, words).eval()


@torch.no_grad()
def refined(made, prompts=PROMPTS, rows=None):
    encoded = encode_uncached(prompts, made.reads)
    return made.encode(encoded.padded(range(len(prompts)) if rows is None else rows))


def test_the_frozen_encoder_is_left_alone():
    batch = encode_uncached(PROMPTS).padded(range(3))
    assert network("frozen").encode(batch) is batch


@pytest.mark.parametrize("encoder", ["adapted", "fine_tuned"])
def test_what_is_trained_along_begins_at_the_published_weights(encoder):
    ours, frozen = refined(network(encoder)), encode_uncached(PROMPTS).padded(range(3))
    assert (ours.pooled - frozen.pooled).abs().max() < 1e-3  # what it reads is stored in 16 bits
    assert (ours.states - frozen.states).abs().max() < 1e-2
    assert torch.equal(ours.states[..., WIDTH:], frozen.states[..., WIDTH:])
    assert ours.raw is None


@pytest.mark.parametrize("encoder", KINDS)
def test_padding_changes_nothing(encoder):
    made = network(encoder)
    together = refined(made)
    for row, prompt in enumerate(PROMPTS):
        alone = refined(made, [prompt])
        size = int(together.pieces[row].sum())
        assert torch.allclose(together.pooled[row], alone.pooled[0], atol=1e-5)
        assert torch.allclose(together.states[row, :size], alone.states[0], atol=1e-4)
        assert (together.states[row, size:] == 0).all()
        assert torch.allclose(refined(made, rows=[row]).pooled, alone.pooled, atol=1e-5)


@pytest.mark.parametrize("encoder", KINDS)
def test_prompts_that_it_cannot_read_are_refused(encoder):
    made = network(encoder)
    with pytest.raises(ValueError, match=encoder):
        made.encode(encode_uncached(PROMPTS).padded(range(3)))
    with pytest.raises(ValueError, match=encoder):
        made.encode(refined(made))


def test_a_step_moves_published_weights_by_its_rate():
    """Adam's first step is as long as its learning rate, for every weight."""
    made = trained_encoders.FineTuned()
    optimiser = torch.optim.AdamW(made.parameters(), lr=0.1, weight_decay=0.0)
    states = torch.randn(2, 3, WIDTH)
    vectors, _ = made(states, torch.ones(2, 3, dtype=torch.bool))
    (vectors * torch.randn(2, 3, WIDTH)).sum().backward()
    optimiser.step()
    moved = (trained_encoders.RATE * made.moved["narrow_weight"]).detach().abs()
    assert float(moved.max()) == pytest.approx(0.1 * trained_encoders.RATE, rel=1e-3)
    assert sum(p.numel() for p in made.parameters()) == 12 * WIDTH**2 + 13 * WIDTH


def test_products_are_those_of_torch():
    x, weight, bias = (torch.randn(*shape) for shape in ((2, 5, 8), (3, 8), (3,)))
    gradient = torch.randn(2, 5, 3)
    found = []
    for product in (F.linear, trained_encoders.Product.apply):
        inputs = [t.clone().requires_grad_() for t in (x, weight, bias)]
        y = product(*inputs)
        y.backward(gradient)
        found.append([y.detach(), *(t.grad for t in inputs)])
    for theirs, ours in zip(*found, strict=True):
        assert torch.allclose(theirs, ours, atol=1e-5)


def test_words_are_those_that_train_has_twice():
    encoded = encode_uncached(["log log mg", "mg of"], "scratch")
    (cls, log, _, mg, sep), (_, _, of, _) = token_ids(["log log mg", "mg of"])
    known = trained_encoders.words_of(encoded, "scratch")
    assert known == sorted({cls, sep, log, mg})
    made = trained_encoders.Scratch(known, 0.0)
    places = made.places(torch.tensor([[log, of, 30_000], [cls, mg, 0]]))
    assert places[0, 1:].tolist() == [0, 0]
    assert places[1, 2] == 0
    assert [known[p - 1] for p in (places[0, 0], *places[1, :2])] == [log, cls, mg]
    assert trained_encoders.words_of(encoded, "frozen") == []


def test_an_encoder_from_nothing_does_not_look_at_the_published_vectors():
    made = network("scratch")
    batch = encode_uncached(PROMPTS, "scratch").padded(range(3))
    with torch.no_grad():
        expected = made.encode(batch)
        batch.pooled.normal_()
        batch.states[..., :WIDTH].normal_()
        again = made.encode(batch)
    assert torch.equal(expected.pooled, again.pooled)
    assert torch.equal(expected.states, again.states)


@pytest.mark.parametrize("encoder", KINDS)
def test_it_learns_and_survives_the_disk(encoder, tmp_path):
    corpus = corpora.load("builtin", limit=60)
    chosen = settings(encoder=encoder, limit=60, steps=12)
    whole = learn.learn(corpus, chosen, tmp_path, say=lambda line: None).sashimi
    moved = whole.network.encoder.state_dict()
    start = trained_encoders.build(encoder, whole.network.words, 0.0).state_dict()
    changed = [name for name, tensor in moved.items() if not torch.equal(tensor, start[name])]
    assert len(changed) == len(moved)
    prompts = [e.prompt for e in corpus.test[:2]]
    together = whole.generate(prompts, refuse=False)
    assert [o.text for o in together] == [whole.generate(p, refuse=False).text for p in prompts]
    again = way.load(tmp_path).generate(prompts, refuse=False)
    assert [(o.text, o.frame) for o in again] == [(o.text, o.frame) for o in together]
