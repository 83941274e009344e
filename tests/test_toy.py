"""The toy problem: what its tasks are, and that a network that can learn is seen to."""

import torch

from sashimi.flagship.params import ToyParams
from sashimi.studies.decoder_alone import decoder, toy
from sashimi.ternary import trit_arrays

SETTINGS = ToyParams(
    seed=0,
    seeds=1,
    prompts=24,
    compositional_prompts=60,
    held_out=20,
    width=16,
    iterations=12,
    compositional_iterations=12,
    batch_size=12,
    learning_rate=1e-2,
)


def test_prompts_memorised_are_random_and_of_the_asked_shape():
    task = toy.memorised(200, 16, 0)
    assert task.vectors.shape == (200, 16)
    assert torch.allclose(task.vectors.norm(dim=1), torch.ones(200))
    assert {len(tokens) for tokens in task.tokens} == {5}
    assert {t for tokens in task.tokens for t in tokens} == set(range(1, 51))
    assert toy.memorised(200, 16, 0).tokens == task.tokens != toy.memorised(200, 16, 1).tokens


def test_compositional_a_vector_is_the_sum_of_its_tokens_directions():
    known, asked = toy.compositional(3000, 64, 0, 50)
    assert not set(known.tokens) & set(asked.tokens)
    one_hot = torch.zeros(3050, 250)
    for row, tokens in enumerate((*known.tokens, *asked.tokens)):
        for place, token in enumerate(tokens):
            one_hot[row, 50 * place + token - 1] = 1
    vectors = torch.cat([known.vectors, asked.vectors])
    # up to each vector's length, directions found on the learned prompts give the held-out ones
    found = torch.linalg.lstsq(one_hot[:3000], vectors[:3000], driver="gelsd").solution
    cosines = torch.cosine_similarity(one_hot[3000:] @ found, vectors[3000:])
    assert cosines.min() > 0.98


def test_a_network_learns_a_small_task_memorised(tmp_path):
    task = toy.memorised(20, 16, 0)
    recipe = decoder.Recipe(250, 20, 1e-2, 32, 1)
    fitted = toy.learn(task, recipe, 0, tmp_path)
    assert sum(toy.score(fitted, task)) == 20
    assert fitted.stability > 0
    layers = trit_arrays(fitted.network)
    assert len(layers) == 8
    assert all(set(trits.flatten().tolist()) <= {-1, 0, 1} for _, trits in layers)


def test_the_contest_has_every_network_and_floor(tmp_path):
    rows = toy.contest(SETTINGS, tmp_path, lambda line: None)
    together = toy.together(rows)
    assert list(together[toy.MEMORISED]) == ["ternary", "continuous twin"]
    assert set(together[toy.COMPOSITIONAL]) == {
        "ternary", "continuous twin", "constant", "1-nearest neighbour", "linear probe"
    }  # fmt: skip
    assert {len(values) for values in together[toy.COMPOSITIONAL].values()} == {20}
    assert sum(together[toy.COMPOSITIONAL]["1-nearest neighbour"]) == 0
    shares = {
        row.model: row.fitted.network for row in rows if row.fitted and row.task == toy.MEMORISED
    }
    sizes = {name: float(writer.decoder.blocks[0].up.share) for name, writer in shares.items()}
    assert sizes.pop("continuous twin") == 0.0
    assert set(sizes.values()) == {1.0}
