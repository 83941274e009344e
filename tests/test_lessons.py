"""The composite loss: margins and repair weights to the number, weighed as the papers say."""

import json
from dataclasses import replace

import pytest
import rows
import torch
from torch import nn

from sashimi.errors import BadInput
from sashimi.flagship import learn, negatives, study
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.judge import heads
from sashimi.flagship.lessons import gradient_stats
from sashimi.flagship.model import loss
from sashimi.flagship.model.loss import Weights
from sashimi.flagship.negatives import margin, separability
from sashimi.program import tiers
from sashimi.program.ir.vocabulary import Vocabulary

CPU = torch.device("cpu")


def smoke(**changes):
    return rows.smoke(**{"negatives": "perturbed", "observations": 1, **changes})


@pytest.fixture(scope="module")
def corpus():
    return corpora.load("builtin", limit=100)


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return learn.learn(corpus, smoke(), folder, say=lambda line: None).sashimi


@pytest.fixture(scope="module")
def data(corpus, whole):
    return Dataset(corpus.train, whole.vocabulary, whole.literals, whole.labels)


@pytest.fixture(scope="module")
def triples(corpus):
    return negatives.make(corpus, margin.EACH, margin.SEED, splits=("train",)).triples["train"]


@pytest.fixture(scope="module")
def found(corpus, data, whole):
    return margin.of_training(corpus, "perturbed", data, whole.vocabulary)


# Negatives as tokens.


def test_only_legal_negatives_of_other_structure_are_shown(corpus, whole, triples, found):
    good = [t for t in triples if t.legal and t.in_structure]
    known = [t for t in good if whole.vocabulary.encode(t.negative.merged())]
    assert len(good) < len(triples)
    assert int(found.dropped) == len(good) - len(known) > 0
    ends = [0, *found.ends.tolist()]
    shown = {
        (corpus.train[e].id, tuple(found.tokens[a:b].tolist()))
        for e, a, b in zip(found.example.tolist(), ends[:-1], ends[1:], strict=True)
    }
    asked = {(t.id, tuple(whole.vocabulary.encode(t.negative.merged()))) for t in known}
    assert shown == asked
    assert found.example.tolist() == sorted(found.example.tolist())


def test_a_vocabulary_that_lacks_a_token_drops_its_negatives(corpus, whole, data, triples):
    gone = "missing step"
    own = [t for t in triples if t.legal and t.in_structure and t.kind == gone]
    words = {token for t in own for token in t.negative.merged()}
    known = tuple(t for t in whole.vocabulary.tokens if t not in words)
    less = margin.tokenised(own, corpus.train, data, Vocabulary(known, {}))
    assert (len(less), int(less.dropped)) == (0, len(own))


def test_another_program_under_the_same_prompt_gives_no_negative(corpus, whole, data, triples):
    """Beams of another corpus may be right here."""
    own = next(t for t in triples if t.legal and t.in_structure)
    assert len(margin.tokenised([own], corpus.train, data, whole.vocabulary)) == 1
    other = replace(own, positive=own.negative, negative=own.positive)
    assert len(margin.tokenised([other], corpus.train, data, whole.vocabulary)) == 0


def test_an_examples_repair_weight_is_the_mean_of_its_negatives(corpus, triples, found):
    first = corpus.train[int(found.example[0])].id
    own = [t for t in triples if t.id == first and t.legal and t.in_structure]
    weights = [1 + margin.ALPHA * t.severity + margin.BETA * t.count for t in own]
    assert float(found.repair[int(found.example[0])]) == pytest.approx(sum(weights) / len(own))
    without = set(range(len(corpus.train))) - {
        i for i, e in enumerate(corpus.train) if any(t.id == e.id and t.legal for t in triples)
    }
    assert all(float(found.repair[i]) == 1.0 for i in without)


def test_a_draw_depends_on_step_and_seed_alone(data, found):
    batch = data.training_batch(1, 16, 0)
    once, again = found.draw(batch, 5, 0), found.draw(batch, 5, 0)
    pairs = zip(vars(once).values(), vars(again).values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert 0 < len(once.row) <= 4
    drawn = [
        found.draw(batch, step, seed).targets.tolist() for step, seed in ((5, 0), (6, 0), (5, 1))
    ]
    assert drawn[0] != drawn[1]
    assert drawn[0] != drawn[2]
    assert torch.equal(once.repair, found.repair[batch.examples])


def test_adversarial_ones_that_are_not_there_name_their_command(
    tmp_path, monkeypatch, corpus, data, whole
):
    monkeypatch.setattr(margin, "root", lambda: tmp_path)
    own = "no adversarial negatives here; .* sashimi run params/negatives/10_adversarial.yaml$"
    with pytest.raises(BadInput, match=own):
        margin.of_training(corpus, "adversarial", data, whole.vocabulary)
    with pytest.raises(BadInput, match=own):  # before anything is written
        study.STUDY.check(smoke(negatives="adversarial"))
    foreign = replace(corpus, source="../data/mine.jsonl")
    with pytest.raises(BadInput, match=r"21_many_adversarial.yaml --corpus ../data/mine.jsonl$"):
        margin.of_training(foreign, "adversarial", data, whole.vocabulary)


def test_adversarial_ones_join_the_perturbed(
    tmp_path, monkeypatch, corpus, data, whole, triples, found
):
    monkeypatch.setattr(margin, "root", lambda: tmp_path)
    path = margin.beams_of("builtin", "train")
    legal = [t for t in triples if t.legal and t.in_structure][:7]
    negatives.save([replace(t, source="adversarial", kind="beam 1") for t in legal], path)
    more = margin.of_training(corpus, "adversarial", data, whole.vocabulary)
    assert len(more) == len(found) + 7
    assert int((more.kind == margin.KINDS.index("beam")).sum()) == 7
    negatives.save(legal, path)
    with pytest.raises(BadInput, match="holds no wrong beam of this corpus"):
        margin.of_training(corpus, "adversarial", data, whole.vocabulary)


# The parts of the loss.


@pytest.fixture
def shown(whole, data, found):
    """The network at rest, a batch, and every negative of it."""
    whole.network.eval()
    batch = data.batch(range(12))
    return whole.network, batch, found.every(batch)[0]


def test_a_gap_is_the_difference_of_two_log_likelihoods(whole, corpus, triples, shown):
    """Asked about the wrong programs as if they were right ones, each from its first token on."""
    network, batch, wrong = shown
    seen = network(batch)
    ours = loss.gaps(network, seen, loss.costs_of(seen, batch.targets), wrong)

    def cost(example, ir):
        alone = replace(example, program=tiers.lower(ir))
        one = Dataset([alone], whole.vocabulary, whole.literals, whole.labels).batch([0])
        return float(loss.costs_of(network(one), one.targets).sum().detach())

    for row, targets, gap in zip(wrong.row.tolist(), wrong.targets, ours.tolist(), strict=True):
        example = corpus.train[int(batch.examples[row])]
        tokens = [whole.vocabulary.tokens[i] for i in targets[targets != IGNORED].tolist()]
        same = [t for t in triples if t.id == example.id and t.negative.merged() == tokens]
        right = cost(example, tiers.encode(example.program))
        assert any(gap == pytest.approx(cost(example, t.negative) - right, abs=1e-3) for t in same)
    assert int((wrong.first > 0).sum()) > 5  # the shared beginning was left out, and cancels


def test_the_margin_is_a_hinge_on_the_gaps(shown):
    network, batch, wrong = shown
    seen = network(batch)
    gaps = loss.gaps(network, seen, loss.costs_of(seen, batch.targets), wrong).tolist()
    wanted = sorted(gaps)[len(gaps) // 2]
    losses, _ = loss.losses_of(network, batch, None, wrong, wanted)
    hinge = [max(0.0, wanted - gap) for gap in gaps]
    assert 0 < sum(h == 0 for h in hinge) < len(hinge)
    assert float(losses["margin"].detach()) == pytest.approx(sum(hinge) / len(hinge), rel=1e-4)


def test_repair_weighs_the_tokens_of_an_example(shown):
    network, batch, wrong = shown
    plain = loss.losses_of(network, batch)[0]["tokens"]
    even = replace(wrong, repair=torch.full((12,), 2.5))
    assert torch.allclose(loss.losses_of(network, batch, None, even)[0]["repair"], plain)
    only = replace(wrong, repair=torch.eye(12)[3] + 1e-12)
    costs = loss.costs_of(network(batch), batch.targets)
    alone = costs[3].sum() / (batch.targets[3] != IGNORED).sum()
    assert torch.allclose(loss.losses_of(network, batch, None, only)[0]["repair"], alone)


def test_a_batch_without_negatives_has_no_margin(shown, found):
    network, batch, _ = shown
    none = found.beside(batch, [])
    total, told = loss.training_loss(network, batch, None, Weights.of(smoke()), none)
    assert "margin" not in told
    assert torch.isfinite(total)


def test_the_loss_is_the_weighted_sum_of_its_parts(shown):
    network, batch, wrong = shown
    rule = Weights.of(smoke(margin_weight=0.5, repair_weight=0.25))
    total, told = loss.training_loss(network, batch, None, rule, wrong)
    frame = sum(v for k, v in told.items() if k.startswith("frame/"))
    sum_of = told["tokens"] + told["values"] + 0.5 * told["margin"] + 0.25 * told["repair"]
    assert float(total.detach()) == pytest.approx(sum_of + 0.1 * frame, rel=1e-5)
    plain = float(loss.training_loss(network, batch)[0].detach())
    assert plain == pytest.approx(told["tokens"] + told["values"] + 0.1 * frame, rel=1e-5)


CHANGES = {"margin": 5.0, "margin_weight": 0.5, "repair_weight": 0.5}


@pytest.mark.parametrize("knob", CHANGES)
def test_every_knob_is_alive(knob, corpus, whole, tmp_path):
    settings = smoke(**{knob: CHANGES[knob]})
    other = learn.learn(corpus, settings, tmp_path, say=lambda line: None).sashimi
    pairs = zip(whole.network.parameters(), other.network.parameters(), strict=True)
    assert not all(torch.equal(a, b) for a, b in pairs)


# What is trained, recorded and saved.


def test_the_journal_has_gradients(corpus, tmp_path):
    folder = tmp_path / "run"
    learn.learn(corpus, smoke(observations=2), folder, say=lambda line: None)
    lines = [json.loads(line) for line in (folder / "journal.jsonl").open()]
    recorded = [line["components"] for line in lines if line["kind"] == "record"]
    for one in recorded:
        for group in ("intent", "bridge", "decoder", "filler"):
            shares = [v for k, v in one.items() if k.startswith(f"share/{group}/")]
            assert sum(shares) == pytest.approx(1.0)
            assert one[f"gradient/{group}"] > 0
        assert -1 <= one["cosine/margin"] <= 1


def test_watching_the_gradients_changes_nothing(corpus, whole, tmp_path):
    often = learn.learn(corpus, smoke(observations=3), tmp_path, say=lambda line: None).sashimi
    pairs = zip(whole.network.parameters(), often.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_gradients_are_told_apart_by_group_and_by_direction():
    """Terms with known gradients: (3, 4) and (-6, -8) on one weight, 5 on the other."""

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(2, 1, bias=False), nn.Linear(1, 1, bias=False)

    net = Two()
    left, right = net.left.weight[0], net.right.weight[0, 0]
    terms = {
        "tokens": 3 * left[0] + 4 * left[1],
        "margin": -6 * left[0] - 8 * left[1],
        "values": 5 * right,
        "frame": torch.tensor(1.0),
    }
    told = gradient_stats(net, terms)
    assert told["gradient/left"] == pytest.approx(5.0)
    assert told["gradient/right"] == pytest.approx(5.0)
    assert told["share/left/tokens"] == pytest.approx(1 / 3)
    assert told["share/left/margin"] == pytest.approx(2 / 3)
    assert told["share/right/values"] == 1.0
    assert told["cosine/margin"] == pytest.approx(-1.0)
    assert told["cosine/values"] == 0.0
    assert not any("frame" in name for name in told)


# What is measured at the end.


def test_a_right_program_is_told_from_a_wrong_one_in_nats(corpus, whole):
    found = separability.measure(whole, corpus, heads.dataset)
    data = heads.dataset(whole, corpus.test)
    negatives_of = margin.of_split(
        corpus, "test", margin.HELD_OUT_EACH, None, data, whole.vocabulary
    )
    nats = separability.measured(whole.network, data, negatives_of)
    assert set(found["perturbed"]) == set(separability.SPLITS)
    test = found["perturbed"]["test"]
    single = [nats[own].mean() for own in negatives_of.of.values()]
    assert test["mean"]["value"] == pytest.approx(sum(single) / len(single), abs=1e-5)
    assert test["mean"]["n"] == len(single) <= len(corpus.test)
    assert test["negatives"] == len(nats) == sum(v["n"] for v in test["kinds"].values())
    assert test["above_zero"]["value"] == pytest.approx((nats > 0).mean(), abs=1e-6)
    assert sorted(nats)[0] <= test["median"] <= sorted(nats)[-1]


def test_a_network_that_knows_the_right_programs_separates_them(corpus, whole, tmp_path):
    """A few rounds of the prompts that are then asked about; an untrained one knows nothing."""
    asked = replace(corpus, test=corpus.train[:40])
    settings = smoke(steps=60, ternary=False, learning_rate=0.01, dropout=0.0)
    trained = learn.learn(corpus, settings, tmp_path, say=lambda line: None).sashimi
    means = []
    for one in (whole, trained):
        data = heads.dataset(one, asked.test)
        own = margin.of_split(asked, "test", 2, None, data, one.vocabulary)
        means.append(float(separability.measured(one.network, data, own).mean()))
    assert means[1] > means[0] + 1
