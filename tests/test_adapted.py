"""Adapters beside the encoder's last blocks: gradients, what is stored, and the packed file."""

from dataclasses import replace

import pytest
import torch

from sashimi import params
from sashimi.bert import Dense
from sashimi.files import root
from sashimi.flagship import learn, pack
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.model.adapted import RANK, Adapted, Adapter
from sashimi.flagship.params import FlagshipParams
from sashimi.pieces import WIDTH, model_folder
from sashimi.runtime import shipped
from sashimi.runtime.adapters import scale
from sashimi.runtime.encoder import Encoder

PROMPTS = ["Log 200 mg of caffeine", "wifi off", 'Text Ana "I am late" and call her at 7:45 pm']


def test_an_adapter_is_its_two_matrices_beside_the_published_one():
    """Values and gradients are those of W + s B A, with oneDNN's products and without."""
    torch.manual_seed(0)
    weight, bias, x = torch.randn(6, 4), torch.randn(6), torch.randn(5, 4)
    adapter = Adapter(Dense(weight, bias, packed=False))
    torch.nn.init.normal_(adapter.up)
    merged = weight + scale(4) * adapter.up @ adapter.down
    assert adapter.down.shape == (RANK, 4)
    for both in (adapter.both, (None, None)):
        adapter.both, asked = both, x.clone().requires_grad_()
        y = adapter(asked)
        y.square().sum().backward()
        expected = x @ merged.T + bias
        assert torch.allclose(y, expected, atol=1e-4)
        assert torch.allclose(asked.grad, 2 * expected @ merged, atol=1e-3)


def test_only_the_adapters_are_stored():
    made = Adapted()
    sizes = {name: tuple(t.shape) for name, t in made.state_dict().items()}
    per_block = RANK * (7 + 9) * WIDTH  # inputs and outputs of its four maps
    assert sum(t.numel() for t in made.state_dict().values()) == len(made.blocks) * per_block
    assert sizes["blocks.0.widen.up"] == (4 * WIDTH, RANK)
    assert sizes.keys() == dict(made.named_parameters()).keys()


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A network that learned for a moment, its adapters moved far, as a packed file."""
    folder = tmp_path_factory.mktemp("adapted")
    row = root() / "params" / "flagship" / "90_smoke.yaml"
    plain = {"neighbours": 0, "candidates": 1, "negatives": "none", "limit": 60, "steps": 4}
    settings = params.load(row, FlagshipParams, encoder="adapted", **plain)
    corpus = corpora.load("builtin", limit=60)
    model = learn.learn(corpus, settings, folder, say=lambda line: None).sashimi
    with torch.no_grad():
        for name, parameter in model.network.encoder.named_parameters():
            if name.endswith("up"):
                parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(len(name)))
    learn.run_folder.write(model, settings, folder)
    pack.plainly(folder, folder / "network.bin")
    return folder / "network.bin"


def test_numpy_reads_adapters_as_torch_does(packed):
    ours, theirs = shipped.load(packed), pack.read(packed)
    own = len(ours.encoder.layers) - ours.encoder.adapted
    assert own == len(theirs.network.encoder.blocks)
    for o, t in zip(*(m.generate(PROMPTS, refuse=False) for m in (ours, theirs)), strict=True):
        assert (o.text, o.frame) == (t.text, t.frame)
        assert o.score == pytest.approx(t.score, abs=1e-3)
        assert o.log_likelihood == pytest.approx(t.log_likelihood, abs=1e-3)


def test_the_adapters_matter_to_the_answer_and_to_the_domain(packed):
    ours = shipped.load(packed)
    without = replace(ours, encoder=Encoder.load(model_folder() / "model.safetensors"))
    (o,), (w,) = (m.generate(PROMPTS[:1], refuse=False) for m in (ours, without))
    assert abs(o.score - w.score) > 1e-3
    assert abs(o.log_likelihood - w.log_likelihood) > 1e-2
