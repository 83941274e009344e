"""The three output layers, on a vocabulary small enough to work out by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from sashimi.flagship.model.decode import Decoder
from sashimi.program import catalogue, parse, tiers
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.studies.decoder_alone import designs

PROGRAMS = [
    'SHORTCUT "A"\nACTION gettext WFTextActionText="a"\nACTION showresult Text=`Say {@prev}`\n',
    'SHORTCUT "B"\nACTION delay WFDelayTime=5\nIF @prev has_any_value\nACTION delay\nENDIF\n',
]


@pytest.fixture(scope="module")
def irs():
    return [tiers.encode(parse(text)) for text in PROGRAMS]


@pytest.fixture(scope="module")
def book(irs):
    known = catalogue.load().extended([parse(text) for text in PROGRAMS])
    structural = frozenset(token for ir in irs for token in ir.structure)
    return designs.Book(Vocabulary.build(irs, known), structural)


@pytest.fixture(scope="module")
def decoder(book):
    torch.manual_seed(0)
    return Decoder(len(book.vocabulary), 8, 8, 1, 2, 0.0)


def test_a_place_is_the_action_whose_parameters_stand_open(book, irs):
    tokens = irs[1].merged()
    delay = 1 + book.actions.index("ACTION delay")
    assert tokens[:6] == [
        "ACTION delay",
        "key:WFDelayTime",
        "<number>",
        "IF",
        "@prev",
        "has_any_value",
    ]
    assert book.places(tokens)[:6] == (0, delay, delay, delay, 0, 0)
    assert tokens[-3:] == ["ACTION delay", "ENDIF", "END"]
    assert book.places(tokens)[-3:] == (0, delay, 0)


def test_the_structure_of_a_merged_sequence_is_its_first_tier(book, irs):
    for ir in irs:
        assert book.structure(ir.merged()) == ir.structure


def test_an_action_has_the_tokens_of_its_own_places(book):
    def own(action):
        ids = book.own[1 + book.actions.index(f"ACTION {action}")]
        return {book.vocabulary.tokens[i] for i in ids}

    assert own("delay") == {"key:WFDelayTime", "<number>"}
    assert own("gettext") == {"key:WFTextActionText", "<text>"}
    assert {"key:Text", "<interp>", "</interp>", "<text>", "@prev"} <= own("showresult")
    assert "key:WFDelayTime" not in own("showresult")


@pytest.mark.parametrize("design", designs.DESIGNS)
def test_every_place_has_a_distribution_over_the_tokens(book, decoder, design):
    torch.manual_seed(1)
    layer = designs.build(design, book, 8)
    places = torch.arange(len(book.actions) + 1)
    found = layer(torch.randn(len(places), 8), places, decoder)
    assert found.shape == (len(places), len(book.vocabulary))
    assert torch.allclose(found.exp().sum(1), torch.ones(len(places)), atol=1e-5)


@pytest.mark.parametrize("design", designs.DESIGNS[1:])
def test_inside_an_action_its_own_tokens_and_what_leaves_it(book, decoder, design):
    layer = designs.build(design, book, 8)
    place = 1 + book.actions.index("ACTION delay")
    offered = layer(torch.randn(1, 8), torch.tensor([place]), decoder)[0] > -math.inf
    tokens = {book.vocabulary.tokens[i] for i in offered.nonzero()[:, 0].tolist()}
    assert {"key:WFDelayTime", "<number>", "IF", "ENDIF", "END", "ACTION gettext"} <= tokens
    assert not tokens & {"key:Text", "@prev", "has_any_value", "<start>"}


@pytest.mark.parametrize("design", designs.DESIGNS[1:])
def test_outside_actions_structure_alone_by_the_shared_layer(book, decoder, design):
    hidden = torch.randn(3, 8)
    found = designs.build(design, book, 8)(hidden, torch.zeros(3, dtype=torch.long), decoder)
    scores = decoder.logits(hidden).masked_fill(~book.shared, -math.inf)
    assert torch.equal(found, scores.log_softmax(-1))


def test_a_token_behind_leaving_has_the_product_of_both_probabilities(book, decoder):
    layer = designs.Heads(book, 8)
    torch.nn.init.zeros_(layer.weight)  # leaving and each own token are equally likely
    place = 1 + book.actions.index("ACTION delay")
    hidden = torch.randn(1, 8)
    found = layer(hidden, torch.tensor([place]), decoder)[0].exp().detach()
    ids = book.vocabulary.ids
    assert found[ids["<number>"]] == pytest.approx(1 / 3)
    leaving = torch.tensor([designs.begins(t) for t in book.vocabulary.tokens]) & book.shared
    second = decoder.logits(hidden)[0].detach().masked_fill(~leaving, -math.inf).softmax(-1)
    assert found[ids["END"]] == pytest.approx(float(second[ids["END"]]) / 3, rel=1e-4)


def test_each_action_has_rows_of_its_own(book, decoder):
    layer = designs.Heads(book, 8)
    assert len(layer.weight) == sum(1 + len(own) for own in book.own)
    places = torch.tensor([1, 2, 3])
    before = layer(torch.ones(3, 8), places, decoder)
    with torch.no_grad():
        layer.bias[layer.rows[2, 0]] += 5.0  # leaving the second action
    after = layer(torch.ones(3, 8), places, decoder)
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_the_pointer_scores_by_the_embeddings_it_points_at(book, decoder):
    layer = designs.Pointer(book, 8)
    with torch.no_grad():
        layer.query.weight.zero_()
        layer.query.bias.copy_(decoder.embed.weight[book.vocabulary.ids["<number>"]])
        layer.leave.weight.zero_()
        layer.leave.bias.zero_()
    place = 1 + book.actions.index("ACTION delay")
    ids = torch.tensor([book.vocabulary.ids[t] for t in ("key:WFDelayTime", "<number>")])
    found = layer(torch.randn(1, 8), torch.tensor([place]), decoder)[0]
    dots = decoder.embed.weight[ids] @ decoder.embed.weight[ids[1]]
    expected = torch.cat([torch.zeros(1), dots]).log_softmax(-1)[1:]
    assert torch.allclose(found[ids], expected, atol=1e-5)


@pytest.mark.parametrize("design", designs.DESIGNS)
def test_gradients_are_finite_and_reach_the_layer(book, decoder, design):
    layer = designs.build(design, book, 8)
    hidden = torch.randn(4, 8, requires_grad=True)
    place = 1 + book.actions.index("ACTION delay")
    targets = torch.tensor([book.vocabulary.ids[t] for t in ("IF", "<number>", "END", "ENDIF")])
    found = layer(hidden, torch.tensor([0, place, place, 0]), decoder)
    F.nll_loss(found, targets).backward()
    assert torch.isfinite(hidden.grad).all() and hidden.grad.abs().sum() > 0
    assert all(torch.isfinite(p.grad).all() for p in layer.parameters())


def test_an_unknown_design_is_named(book):
    with pytest.raises(ValueError, match="no design 'tree'"):
        designs.build("tree", book, 8)
