"""An endless stream: batches by step alone, the same with and without a process."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sashimi.flagship.data import corpus, stream
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.data.stream import Recipe, Stream
from sashimi.flagship.model.frame import Labels
from sashimi.program import catalogue, tiers
from sashimi.program.ir.vocabulary import Vocabulary

SIZE = 32


def source(number):
    """Chunk ``number`` of the small built-in corpus, which stands in for an endless one."""
    return corpus.load("builtin", limit=96).train[number * SIZE : (number + 1) * SIZE]


def examples():
    return corpus.load("builtin", limit=96).train


@pytest.fixture(scope="module")
def recipe():
    return recipe_of(examples())


def recipe_of(examples):
    programs = [e.program for e in examples]
    known = catalogue.load().extended(programs)
    vocabulary = Vocabulary.build([tiers.encode(p) for p in programs], known)
    literals = Literals.build((e.prompt, e.program) for e in examples)
    return Recipe(vocabulary, literals, Labels.of([e.domain for e in examples], programs), 64)


def test_an_epoch_of_a_chunk_has_every_example_once(recipe):
    whole = Stream(source, recipe, SIZE)
    steps = [whole.training_batch(step, 2, seed=0) for step in range(1, SIZE // 2 + 1)]
    assert sorted(i for batch in steps for i in batch.examples.tolist()) == list(range(SIZE))


ORPHAN = """
import os, signal, sys
import test_stream
if __name__ == "__main__":
    examples = test_stream.examples()
    stream = test_stream.Stream(test_stream.source, test_stream.recipe_of(examples), 32).__enter__()
    stream.chunk(0)
    print(*stream._pool._processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_no_process(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    paths = [str(Path(__file__).parent), *sys.path]
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert ends(int(done.stdout)), f"it goes on without its parent: {done.stderr}"


def ends(process: int) -> bool:
    """Whether a process is gone within ten seconds."""
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_process_beside_the_training_makes_the_same_batches(recipe):
    alone = Stream(source, recipe, SIZE)
    with Stream(source, recipe, SIZE) as beside:
        for step in (1, 2, 17, 18, 40):  # 17 begins the second chunk; 40 is a resumed run's
            ours, theirs = (s.training_batch(step, 2, seed=3) for s in (alone, beside))
            assert torch.equal(ours.targets, theirs.targets)
            assert torch.equal(ours.states, theirs.states)


@pytest.mark.parametrize("encoder", ["frozen", "adapted"])
def test_prompts_that_recur_are_encoded_once_and_stand_in_their_places(
    recipe, monkeypatch, encoder
):
    recipe = replace(recipe, encoder=encoder)
    again = [example.prompt for example in source(0)[1::2]]
    keeping, asked = replace(recipe, recurring=tuple(again)), []
    encode = stream.encode_uncached
    monkeypatch.setattr(stream, "encode_uncached", lambda p, e: asked.extend(p) or encode(p, e))
    ours, theirs = (r.prepare(source(0)) for r in (keeping, recipe))
    assert not set(asked[: SIZE - len(again)]) & set(again)
    assert len(asked) == 2 * SIZE - len(again)
    assert torch.equal(ours.encoded.starts, theirs.encoded.starts)
    assert torch.equal(ours.encoded.offsets, theirs.encoded.offsets)
    assert torch.allclose(ours.encoded.states.float(), theirs.encoded.states.float(), atol=2e-3)
    assert torch.allclose(ours.encoded.pooled, theirs.encoded.pooled, atol=1e-5)
    assert (ours.encoded.raw is None) == (encoder == "frozen")
    for row in range(SIZE if encoder == "adapted" else 0):
        mine, whole = (e.encoded.raw[e.encoded.marked(row)].float() for e in (ours, theirs))
        assert torch.allclose(mine, whole, atol=2e-2)
