"""The trained whole: legal whatever it answers, the same from disk, loud about what is damaged."""

import json
import math
from dataclasses import replace

import pytest
import torch

from sashimi import params
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import learn, learn_domain, way
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.judge import evaluate, floors
from sashimi.flagship.params import FlagshipParams
from sashimi.program import compile, parse, render, validate
from sashimi.program.findings import errors

STRANGE = [
    "😀🎉 `{@prev}` \"quoted\" \\ 'x' {$y}",
    "a",
    "?!…—",
    "Setze einen Wecker auf 6:15 Uhr und schreibe „Guten Morgen“",
    'log 1,250.50 mg of caffeine then text Ana “on my way”, menu "a" "a" "a"',
    "\x07 bell and \x1b[31m colour",
    "word " * 200,
]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def whole(run_dir):
    return learn.smoke(run_dir)


@pytest.fixture(scope="module")
def corpus():
    return corpora.load("builtin", limit=160)


def test_whatever_it_answers_is_legal(whole, corpus):
    prompts = [e.prompt for e in (*corpus.dev, *corpus.test, *corpus.test_unseen)] + STRANGE
    for outcome in whole.generate(prompts, refuse=False):
        assert errors(validate(outcome.program, strict=True, catalogue=whole.catalogue)) == []
        assert errors(outcome.findings) == []
        assert parse(outcome.text) == outcome.program
        assert render(outcome.program) == outcome.text
        assert outcome.plist == compile(outcome.program)
        assert math.isfinite(outcome.log_likelihood)


def test_random_weights_are_legal_too(whole, corpus):
    """Not only what training made likely: the masks and the filler hold for any network."""
    prompts = [e.prompt for e in corpus.test[:8]]
    kept = {k: v.clone() for k, v in whole.network.state_dict().items()}
    try:
        for seed in range(3):
            torch.manual_seed(seed)
            for parameter in whole.network.parameters():
                parameter.data.normal_(std=0.5)
            for outcome in whole.generate(prompts, refuse=False):
                assert errors(outcome.findings) == []
    finally:
        whole.network.load_state_dict(kept)


def test_a_refused_prompt_has_a_score_and_nothing_else(whole):
    threshold = whole.domain.threshold.clone()
    whole.domain.threshold.fill_(1.1)
    try:
        outcome = whole.generate("Set an alarm for 7 AM")
    finally:
        whole.domain.threshold.copy_(threshold)
    assert not outcome.accepted
    assert 0.0 < outcome.score < 1.0
    assert (outcome.program, outcome.plist, outcome.text, outcome.frame) == (None, None, "", None)
    (finding,) = outcome.findings
    assert finding.stage == "domain"


def test_a_batch_answers_as_its_prompts_do_alone(whole, corpus):
    prompts = [e.prompt for e in corpus.dev[:6]]
    together = [o.text for o in whole.generate(prompts, refuse=False)]
    assert together == [whole.generate(p, refuse=False).text for p in prompts]


def test_bad_prompts_are_refused_before_anything_runs(whole):
    for prompt in ("", "   ", "word " * 10_000):
        with pytest.raises(BadInput):
            whole.generate(prompt)
        with pytest.raises(BadInput):
            whole.generate(["Set an alarm", prompt])


def test_the_whole_survives_the_disk(whole, run_dir, corpus):
    again = way.load(run_dir)
    prompts = [e.prompt for e in corpus.test[:10]]
    ours, theirs = whole.generate(prompts, refuse=False), again.generate(prompts, refuse=False)
    assert [o.text for o in ours] == [o.text for o in theirs]
    assert [o.score for o in ours] == pytest.approx([o.score for o in theirs], abs=1e-6)
    assert again.labels == whole.labels
    assert again.vocabulary == whole.vocabulary


def test_damage_is_named(whole, run_dir, tmp_path):
    for nothing in (tmp_path, root() / "README.md"):
        with pytest.raises(BadInput, match="no trained model here"):
            way.load(nothing)
    weights, config = (run_dir / n for n in ("model.safetensors", "config.json"))
    (tmp_path / "config.json").write_bytes(config.read_bytes())
    with pytest.raises(BadInput, match="missing"):
        way.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BadInput, match="checkpoint is damaged"):
        way.load(tmp_path)
    flipped = bytearray(weights.read_bytes())
    flipped[-9] ^= 1
    (tmp_path / "model.safetensors").write_bytes(flipped)
    with pytest.raises(BadInput, match=r"damaged \(another sha256"):
        way.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(weights.read_bytes())
    changed = json.loads(config.read_text())
    changed["params"]["decoder_width"] = 64
    (tmp_path / "config.json").write_text(json.dumps(changed))
    with pytest.raises(BadInput, match="not of this configuration"):
        way.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(BadInput, match="not JSON"):
        way.load(tmp_path)


def test_two_runs_of_one_seed_are_bit_for_bit_equal(whole, tmp_path):
    again = learn.smoke(tmp_path)
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name]), name
    for name, tensor in whole.domain.state_dict().items():
        assert torch.equal(tensor, again.domain.state_dict()[name]), name


def test_the_trained_decoder_is_ternary(whole):
    size = whole.network.size()
    assert 0 < size["ternary"] < size["total"]


def test_stored_bytes_by_hand(whole):
    """One block of width 32: twice q, k, v, out, then up and down; four trits to a byte."""
    trits = 2 * 4 * 32 * 32 + 2 * 32 * 128
    size, scales = whole.network.size(), 4 * 8
    assert size["ternary"] == trits
    assert size["bytes"] == trits // 4 + scales + 4 * (size["total"] - trits)
    layer = whole.network.decoder.blocks[0].up
    layer.share.fill_(0.5)  # a layer that is not wholly ternary is stored as floats
    try:
        more = whole.network.size()["bytes"] - size["bytes"]
    finally:
        layer.share.fill_(1.0)
    assert more == 4 * 32 * 128 - 32 * 128 // 4 - 4


def test_numbers_of_a_run_are_complete(whole, corpus):
    numbers = evaluate.evaluate(whole, corpus)
    for split in evaluate.SCORES.splits:
        ours = numbers["metrics"][split][evaluate.OURS]
        assert ours["compile_strict"]["value"] == 1.0
        assert ours["compile_strict"]["n"] == len(getattr(corpus, split))
        assert len(numbers["metrics"][split]) == 1 + len(floors.NAMES)
    copied = numbers["metrics"]["test_unseen"]["1-nearest neighbour"]
    assert copied["skeleton_exact"]["value"] == 0.0
    assert numbers["facts"]["lowering_failures"] == {"failed": 0, "n": len(corpus.train)}
    assert {gate["decision"] for gate in numbers["gates"]} <= {"go", "stop", "not-evaluable"}
    assert len(numbers["gates"]) == 17


def test_an_empty_split_is_not_measured(whole, corpus):
    numbers = evaluate.evaluate(whole, replace(corpus, dev=[], test=[], test_unseen=[]))
    for split in evaluate.SCORES.splits:
        for model in numbers["metrics"][split].values():
            assert {(one["value"], one["n"]) for one in model.values()} == {(None, 0)}
    assert numbers["facts"]["intent"] == {}
    decided = {g["gate"] for g in numbers["gates"] if g["decision"] != "not-evaluable"}
    assert len(decided) == 2, "only what needs no split: the lowering of train, and the size"


def test_what_a_cell_shows_of_it_is_short(whole, corpus):
    assert len(repr(whole)) < 100 and "parameters" in repr(whole)
    assert len(repr(way.load())) < 100
    assert repr(corpus).startswith("Corpus(builtin, train: 160, dev: 16, test: 16, test_unseen: ")


CHANGES = {
    "seed": 1,
    "memory": "pooled",
    "encoder": "scratch",
    "intent_width": 24,
    "bridge_width": 24,
    "decoder_width": 16,
    "decoder_layers": 2,
    "decoder_heads": 4,
    "ternary": False,
    "ternary_start": 0.0,
    "ternary_end": 0.5,
    "dropout": 0.3,
    "batch_size": 8,
    "steps": 6,
    "learning_rate": 0.01,
    "warmup": 0.5,
    "weight_decay": 0.5,
    "weight_decay_until": 0.2,
    "gradient_clip": 0.1,
    "negatives": "none",
    "limit": 120,
    "neighbours": 2,
}
"""Knobs that change the trained weights; the three others are looked at by what they do change."""


def fingerprint(corpus, directory, **changes):
    path = root() / "params" / "flagship" / "90_smoke.yaml"
    base = {"steps": 12, "limit": 100, "ternary_end": 0.9}
    settings = params.load(path, FlagshipParams, **{**base, **changes})
    chosen = corpora.load("builtin", limit=settings.limit) if "limit" in changes else corpus
    trained = learn.learn(chosen, settings, directory, say=lambda line: None).sashimi
    return torch.cat([p.flatten() for p in trained.network.parameters()]).double().sum().item()


@pytest.fixture(scope="module")
def small():
    return corpora.load("builtin", limit=100)


@pytest.fixture(scope="module")
def reference(small, tmp_path_factory):
    return fingerprint(small, tmp_path_factory.mktemp("reference"))


@pytest.mark.parametrize("knob", CHANGES)
def test_every_knob_is_alive(knob, small, reference, tmp_path):
    assert fingerprint(small, tmp_path, **{knob: CHANGES[knob]}) != reference


def test_the_knobs_that_do_not_train(small, tmp_path):
    others = {"corpus", "checkpoint_every", "observations", "domain_precision"}
    others |= {"start", "teachers", "teacher_weight", "teacher_temperature"}  # test_teach.py
    others |= {"output"}  # test_text.py
    others |= {"optimizer", "passes", "curated"}  # test_muon.py, test_stream.py, test_curated.py
    others |= {"candidates", "planned"}  # test_library.py, test_choose.py, test_plan.py
    others |= {"margin", "margin_weight", "repair_weight"}  # test_lessons.py
    assert set(FlagshipParams.model_fields) == set(CHANGES) | others
    fingerprint(small, tmp_path / "a", checkpoint_every=1, observations=3)
    assert (tmp_path / "a" / "checkpoint.safetensors").exists()
    journal = (tmp_path / "a" / "journal.jsonl").read_text().splitlines()
    assert sum('"record"' in line for line in journal) == 3
    heads = []
    path = root() / "params" / "flagship" / "90_smoke.yaml"
    network = learn.Words.of(small.train, "typed").network(params.load(path, FlagshipParams))
    for target in (0.5, 0.999):
        settings = params.load(path, FlagshipParams, domain_precision=target)
        heads.append(float(learn_domain.train_domain_head(small, settings, network).threshold))
    assert heads[0] < heads[1]
    with pytest.raises(BadInput):
        corpora.load(str(tmp_path / "nowhere"))
