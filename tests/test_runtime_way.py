"""The shipped network: the same answers as in torch, no training stack, refusals with a reason."""

import json
import shutil
import subprocess
import sys
from functools import partial

import pytest
from typer.testing import CliRunner

from sashimi.cli import app
from sashimi.errors import BadInput
from sashimi.flagship import pack, people, way
from sashimi.program import compile, parse
from sashimi.program.findings import errors
from sashimi.runtime import shipped, store

FEW, MANY = 12, 3000
HEAVY = ("torch", "transformers", "sklearn", "scipy", "pandas", "matplotlib")
PROMPT = "Remind me to call Ana at 7:45 pm"


@pytest.fixture(scope="module")
def whole():
    return way.load()


@pytest.fixture(scope="module")
def twin():
    return pack.read()


def prompts(count):
    items = (*people.test(), *people.train())
    return list(dict.fromkeys(item.prompt for item in items))[:count]


def apart(ours, theirs):
    """Prompts whose programs, frames and refusals are not the same, or whose likelihoods and scores
    are further apart than rounding."""
    near = partial(pytest.approx, abs=1e-3)
    return [
        o.prompt
        for o, t in zip(ours, theirs, strict=True)
        if [c.text for c in o.candidates] != [c.text for c in t.candidates]
        or (o.accepted, o.frame, o.program, o.findings)
        != (t.accepted, t.frame, t.program, t.findings)
        or o.score != near(t.score)
        or o.log_likelihood != near(t.log_likelihood, nan_ok=True)
    ]


def test_numpy_answers_as_torch_does(whole, twin):
    asked = prompts(FEW)
    assert apart(whole.generate(asked, refuse=False), twin.generate(asked, refuse=False)) == []


@pytest.mark.slow
def test_numpy_answers_as_torch_does_on_thousands(whole, twin):
    asked = prompts(MANY)
    assert apart(whole.generate(asked, refuse=False), twin.generate(asked, refuse=False)) == []
    assert apart(whole.generate(asked[:300]), twin.generate(asked[:300])) == []


def test_candidates_agree_too(whole, twin):
    ours, theirs = (m.generate(prompts(3), refuse=False, candidates=3) for m in (whole, twin))
    assert apart(ours, theirs) == []
    for outcome in ours:
        assert len(outcome.candidates) == 3
        assert outcome.text == outcome.candidates[0].text
        confidences = [c.confidence for c in outcome.candidates[1:]]
        assert confidences == sorted(confidences, reverse=True)
        assert len({c.text for c in outcome.candidates}) >= 1


def test_what_it_answers_is_legal_alone_and_together(whole):
    asked = prompts(4)
    together = whole.generate(asked, refuse=False)
    for prompt, outcome in zip(asked, together, strict=True):
        assert errors(outcome.findings) == []
        assert outcome.program == parse(outcome.text)
        assert outcome.plist == compile(outcome.program)
        assert whole.generate(prompt, refuse=False).text == outcome.text


def test_no_training_stack_is_imported():
    code = (
        "import sys\nfrom sashimi.flagship import way\n"
        f"way.load().generate({PROMPT!r}, refuse=False)\n"
        f"print(sorted(set({HEAVY}) & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_ships_it_whole():
    assert shipped.NETWORK.stat().st_size <= 2_000_000
    size = pack.size()
    assert sum(size.parts.values()) <= size.total
    known = shipped.NETWORK.read_bytes()[len(store.MAGIC) + 4 : store.BEGIN].hex()
    assert size.digest == known


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("Setze einen Wecker auf 6:15 Uhr", "not in English"),
        ("pon una alarma a las siete", "not in English"),
        ("включи фонарик", "not in English: 0% of its letters are Latin"),
        ("设置闹钟", "not in English"),
        ("blarg fnord wibble", "no words"),
        ("asdfghjkl", "no known word"),
        ("😀🎉 123", "no words"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(whole, prompt, why):
    outcome = whole.generate(prompt)
    assert not outcome.accepted and outcome.plist is None and outcome.candidates == ()
    assert why in outcome.why


def test_out_of_domain_says_score_and_threshold(whole):
    shut = type(whole)(**{**vars(whole), "domain": _shut(whole.domain)})
    outcome = shut.generate(PROMPT)
    assert outcome.why == f"out of domain: score {outcome.score:.3f}, threshold 1.100"


def _shut(domain):
    return type(domain)(**{**vars(domain), "threshold": 1.1})


def test_empty_and_endless_prompts_are_bad_input(whole):
    for prompt in ("", "  ", "word " * 10_000):
        with pytest.raises(BadInput):
            whole.generate(prompt)


def test_a_missing_or_damaged_file_names_itself_and_the_remedy(tmp_path):
    path = tmp_path / "network.bin"
    with pytest.raises(BadInput, match=r"network\.bin is missing.*sashimi pack"):
        shipped.load(path)
    shutil.copyfile(shipped.NETWORK, path)
    for damage in (lambda b: b[:5000], lambda b: b[:-9] + b"\x01" + b[-8:], lambda b: b"x" + b[1:]):
        path.write_bytes(damage(shipped.NETWORK.read_bytes()))
        with pytest.raises(BadInput, match=r"network\.bin.*sashimi pack"):
            shipped.load(path)


def test_the_command_answers_from_the_package(tmp_path):
    ran = CliRunner().invoke(app, ["generate", "Setze einen Wecker auf 6:15 Uhr", "--json"])
    assert ran.exit_code == 1
    told = json.loads(ran.output)
    assert not told["accepted"] and "not in English" in told["why"]
    assert {"score", "threshold", "candidates"} <= told.keys()


@pytest.mark.parametrize(
    ("sure", "options", "shown"), [(1.1, [], 3), (0.0, [], 1), (1.1, ["2"], 2)]
)
def test_a_doubtful_answer_comes_with_others(whole, monkeypatch, sure, options, shown):
    model = type(whole)(**{**vars(whole), "sure": sure})
    monkeypatch.setattr(way, "load", lambda run: model)
    asked = ["generate", PROMPT, "--json", *(["--candidates", *options] if options else [])]
    told = json.loads(CliRunner().invoke(app, asked).output)
    assert told["accepted"] and told["doubtful"] is (sure > 1)
    assert len(told["candidates"]) == shown
    assert told["text"] == told["candidates"][0]["text"]
    plain = CliRunner().invoke(app, [a for a in asked if a != "--json"])
    assert plain.exit_code == 0 and ("doubtful: confidence" in plain.output) is (sure > 1)
