"""The outside peer, the grammar engine, and the one table that everybody stands in."""

import json
import math

import pytest
import torch

from sashimi import params
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data import text
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.judge import floors
from sashimi.flagship.model.limits import START
from sashimi.flagship.params import PeerParams
from sashimi.program import ParseError, catalogue, parse
from sashimi.statistics import Interval
from sashimi.studies.peer import baselines, constrain, peer

pytest.importorskip("llguidance", reason="pip install 'sashimi[peer]'")
SMOKE = root() / "params" / "peer" / "90_smoke.yaml"


@pytest.fixture(scope="module")
def corpus():
    return corpora.load("builtin", limit=60)


@pytest.fixture(scope="module")
def settings():
    return params.load(SMOKE, PeerParams, limit=60, steps=4)


@pytest.fixture(scope="module")
def trained(corpus, settings, tmp_path_factory):
    return peer.learn(corpus, settings, tmp_path_factory.mktemp("peer"), say=lambda line: None)


@pytest.fixture(scope="module")
def engine(trained):
    return constrain.Engine(trained.spelling)


BLANKS = ['SHORTCUT  "A"\nENDSHORTCUT\n', 'SHORTCUT "A"\n\nENDSHORTCUT\n']
BROKEN = [
    'SHORTCUT "A"\nACTION exit WFx\n',
    'SHORTCUT "A"\nIF $x\nENDIF\n',
    'SHORTCUT "A"\nELSE\n',
    'SHORTCUT "A"\nACTION exit a=1 SET\n',
    'SHORTCUT "A"\nREPEAT 3\nACTION exit\n',
    "ACTION exit\n",
    'SHORTCUT "A',
    "",
]


def test_the_engine_lets_every_program_through(engine, corpus):
    refused = [e.id for e in corpus.examples() if not engine.accepts(text.text_of(e.program))]
    assert refused == []


@pytest.mark.parametrize("written", BROKEN)
def test_the_engine_refuses_what_the_parser_refuses(engine, written):
    with pytest.raises(ParseError):
        parse(written)
    assert not engine.accepts(written)


@pytest.mark.parametrize("written", BLANKS)
def test_the_engine_takes_no_blank_that_is_not_written(engine, written):
    program = parse(written)
    assert not engine.accepts(written)
    assert engine.accepts(text.text_of(program))


def test_the_engine_reads_the_real_programs(engine, real_programs):
    """Real text as the parser has it: 200 programs, comments aside, spelt by another corpus."""
    assert all(engine.accepts(text.text_of(program)) for program in real_programs[:200])


def test_a_grammar_that_has_changed_is_not_passed_over(monkeypatch, tmp_path):
    (tmp_path / "grammar.lark").write_text("start: A\nA: /a/\n")
    monkeypatch.setattr(constrain, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match="nothing like"):
        constrain.grammar()


def test_an_engine_that_is_missing_says_what_to_do(monkeypatch, trained):
    monkeypatch.setattr(constrain, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="pip install"):
        constrain.Engine(trained.spelling)


def test_masks_leave_what_may_follow(engine, trained):
    """After the end is written only the end may come; after it, padding."""
    spelling = trained.spelling
    ids = spelling.ids('SHORTCUT "A"\nACTION exit\nENDSHORTCUT\n')
    masks, written = constrain.Masks(engine, 1), [START]
    scores = torch.zeros(1, len(spelling))
    for index in [*ids, text.END]:
        allowed = masks(torch.tensor([written]), scores)[0] == 0
        assert allowed[index]
        assert not allowed[START]
        written.append(index)
    assert allowed.nonzero().flatten().tolist() == [text.END]
    after = masks(torch.tensor([written]), scores)[0] == 0
    assert after.nonzero().flatten().tolist() == [START]


def test_an_error_of_the_engine_ends_its_prompt_and_is_counted(trained):
    """A token that no spelling has puts a matcher into its error state; the other goes on."""
    engine = constrain.Engine(trained.spelling)
    masks, scores = constrain.Masks(engine, 2), torch.zeros(2, len(trained.spelling))
    masks(torch.tensor([[START], [START]]), scores)
    assert engine.errors == 0
    masks.matchers[1].consume_token(10**9)
    assert masks.matchers[1].is_error()
    allowed = masks(torch.tensor([[START], [START]]), scores) == 0
    assert engine.errors == 1
    assert allowed[1].nonzero().flatten().tolist() == [START]
    assert not allowed[0, START]
    masks(torch.tensor([[START], [START]]), scores)
    assert engine.errors == 1, "once a prompt"


def test_a_batch_holds_prompt_and_text(corpus, settings, trained):
    pairs = peer.Pairs(corpus.train, trained.spelling, settings)
    prompts, labels = pairs.batch([0, 1])
    for row, example in enumerate(corpus.train[:2]):
        read = prompts.read[row][prompts.present[row].bool()].tolist()
        assert trained.spelling.text(read) == example.prompt
        assert read[-1] == text.END
        target = [index for index in labels[row].tolist() if index != IGNORED]
        assert tuple(target) == trained.spelling.target(example.program, settings.longest)
    again = peer.Pairs(corpus.train, trained.spelling, settings)
    for step in (1, 2, 5):
        one, other = pairs.training_batch(step, 8, 3), again.training_batch(step, 8, 3)
        assert torch.equal(one[1], other[1])


def test_two_trainings_of_one_seed_are_equal(corpus, settings, trained, tmp_path):
    again = peer.learn(corpus, settings, tmp_path, say=lambda line: None)
    for name, tensor in trained.peer.state_dict().items():
        assert torch.equal(tensor, again.peer.state_dict()[name]), name
    assert again.spelling == trained.spelling


CHANGES = {
    **{"seed": 1, "limit": 50, "reads_states": True, "vocabulary": 320, "longest": 20},
    **{"width": 16, "layers": 2, "heads": 4, "dropout": 0.5, "batch_size": 8, "steps": 3},
    **{"learning_rate": 0.01, "warmup": 0.9, "weight_decay": 0.9, "gradient_clip": 0.1},
}


def test_every_knob_is_alive(corpus, settings, trained, tmp_path):
    others = {"corpus", "checkpoint_every", "observations"}
    assert set(PeerParams.model_fields) == set(CHANGES) | others
    reference = fingerprint(trained.peer)
    for knob, value in CHANGES.items():
        changed = settings.model_copy(update={knob: value})
        chosen = corpora.load("builtin", limit=50) if knob == "limit" else corpus
        one = peer.learn(chosen, changed, tmp_path / knob, say=lambda line: None)
        assert fingerprint(one.peer) != reference, knob
    looked = settings.model_copy(update={"observations": 2, "checkpoint_every": 2})
    peer.learn(corpus, looked, tmp_path / "looked", say=lambda line: None)
    journal = (tmp_path / "looked" / "journal.jsonl").read_text().splitlines()
    assert sum('"record"' in line for line in journal) == 2


def test_a_broken_training_ends_as_an_unbroken_one(
    corpus, settings, trained, tmp_path, monkeypatch
):
    saving = settings.model_copy(update={"checkpoint_every": 2})
    batch = peer.Pairs.training_batch

    def breaks(pairs, step, *given):
        if step == 4:
            raise KeyboardInterrupt
        return batch(pairs, step, *given)

    monkeypatch.setattr(peer.Pairs, "training_batch", breaks)
    with pytest.raises(KeyboardInterrupt):
        peer.learn(corpus, saving, tmp_path, say=lambda line: None)
    monkeypatch.setattr(peer.Pairs, "training_batch", batch)
    again = peer.learn(corpus, saving, tmp_path, say=lambda line: None)
    assert fingerprint(again.peer) == fingerprint(trained.peer)
    assert again.peer.bart.lm_head.weight is again.peer.bart.model.shared.weight


def fingerprint(model):
    return sum(p.double().sum().item() for p in model.parameters())


def test_under_the_grammar_every_text_that_ends_parses(corpus, trained, engine):
    known = catalogue.load()
    prompts = [e.prompt for e in corpus.test[:6]]
    for one in peer.answer(trained, prompts, known, engine):
        assert engine.matcher().try_consume_tokens(
            [i - text.OWN for i in trained.spelling.ids(one.written)]
        ) == len(trained.spelling.ids(one.written))
        if one.ended:
            assert parse(one.written) == one.program
    alone = [peer.answer(trained, [p], known)[0].written for p in prompts]
    assert [one.written for one in peer.answer(trained, prompts, known)] == alone


def test_a_peer_that_reads_states_has_a_projection_more(corpus, tmp_path):
    settings = params.load(SMOKE, PeerParams, limit=60, steps=2, reads_states=True)
    one = peer.learn(corpus, settings, tmp_path, say=lambda line: None)
    other = peer.Peer(params.load(SMOKE, PeerParams, reads_states=False), len(one.spelling))
    more = one.peer.size()["total"] - other.size()["total"]
    assert more == sum(p.numel() for p in one.peer.project.parameters())
    (answer,) = peer.answer(one, ["Set an alarm for 7 AM"], catalogue.load())
    assert isinstance(answer.written, str)


def test_everybody_is_measured_on_the_same_prompts(corpus, trained):
    found = baselines.measure(trained, corpus, catalogue.load())
    assert [line.name for line in found.lines] == [
        *floors.NAMES,
        baselines.FREE,
        baselines.MASKED,
    ]
    for split, models in found.scores.items():
        assert set(models) == {*floors.NAMES, baselines.FREE, baselines.MASKED}
        for name, metrics in models.items():
            assert {m.n for m in metrics.values()} == {len(getattr(corpus, split))}
            singly = found.singly[f"{split}/{name}"].values["action_f1"]
            assert sum(singly) / len(singly) == pytest.approx(metrics["action_f1"].value)
    assert found.scores["test_unseen"]["1-nearest neighbour"]["skeleton_exact"].value == 0.0
    for line in found.lines:
        assert line.false_accepts == 1.0
        assert 0 < line.p50 <= line.p95
    stored = {line.name: line.stored for line in found.lines}
    assert stored["constant"] < stored["1-nearest neighbour"] < stored[floors.VOTE]
    assert stored[baselines.FREE] == 4 * trained.peer.size()["total"]
    assert len(baselines.table(found.lines)) == len(baselines.plain(found.lines)) == 6


def record(row, seed, corpus, value, study="flagship"):
    one = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 100}
    metrics = {
        split: {"ternary decoder": dict.fromkeys(baselines.QUALITY, one)}
        for split in ("dev", "test", "test_unseen")
    }
    fields = {
        **{"schema": 1, "study": study, "row": row, "seed": seed, "command": "", "params": {}},
        **{"params_digest": "", "corpus": {"digest": corpus}, "commit": "", "versions": {}},
        **{"device": "cpu", "seconds": {}, "metrics": metrics, "gates": []},
        "facts": {
            "domain": {"test": {"false_accepts": 0.02 * (1 + seed)}},
            "latency": {"median": 0.1, "p95": 0.2 + seed},
            "parameters": {"total": 1000, "ternary": 10, "bytes": 400},
        },
    }
    return fields


def test_our_rows_are_read_from_their_results(tmp_path):
    for row, seed, corpus, value in (
        *(("00_full", 0, "a", 0.4), ("00_full", 1, "a", 0.6)),
        *(("10_continuous", 0, "a", 0.5), ("20_elsewhere", 0, "b", 0.9)),
    ):
        folder = tmp_path / "flagship" / row / f"seed{seed}"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(record(row, seed, corpus, value)))
    other = tmp_path / "encoder" / "00_full" / "seed0"
    other.mkdir(parents=True)
    (other / "result.json").write_text(json.dumps(record("00_full", 0, "a", 0.1, "encoder")))
    full, continuous = baselines.our_lines(tmp_path, "a")
    assert (full.name, full.seeds, full.parameters, full.stored) == ("00_full", 2, 1000, 400)
    found = full.scores["test"]["skeleton_exact"]
    assert found.value == pytest.approx(0.5)
    half = 12.7062 * math.sqrt(0.02) / math.sqrt(2)  # Student's t for one degree of freedom
    assert found.high - found.value == pytest.approx(half, rel=1e-4)
    assert full.false_accepts == pytest.approx(0.03)
    assert full.p95 == pytest.approx(0.7)
    assert continuous.scores["test"]["action_f1"] == Interval(0.5, 0.4, 0.6, 100)
    table = baselines.table([full, continuous])
    assert table[("", "who")].tolist() == ["ours: 00_full", "ours: 10_continuous"]
    assert table[("all", "skeleton exact")][1] == "0.500 [0.400, 0.600]"
    assert baselines.plain([full])[0]["unseen skeletons: action F1"] == pytest.approx(0.5)
    assert baselines.our_lines(tmp_path, "nowhere") == []
    left, right = baselines.figure([full, continuous]).axes
    assert [t.get_text() for t in left.get_yticklabels()] == [
        "ours: 00_full",
        "ours: 10_continuous",
    ]
    assert [line.get_xdata()[0] for line in right.get_lines()] == pytest.approx([0.5, 0.5])
