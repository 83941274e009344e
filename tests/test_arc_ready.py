"""Readiness: the rungs are ready, and each planted bug turns one check red."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from sashimi.errors import BadInput
from sashimi.studies.arc import RUNGS, family, learn, readiness, ready, rungs
from sashimi.studies.arc.batches import PAD, SEP, Batch
from sashimi.studies.arc.study import check


def red(found):
    return [one.name for one in found if not one.passed]


def batches(**changed):
    return [replace(batch, **{k: f(batch) for k, f in changed.items()}) for batch in default()]


def default():
    return list(ready.default_loader("context"))


def network(rung="context", **changed):
    model = learn.network(ready.settings(rung))
    if not changed:
        return model
    kind = replace(RUNGS[rung], **changed)
    return rungs.sized(kind, model.head.in_features, 4, rungs.count(model), 0.0)


@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_is_ready(rung):
    found = readiness(rung)
    assert red(found) == []
    assert found[-1].name == "one batch is overfitted"
    assert len(found) >= 18 and all(one.evidence for one in found)


def test_rungs_are_equally_large():
    sizes = [rungs.count(network(rung)) for rung in RUNGS]
    assert max(sizes) / min(sizes) < 1.02


# loaders -----------------------------------------------------------------------------------------


def test_a_given_first_cell():
    given = batches(before=lambda b: b.target[:, :-1], target=lambda b: b.target[:, 1:])
    assert red(readiness("context", loader=given)) == ["first cell is predicted"]


def test_an_unshifted_loss():
    same = batches(before=lambda b: b.target)
    assert red(readiness("context", loader=same)) == ["targets are shifted by one"]


def test_a_loss_on_the_whole_sequence():
    def whole(b):
        return torch.cat([b.source, torch.full_like(b.source[:, :1], SEP), b.target], 1)

    def before(b):
        return torch.cat([b.before[:, :1], whole(b)[:, :-1]], 1)

    found = red(readiness("context", loader=batches(target=whole, before=before)))
    assert found == ["targets are outputs alone"]


@dataclass(frozen=True)
class Unseparated(Batch):
    """SEP = PAD, as in the public original."""

    @property
    def sequence(self):
        return torch.where(super().sequence == SEP, PAD, super().sequence)


def test_a_separator_that_is_padding():
    loader = [Unseparated(**vars(batch)) for batch in default()]
    assert red(readiness("decoder", loader=loader)) == ["separator is a token of its own"]


def test_a_query_in_its_context():
    def leaked(b):
        context = b.context_in.clone()
        for n, row in enumerate(b.source):
            cells = row[row < 10]
            side = round(len(cells) ** 0.5)
            context[n, 0, :side, :side] = cells.view(side, side)
        return context

    found = red(readiness("context", loader=batches(context_in=leaked)))
    assert found == ["query is not in its context"]


def test_a_query_of_another_split():
    asked = family.Asked(8, named=0.5, split="test", sides=(3, 4))
    loader = [family.draw(asked, 5, n)[0] for n in range(2)]
    assert red(readiness("context", loader=loader)) == ["no query of another split"]


def test_context_pairs_of_two_sizes_and_wrong_types():
    narrow = batches(context_out=lambda b: b.context_out[..., :-1])
    assert red(readiness("context", loader=narrow)) == ["batches load"]
    floats = batches(source=lambda b: b.source.float())
    assert "torch.float32" in readiness("context", loader=floats)[0].evidence
    assert red(readiness("context", loader=[])) == ["batches load"]


# networks ----------------------------------------------------------------------------------------


def test_a_future_leak(monkeypatch):
    monkeypatch.setattr(rungs, "_causal", lambda tokens: (tokens != PAD)[:, None, None])
    assert red(readiness("decoder")) == ["no future leak"]
    assert red(readiness("context")) == ["no future leak"]


def test_positions_that_ignore_the_width():
    found = red(readiness("positions", network("positions", positions="index bug")))
    assert found == ["positions are rows and columns"]


def test_a_lookup_table_sold_as_equivariance():
    model = network("equivariance")
    model.renaming = None
    assert red(readiness("equivariance", model)) == ["colours are equivariant"]
    assert red(readiness("positions", network("equivariance"))) == ["a colour table is seen as one"]


def test_a_missing_pad_mask():
    class Unmasked(rungs.Ladder):
        def _read(self, *arguments):
            memory, real, where = super()._read(*arguments)
            return memory, torch.ones_like(real), where

    model = network("context")
    model.__class__ = Unmasked
    assert red(readiness("context", model)) == ["padding changes nothing"]


def test_a_tied_and_unscaled_head():
    model = network("encoder-decoder")
    model.head.weight = model.colours.weight
    with torch.no_grad():
        model.colours.weight.mul_(4)
    assert "initial loss is ln V" in red(readiness("encoder-decoder", model))


def test_nan_a_dead_parameter_and_a_context_that_is_not_read():
    model = network()
    with torch.no_grad():
        model.task.weight[0, 0] = torch.nan
    assert "forward is finite" in red(readiness("context", model))

    model = network()
    model.spare = nn.Parameter(torch.zeros(3))
    assert red(readiness("context", model)) == ["gradients reach every parameter"]

    blind = network("equivariance")
    assert red(readiness("context", lambda: blind)) == ["every context cell is seen"]


def test_size_and_dropout():
    small = rungs.sized(RUNGS["context"], 48, 4, 100_000, 0.0)
    assert red(readiness("context", small)) == ["parameters are on par"]
    dropped = rungs.sized(RUNGS["context"], 48, 4, rungs.count(network()), 0.1)
    assert red(readiness("context", dropped)) == ["dropout is on par"]


def test_a_weight_that_a_checkpoint_forgets():
    class Forgetful(rungs.Ladder):
        def state_dict(self, *args, **kwargs):
            kept = super().state_dict(*args, **kwargs)
            return {k: v for k, v in kept.items() if k != "head.bias"}

        def load_state_dict(self, state, strict=True):
            return super().load_state_dict(state, strict=False)

    model = network()
    model.__class__ = Forgetful
    assert "reload gives identical logits" in red(readiness("context", model))


def test_a_rung_that_is_not_ready_cannot_start(monkeypatch):
    check(ready.settings("positions"))
    monkeypatch.setattr(rungs, "_causal", lambda tokens: (tokens != PAD)[:, None, None])
    with pytest.raises(BadInput, match="not ready: no future leak"):
        check(ready.settings("positions"))
    with pytest.raises(BadInput, match="rung 'nine'"):
        readiness("nine")
