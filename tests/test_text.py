"""Text as the decoder's output: any text can be spelt, and what is written freely is foreign."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sashimi import params
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship import learn, way
from sashimi.flagship.answer import check
from sashimi.flagship.answer.rows import Unmasked
from sashimi.flagship.answer.search import Search
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data import text
from sashimi.flagship.judge import evaluate
from sashimi.flagship.model.decode import Decoder
from sashimi.flagship.model.limits import MAX_TOKENS, START
from sashimi.flagship.params import FlagshipParams
from sashimi.program import catalogue, compile, parse, render
from sashimi.program.findings import errors
from sashimi.program.tiers import without_comments
from sashimi.program.tree import Program

SMOKE = root() / "params" / "flagship" / "90_smoke.yaml"
PLAIN = {"output": "text", "neighbours": 0, "negatives": "none"}


@pytest.fixture(scope="module")
def corpus():
    return corpora.load("builtin", limit=160)


@pytest.fixture(scope="module")
def spelling(corpus):
    return text.Spelling.build([text.text_of(e.program) for e in corpus.train], 400)


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    directory = tmp_path_factory.mktemp("text")
    settings = params.load(SMOKE, FlagshipParams, **PLAIN, steps=10)
    return learn.learn(corpus, settings, directory, say=lambda line: None).sashimi, directory


@given(st.text())
def test_any_text_can_be_spelt(spelling, written):
    ids = spelling.ids(written)
    assert all(text.OWN <= index < len(spelling) for index in ids)
    assert spelling.text([START, *ids, text.END]) == written


def test_a_spelling_is_a_function_of_the_programs(corpus, spelling):
    assert text.Spelling.build([text.text_of(e.program) for e in corpus.train], 400) == spelling
    again = text.Spelling.from_json(json.loads(json.dumps(spelling.to_json())))
    assert again == spelling
    assert len(spelling) == 400 == len(spelling.tokens) == len(set(spelling.tokens))


def test_what_is_learned_reads_back(corpus, spelling):
    for example in corpus.examples():
        target = spelling.target(example.program)
        assert target[-1] == text.END
        assert parse(spelling.text(target)) == without_comments(example.program)


def test_comments_are_not_written_and_a_long_program_is_cut(spelling):
    spoken = parse('SHORTCUT "A"\nACTION comment WFCommentActionText="Said"\nACTION exit\n')
    assert text.text_of(spoken) == 'SHORTCUT "A"\nACTION exit\nENDSHORTCUT\n'
    exits = parse('SHORTCUT "A"\nACTION exit\n').body
    long = spelling.target(Program("A", exits * MAX_TOKENS))
    assert len(long) == MAX_TOKENS - 1
    assert text.END not in long


@torch.no_grad()
def test_writing_is_greedy_and_leaves_out_what_has_ended(spelling):
    """The texts are those of a loop that reads everything again for each prompt alone."""
    torch.manual_seed(0)
    decoder = Decoder(len(spelling), 8, 16, 1, 2, 0.0, copies=False).eval()
    decoder.bias[text.END] += 3.0  # so that some texts end, at different lengths
    memory, present = torch.randn(5, 3, 8), torch.ones(5, 3).bool()
    present[1, 2] = False
    search = Search(decoder, spelling.tokens, lambda: Unmasked(len(spelling), text.END, 39))
    written = [beam for (beam,) in search.run(memory, present)]
    lengths = set()
    for row in range(5):
        own = decoder.remember(memory[row : row + 1], present[row : row + 1])
        ids, total = [START], 0.0
        while ids[-1] != text.END and len(ids) < 40:
            hidden, _ = decoder(torch.tensor([ids]), None, own)
            best, token = decoder.logits(hidden[0, -1]).log_softmax(-1).max(-1)
            ids.append(int(token))
            total += float(best)
        assert spelling.text(ids) == spelling.text(written[row].ids)
        assert written[row].likelihood == pytest.approx(total, rel=1e-4)
        lengths.add(len(ids))
    assert len(lengths) > 2


READINGS = [
    ('SHORTCUT "A"\nACTION exit\nENDSHORTCUT\n', True, [], True),
    ('SHORTCUT "A"\nACTION exit', True, [], True),
    ('```\nSHORTCUT "A"\nACTION exit\n```', True, ["parse", "lint"], True),
    ('SHORTCUT "A"\nACTION notanactionatall\n', True, ["validate"], None),
    ('SHORTCUT "A"\nFOREACH\n"', False, ["parse"], False),
    ("", False, ["parse"], False),
]


@pytest.mark.parametrize(("written", "is_program", "stages", "compiles"), READINGS)
def test_reading_names_what_is_wrong(written, is_program, stages, compiles):
    checked = check.mended(written, catalogue.load())
    program, kept, findings, plist = (
        checked.program,
        checked.text,
        checked.findings,
        checked.plist,
    )
    assert (program is not None) == is_program
    assert [s for s in stages if s not in {f.stage for f in findings}] == []
    assert (findings == []) == (stages == [])
    if program is None:
        assert (kept, plist) == (written, None)
        assert len(errors(findings)) == 1
    else:
        assert parse(kept) == program
        assert plist is None or plist == compile(program)
    if compiles is not None:
        assert (plist is not None) == compiles


def test_a_run_of_text_survives_the_disk_and_is_scored(run, corpus):
    whole, directory = run
    assert whole.network.filler is None
    assert len(whole.network.decoder.embed.weight) == len(whole.vocabulary)
    prompts = [e.prompt for e in corpus.test[:6]]
    outcomes = whole.generate(prompts, refuse=False)
    assert [o.text for o in way.load(directory).generate(prompts, refuse=False)] == [
        o.text for o in outcomes
    ]
    for outcome in outcomes:
        assert outcome.frame is not None
        assert (outcome.program is None) == (render_of(outcome) is None)
    numbers = evaluate.evaluate(whole, corpus)
    ours = numbers["metrics"]["test"][evaluate.OURS]
    assert ours["program_exact"]["n"] == len(corpus.test)
    assert numbers["facts"]["filler"] == {}
    told = numbers["facts"]["text"]["test"]
    assert told["parses as written"].value <= ours["parse"]["value"]
    journal = (directory / "journal.jsonl").read_text()
    assert '"text"' in journal
    assert '"tier1"' not in journal


def render_of(outcome):
    try:
        return render(parse(outcome.text))
    except BadInput:
        return None


@pytest.mark.parametrize(
    ("knob", "value"),
    [("neighbours", 2), ("candidates", 2), ("teachers", "10_a"), ("negatives", "perturbed")],
)
def test_text_goes_without_what_needs_typed_tokens(knob, value):
    with pytest.raises(BadInput, match=f"output text goes without {knob}"):
        params.load(SMOKE, FlagshipParams, **{**PLAIN, knob: value})
