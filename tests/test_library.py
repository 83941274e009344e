"""What is retrieved: never a prompt's own program while training; and candidates end to end."""

import numpy as np
import pytest
import torch
from rows import smoke
from torch import nn

from sashimi.flagship import learn, way
from sashimi.flagship.answer.library import LONGEST, Library
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.batches import NOTHING, padded
from sashimi.flagship.model import limits
from sashimi.flagship.model.recall import Recall
from sashimi.program import parse, tiers

PROMPTS = ["fog now", "fog now please", "rain", "rain and fog"]


def library():
    vectors = np.eye(4, dtype=np.float32)
    tokens = [(5, 9), (5, 9), (6, -100), (7,)]
    tier1 = [(True, False), (True, False), (True, True), (True,)]
    return Library(PROMPTS, vectors, tokens, tier1, [0, 0, 1, 2])


def test_a_training_prompt_never_finds_its_own_program(tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    found = library().others(3)
    for own, row in zip([0, 0, 1, 2], found, strict=True):
        assert own not in [[0, 0, 1, 2][i] for i in row if i != NOTHING]
    assert found[0].tolist().count(NOTHING) == 1  # of three others, one is its own program
    assert found[0][0] == 3  # shares a word
    assert np.array_equal(found, library().others(3))  # from the cache


def test_programs_are_the_same_but_for_title_and_comments():
    texts = ['SHORTCUT "a"\nACTION vibrate\n', 'SHORTCUT "b"\nACTION vibrate\n', 'SHORTCUT "c"\n']
    commented = 'SHORTCUT "d"\nACTION comment WFCommentActionText="x"\nACTION vibrate\n'
    programs = [parse(text) for text in [*texts, commented]]
    assert Library.same(programs) == [0, 0, 1, 0]


def test_the_nearest_prompt_and_its_structure():
    known = library()
    indices, similar = known.nearest(["rain"], np.array([[0, 0, 1, 0]], dtype=np.float32), 2)
    assert indices.tolist() == [[2, 3]]
    assert similar[0, 0] == pytest.approx(1.0)
    assert known.read(indices) == [[[6], [7]]]  # what the vocabulary lacks is left out
    assert padded([[[6], [7, 8]], [[5]]]).tolist() == [
        [[6, NOTHING], [7, 8]],
        [[5, NOTHING], [NOTHING, NOTHING]],
    ]


def test_tensors_give_a_library_back():
    known = library()
    again = Library.from_tensors(PROMPTS, known.tensors())
    assert [tuple(t) for t in again.tokens] == known.tokens
    assert again.structures == known.structures
    assert np.array_equal(again.programs, known.programs)


def test_a_position_knows_its_token_its_rank_and_the_token_before():
    torch.manual_seed(0)
    recall, embed = Recall(2, 8, 6), nn.Embedding(10, 8)
    tokens = torch.tensor([[[3, 4, NOTHING], [3, 5, 4]]])
    memory, stands = recall(tokens, embed)
    assert memory.shape == (1, 6, 6)
    assert stands.tolist() == [[True, True, False, True, True, True]]
    changed, _ = recall(torch.tensor([[[3, 4, NOTHING], [2, 5, 4]]]), embed)
    differs = (memory != changed).any(-1)[0].tolist()
    assert differs == [False, False, False, True, True, False]  # itself, and the one after it
    assert not torch.equal(memory[0, 0], memory[0, 3])  # the same token at another rank


def test_few_real_programs_are_longer_than_what_is_read_and_written(real_programs):
    written = [tiers.encode(program) for program in real_programs]
    tokens = [len(ir.merged()) for ir in written]
    assert sum(n > learn.LEARNED for n in tokens) <= len(tokens) / 50
    assert sum(n > limits.WRITTEN for n in tokens) <= len(tokens) / 100
    assert sum(len(ir.structure) > LONGEST for ir in written) <= len(tokens) / 50


@pytest.mark.parametrize("planned", [False, True])
def test_a_row_that_retrieves_answers_the_same_after_loading(tmp_path, planned):
    settings = smoke(steps=12, neighbours=3, candidates=3, planned=planned)
    corpus = corpora.load("builtin", limit=100)
    whole = learn.learn(corpus, settings, tmp_path, say=lambda line: None).sashimi
    prompts = [e.prompt for e in corpus.test[:6]]
    again = way.load(tmp_path)
    assert again.choice == whole.choice
    for mine, other in zip(
        whole.generate(prompts, refuse=False), again.generate(prompts, refuse=False), strict=True
    ):
        assert mine.text == other.text
        assert mine.confidence == pytest.approx(other.confidence)
        assert 0 <= mine.confidence <= 1 + 1e-6
        assert not [f for f in mine.findings if f.severity == "error"]
