"""Another SentenceTransformer in the encoder's place: a tiny one of letters, made here."""

import string

import pytest
import torch
from typer.testing import CliRunner

from sashimi import params, sentence_encoder
from sashimi.cli import app
from sashimi.encode import encode_uncached
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import learn, way
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.params import FlagshipParams

PROMPTS = ["  Log 200 mg", "a", 'Öffne 😀 `x` "y"']
WIDTH = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Its tokens are letters, digits and marks; it reads twelve of them at most."""
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    home = tmp_path_factory.mktemp("letters")
    letters = [*string.ascii_lowercase, *string.digits, *string.punctuation]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (home / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    sizes = {"hidden_size": WIDTH, "intermediate_size": 32, "max_position_embeddings": 12}
    config = BertConfig(vocab_size=len(words), num_hidden_layers=1, num_attention_heads=2, **sizes)
    BertModel(config).save_pretrained(home / "bert")
    BertTokenizerFast(str(home / "vocab.txt")).save_pretrained(home / "bert")
    SentenceTransformer(str(home / "bert"), device="cpu").save(str(home / "whole"))
    return str(home / "whole")


def test_a_word_piece_has_the_mean_of_the_states_that_overlap_it(folder):
    own = sentence_encoder.load(folder)
    encoded = encode_uncached(PROMPTS, folder)
    assert sentence_encoder.width(folder) == WIDTH == encoded.raw.shape[1]
    for row, prompt in enumerate(PROMPTS):
        (known,) = own.encode([prompt], output_value=None)
        vectors = encoded.raw[encoded.marked(row)].float()
        for marker in (vectors[0], vectors[-1]):
            assert torch.allclose(marker, known["sentence_embedding"], atol=1e-2)
    log = own.encode(["Log 200 mg"], output_value=None)[0]["token_embeddings"]
    vectors = encoded.raw[encoded.marked(0)].float()
    assert torch.allclose(vectors[1], log[1:4].mean(0), atol=1e-2), "three letters, one word piece"
    long = encode_uncached(["a b c d e f g h i j k l m"], folder).raw.float()
    assert torch.equal(long[12], long[0]) and not torch.equal(long[9], long[0]), "not read"


def test_a_network_learns_from_it_and_survives_the_disk(folder, tmp_path):
    smoke = root() / "params" / "flagship" / "90_smoke.yaml"
    settings = params.load(smoke, FlagshipParams, encoder=folder, limit=60, steps=12)
    corpus = corpora.load("builtin", limit=60)
    whole = learn.learn(corpus, settings, tmp_path, say=lambda line: None).sashimi
    prompts = [e.prompt for e in corpus.test[:2]]
    before, after = (made.generate(prompts, refuse=False) for made in (whole, way.load(tmp_path)))
    assert [(o.text, o.frame) for o in after] == [(o.text, o.frame) for o in before]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_one_that_is_not_there_is_one_message_and_exit_2(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=f"encoder '{name}': no SentenceTransformer"):
        sentence_encoder.load(name)
    (tmp_path / "10_other.yaml").write_text(f"encoder: {name}\n")
    found = CliRunner().invoke(app, ["run", "10_other.yaml", "--out", "reports"])
    assert found.exit_code == 2 and "Traceback" not in found.output
    assert found.stderr.startswith(f"sashimi: encoder '{name}': no SentenceTransformer")
    assert found.stderr.count("\n") == 1 and not (tmp_path / "reports").exists()
