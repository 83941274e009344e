import json
import math

import numpy as np
import pytest
import torch
from safetensors import safe_open

from sashimi import cache
from sashimi.errors import BadInput
from sashimi.studies.next_embedding import (
    candidates,
    decide,
    learn,
    models,
    parity,
    procedure,
    windows,
)
from sashimi.studies.next_embedding.corpus import Corpus
from sashimi.studies.next_embedding.learn import Recipe
from sashimi.studies.next_embedding.params import NextParams
from sashimi.study import MODEL


def walk(count, seed, size=16):
    """Documents whose chunks drift: the last chunk says most about the next one."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        steps = rng.standard_normal((size, models.D)) * 0.5 + rng.standard_normal(models.D)
        made.append((steps / np.linalg.norm(steps, axis=1, keepdims=True)).astype(np.float32))
    return made


@pytest.fixture(scope="module")
def corpus():
    sizes = {"train": 8, "dev": 2, "test": 2, "postwar": 2, "scripture": 2, "manual": 2}
    documents = {name: walk(n, i) for i, (name, n) in enumerate(sizes.items())}
    groups = {name: np.arange(n) for name, n in sizes.items()}
    return Corpus(documents, {name: ["a"] * n for name, n in sizes.items()}, groups, "made")


def settings(**changes):
    values = {
        "seed": 0, "documents": 0, "chunks": 0, "other_documents": 0, "other_chunks": 0,
        "kind": "amn", "base_epochs": 1, "epochs": 5, "batch": 16, "learning_rate": 1e-3,
        "dilution": 0.42, "keep_above": 0.25, "full_epochs": 1, "abort": True,
        "follow": "measured", "wrong_class": False,
    }  # fmt: skip
    return NextParams(**(values | changes))


def test_the_plans_network_has_its_size_and_does_not_see_order():
    assert sum(p.numel() for p in models.Attentive(768, 256, 512).parameters()) == 1_510_912
    amn = models.build("amn")
    assert sum(p.numel() for p in amn.parameters()) == 378_624
    assert sum(p.numel() for p in models.build("gru").parameters()) == 591_744
    x = torch.randn(3, 5, models.D)
    torch.testing.assert_close(amn(x), amn(x.flip(1)), atol=1e-6, rtol=0)
    for kind in models.KINDS:
        model = models.build(kind).eval()
        if kind in ("residual", "energy"):  # whose bases are empty as yet
            model.mean += 1
        torch.testing.assert_close(model(x).norm(dim=-1), torch.ones(3))
    with pytest.raises(BadInput, match="no network is called 'lstm'"):
        models.build("lstm")


def test_a_residual_begins_at_its_closed_form(corpus):
    rows = windows(corpus.documents["train"])
    for base, penalty in (("scalars", math.inf), ("components", candidates.panel.SHRUNK)):
        model = candidates.start("residual", base, rows, seed=0)
        mean, weights = candidates.panel.components(rows.contexts, rows.targets, penalty)
        expected = mean + (rows.contexts - mean).reshape(len(rows), -1) @ weights
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        got, near = learn.predict(model, rows.contexts), model.near(torch.from_numpy(rows.contexts))
        inside, outside = (near >= model.limits[1]).numpy(), (near <= model.limits[0]).numpy()
        np.testing.assert_allclose(got[inside], expected[inside], atol=1e-5)
        assert inside.mean() > 0.9 and outside.any()
        recent = candidates.panel.PANEL["recency weights"].learn(rows.contexts, rows.targets)
        recent = recent(rows.contexts) / np.linalg.norm(recent(rows.contexts), axis=1)[:, None]
        np.testing.assert_allclose(got[outside], recent[outside], atol=1e-5)
    last = rows.contexts[:, -1]
    np.testing.assert_allclose(learn.predict(model, rows.contexts, "query"), last, atol=1e-6)


def test_training_is_seeded_keeps_the_best_epoch_and_learns(corpus, tmp_path):
    rows, val = windows(corpus.documents["train"]), windows(corpus.documents["dev"])
    recipe = Recipe("gru", 2, 16, 2e-3)
    quiet = {"say": lambda line: None}
    model, history = learn.fit(recipe, rows, val, tmp_path / "a", **quiet)
    again, _ = learn.fit(recipe, rows, val, tmp_path / "b", **quiet)
    got = learn.predict(model, val.contexts)
    np.testing.assert_array_equal(got, learn.predict(again, val.contexts))
    assert (got * val.targets).sum(-1).mean() == pytest.approx(max(history.val), abs=1e-6)
    assert len(history.val) == 2 and history.val[-1] > history.val[0]
    assert (tmp_path / "a" / "journal.jsonl").is_file()
    with pytest.raises(BadInput, match="windows of 5 chunks, not 7"):
        learn.fit(Recipe("gru", 1, context=7), rows, val, tmp_path / "c")


def test_each_head_keeps_its_own_best_epoch(corpus, tmp_path):
    rows, val = windows(corpus.documents["train"]), windows(corpus.documents["dev"])
    model, ranks = candidates.start("residual", "components", rows, seed=0), []

    def seen(epoch, cosine):
        ranks.append(learn._heads(model, val, cosine)["query"])
        return True

    recipe = Recipe("residual", 3, 16, 2e-3)
    kept, history = learn.fit(recipe, rows, val, tmp_path, model, seen, say=lambda line: None)
    cosine = float((learn.predict(kept, val.contexts) * val.targets).sum(-1).mean())
    assert cosine == pytest.approx(max(history.val), abs=1e-6)
    assert learn._heads(kept, val, cosine)["query"] == pytest.approx(max(ranks))


def test_the_loss_is_that_of_the_sheet_and_no_window_is_drawn_twice_in_an_epoch(corpus):
    one, other = torch.eye(models.D)[:1], torch.zeros(1, models.D)
    other[0, 0], other[0, 1] = 0.5335, math.sqrt(1 - 0.5335**2)
    value = torch.nn.functional.mse_loss(one, other)
    assert float(value) == pytest.approx(0.00242969, abs=1e-8)  # (2 - 2 cos) / 384
    rows = windows(corpus.documents["train"])
    draw = learn.batches(rows, 16, seed=0)
    epoch = np.concatenate([draw(step).places[:, 0] for step in range(1, len(rows) // 16 + 1)])
    assert len(np.unique(epoch)) == len(epoch) == len(rows) // 16 * 16
    assert not np.array_equal(draw(1).places, draw(1 + len(rows) // 16).places)


def test_contrast_is_low_for_the_target_and_leaves_the_context_out(corpus):
    rows = windows(corpus.documents["train"]).take(np.arange(32))
    torch.manual_seed(0)
    right = learn.contrast(torch.from_numpy(rows.targets), rows)
    torch.manual_seed(0)
    assert right < learn.contrast(-torch.from_numpy(rows.targets), rows)
    one = windows([np.concatenate([walk(1, 9, 6)[0]])])  # nothing but context and target
    assert float(learn.contrast(torch.from_numpy(one.targets), one)) < 0.8


@pytest.fixture
def checkpoint(tmp_path, corpus):
    rows = windows(corpus.documents["train"])
    torch.manual_seed(0)
    learn.save(models.build("amn"), Recipe("amn", 1), rows.contexts, tmp_path)
    return tmp_path


def test_parity_of_a_checkpoint_that_is_what_it_was(checkpoint):
    assert parity(checkpoint).passed
    assert isinstance(learn.load(checkpoint), models.Attentive)


def test_another_class_of_the_same_name_is_refused(checkpoint, monkeypatch):
    monkeypatch.setitem(models.KINDS, "amn", models.LookAlike)
    check = parity(checkpoint)
    assert not check.passed
    assert "saved by Attentive" in check.evidence and "predictions differ" in check.evidence
    with pytest.raises(BadInput, match="nothing is reported"):
        learn.load(checkpoint)


def test_a_digest_that_lies_does_not_pass_either(checkpoint, monkeypatch):
    """The class is called and digested alike: only what it computes tells."""
    monkeypatch.setitem(models.KINDS, "amn", models.LookAlike)
    monkeypatch.setattr(models, "code", lambda kind: meta["code"])
    with safe_open(checkpoint / MODEL, "pt") as file:
        meta = json.loads(file.metadata()["sashimi"])
    evidence = parity(checkpoint).evidence
    assert "saved by" not in evidence and "predictions differ by" in evidence


@pytest.mark.parametrize("fault", ["missing", "kind", "weights", "config", "foreign"])
def test_damaged_checkpoints_are_refused(checkpoint, fault):
    path = checkpoint / MODEL
    with safe_open(path, "pt") as file:
        meta = json.loads(file.metadata()["sashimi"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if fault == "kind":
        meta["recipe"]["kind"] = "gru"
    elif fault == "config":
        meta["recipe"]["epochs"] = 7
    elif fault == "weights":
        tensors["model/query.bias"] += 0.5
    path.unlink()
    if fault == "foreign":
        path.write_bytes(b"nothing of ours")
    elif fault != "missing":
        cache.save(tensors, path, {"sashimi": json.dumps(meta)})
    check = parity(checkpoint)
    assert not check.passed and str(path) in check.evidence and "train again" in check.evidence


def test_the_filter_finds_what_was_planted(corpus):
    data = procedure.prepare(corpus, settings())
    found = data.report()
    assert found["planted after"] < found["planted before"]
    assert found["precision"] > found["planted before"]
    assert len(data.filtered) + len(data.dropped) == len(data.expanded) == found["rows"]
    assert len(data.random(0)) == len(data.filtered)
    assert len(procedure.prepare(corpus, settings(dilution=0.0)).base) == len(data.expanded)


@pytest.mark.parametrize(
    ("forced", "actions"),
    [
        ("GREEN", [decide.FULL]),
        ("AMBER, hybrid", [decide.FULL, decide.FULL_7, decide.HYBRID]),
        ("AMBER, context 5", [decide.FULL, decide.FULL_7]),
        ("RED", [decide.KEEP, decide.LAST]),
    ],
)
def test_every_branch_runs(corpus, tmp_path, forced, actions):
    chosen = settings(follow=forced)
    stage = procedure.Stage(corpus, chosen, tmp_path, lambda line: None)
    data, model = procedure.prepare(corpus, chosen), models.build("amn")
    kept, steps, taken = procedure.follow(stage, data, {"epoch 1": 0.1}, model, model)
    assert [step["action"] for step in steps] == actions
    assert taken[0].why.startswith("forced")
    assert (kept is model) == (forced == "RED")
    assert all(-1 <= step["postwar"] <= 1 for step in steps)


def test_a_red_first_epoch_ends_the_smoke_test(corpus, tmp_path, monkeypatch):
    stage = procedure.Stage(corpus, settings(), tmp_path, lambda line: None)
    data, model = procedure.prepare(corpus, settings()), models.build("amn")
    monkeypatch.setitem(decide.LIMITS, "epoch 1", (2.0, 3.0))
    _, history, gates = procedure.smoke_test(stage, data, model)
    assert history.aborted and len(history.val) == 1
    assert gates["epoch 3"] is gates["ood"] is None
    assert decide.branch(gates).actions == (decide.KEEP, decide.LAST)
    monkeypatch.setitem(decide.LIMITS, "epoch 1", (-1.0, 3.0))
    _, history, gates = procedure.smoke_test(stage, data, model)
    assert len(history.val) == 5 and gates["ood"] is not None
