"""What tells negatives from positives without the prompt, and the model's own wrong beams."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from sashimi import params, result
from sashimi.encode import WIDTH
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import negatives
from sashimi.flagship.answer.search import Search
from sashimi.flagship.answer.whole import Sashimi
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.corpus import Corpus
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.model.domain import DomainHead
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.limits import MAX_TOKENS, START, WRITTEN
from sashimi.flagship.model.network import Network
from sashimi.flagship.negatives import audit, beams, detect
from sashimi.flagship.params import FlagshipParams
from sashimi.flagship.run_folder import write
from sashimi.program import catalogue, parse, tiers
from sashimi.program.ir.legal import Legality
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.program.tree import Program


def program(*lines: str, name: str = "A") -> Program:
    return parse("\n".join([f'SHORTCUT "{name}"', *lines]) + "\n")


@pytest.fixture(scope="module")
def small() -> Corpus:
    return corpora.load("builtin", limit=120)


def planted(n: int, positive: Program, negative: Program) -> list[negatives.Triple]:
    sides = tiers.encode(positive), tiers.encode(negative)
    rest = ("synthetic", "k", ("order",), 0.75, 1, True)
    return [negatives.Triple(str(i), "train", "p", *sides, *rest) for i in range(n)]


def test_a_detector_finds_what_is_planted_and_nothing_else():
    short, long = program("ACTION vibrate"), program("ACTION vibrate", "ACTION vibrate")
    other = program("ACTION exit")
    longer, swapped = planted(20, short, long), planted(20, short, other)
    assert detect.auroc(longer, longer, detect.length).value == 1.0
    assert detect.auroc(swapped, swapped, detect.length).value == 0.5
    assert detect.auroc(swapped, swapped, detect.actions).value == 1.0
    both = swapped + planted(20, other, short)
    assert detect.auroc(both, both, detect.actions).value == 0.5
    assert detect.auroc([], both, detect.actions).n == 40


def test_a_slight_difference_of_length_is_found_too():
    """A fit that stops early calls it a coin: lengths differ by little beside the longest."""
    one, two = program("ACTION vibrate"), program("ACTION vibrate", "ACTION vibrate")
    endless = program(*["ACTION vibrate"] * 400)
    mixed = planted(400, one, one) + planted(8, one, two) + planted(1, endless, endless)
    assert detect.auroc(mixed, mixed, detect.length).value == pytest.approx(
        0.5 + 8 / 409 / 2, abs=2e-3
    )


def test_a_kind_is_judged_by_the_detector_of_all():
    short, long = program("ACTION vibrate"), program("ACTION vibrate", "ACTION vibrate")
    longer = planted(20, short, long)
    plain = [replace(triple, kind="other") for triple in planted(20, long, long)]
    found = detect.by_kind(longer, longer + plain, detect.length, lambda triple: triple.kind)
    assert {kind: v.value for kind, v in found.items()} == {"k": 1.0, "other": 0.5}
    assert [v.n for v in found.values()] == [20, 20]


def test_reach_is_what_the_masks_say(small):
    words = audit.vocabulary(small)
    own = tiers.encode(small.train[0].program)
    assert detect.reachable(words, own, MAX_TOKENS - 1)
    assert not detect.reachable(words, own, len(own.merged()) - 1)
    unset = tiers.encode(program("ACTION showresult Text=$nobody_set_it"))
    assert not detect.reachable(words, unset, MAX_TOKENS - 1)
    assert not detect.reachable(words, tiers.encode(program("ACTION no.such")), MAX_TOKENS - 1)


# Beams.


@pytest.fixture(scope="module")
def whole(small) -> Sashimi:
    """An untrained network: legal whatever it writes, and quick to make."""
    torch.manual_seed(0)
    programs = [example.program for example in small.train]
    known = catalogue.load().extended(programs)
    words = Vocabulary.build([tiers.encode(p) for p in programs], known)
    literals = Literals.build((e.prompt, e.program) for e in small.train)
    labels = Labels.of([e.domain for e in small.train], programs)
    network = Network(smoke(), labels, len(words), len(literals.values)).eval()
    network.decoder.bias.data[words.ids["END"]] = 6.0  # ends soon, as a trained one does
    return Sashimi(network, DomainHead(WIDTH).eval(), words, literals, labels, known)


def smoke() -> FlagshipParams:
    row = root() / "params" / "flagship" / "90_smoke.yaml"
    return params.load(row, FlagshipParams, neighbours=0)


def nothing_copied(row, slot, hidden):
    return None


@torch.no_grad()
def likelihood_of(whole: Sashimi, memory, present, tokens: list[str]) -> float:
    """Of a sequence under the masks, all of it read at once."""
    ids = whole.vocabulary.encode(tokens)
    fed = torch.tensor([[START, *ids[:-1]]])
    remembered = whole.network.decoder.remember(memory, present)
    copied = torch.zeros(1, len(ids), whole.network.decoder.copied.in_features)
    hidden, _ = whole.network.decoder(fed, copied, remembered)
    legality, total = Legality(whole.vocabulary, WRITTEN), 0.0
    for token, scores in zip(ids, whole.network.decoder.logits(hidden)[0], strict=True):
        masked = scores.masked_fill(~torch.from_numpy(legality.mask()), float("-inf"))
        total += float(masked.log_softmax(-1)[token])
        legality.advance(token)
    return total


def test_one_beam_is_greedy_and_the_others_are_what_they_claim(whole):
    torch.manual_seed(1)
    memory, present = torch.randn(3, 4, smoke().bridge_width), torch.ones(3, 4, dtype=torch.bool)
    decoder, words = whole.network.decoder, whole.vocabulary

    def search(width, given=None):
        begin = partial(Legality, words, WRITTEN)
        loop = Search(decoder, words.tokens, begin, nothing_copied, width)
        return loop.run(memory, present, given)

    one, four = search(1), search(4)
    tokens = [beam.tokens for (beam,) in one]
    again = search(1, given=tokens)
    for row in range(3):
        assert [beam.tokens for beam in again[row]] == [tokens[row]]
        assert torch.allclose(one[row][0].hidden, again[row][0].hidden, atol=1e-5)
        assert one[row][0].likelihood == pytest.approx(again[row][0].likelihood, abs=1e-3)
        assert one[row][0].likelihood <= four[row][0].likelihood + 1e-3
        assert len({tuple(beam.tokens) for beam in four[row]}) == len(four[row]) > 1
        values = [beam.likelihood for beam in four[row]]
        assert values == sorted(values, reverse=True)
        for beam in four[row]:
            own = slice(row, row + 1)
            alone = likelihood_of(whole, memory[own], present[own], beam.tokens)
            assert beam.likelihood == pytest.approx(alone, abs=1e-3)


def test_beams_become_legal_negatives(whole, small, tmp_path):
    write(whole, smoke(), tmp_path)
    record = dict.fromkeys(result.FIELDS, 0) | {"schema": result.SCHEMA}
    record["corpus"] = {"source": "builtin", "digest": small.digest}
    result.write(tmp_path, record)
    tiny = replace(small, dev=small.dev[:3], test=[], test_unseen=[])
    found = list(beams.of_run(tmp_path, tiny, prompts=3, width=2, seed=0))
    assert {example.id for example, _, _ in found} & {example.id for example in tiny.dev}
    assert {place for _, _, place in found} <= {1, 2}
    made = negatives.make(tiny, 1, 0, found).everything()
    own = negatives.only(made, source="adversarial")
    assert own and all(triple.legal for triple in own)
    assert all(detect.reachable(whole.vocabulary, t.negative, MAX_TOKENS - 1) for t in own)
    with pytest.raises(BadInput, match="trained on another corpus"):
        beams.of_run(tmp_path, replace(tiny, digest="f" * 64), prompts=3, width=2, seed=0)


# Rows, and the real corpus.
