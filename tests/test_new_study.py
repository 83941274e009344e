"""A study that lives here alone: lower is better, no corpus, no network.

It gets a row, a matrix, verdicts, a section of the page and a line of the README, and nothing
outside its own folder knows it.
"""

import re
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from sashimi import gates, notebooks, registry, result
from sashimi import run as runner
from sashimi.ablate import questions, sections, table
from sashimi.ablate.questions import Question
from sashimi.report import page, readme
from sashimi.report.read import runs
from sashimi.report.verdicts import judged

STUDY = """
from pathlib import Path
from sashimi.params import Params
from sashimi.study import PAGE, Check, Measurement, Metric, Scores, Section, Study, Table

class Coins(Params):
    seed: int
    tosses: int

def sections(runs):
    rows = [[run.record["params"]["tosses"]] for run in runs]
    yield Section("Bits over tosses", [Table(["tosses"], rows)])

STUDY = Study(
    name="coins", title="Coins", question="Does a counter code an unfair coin in fewer bits?",
    params=Coins, train=str(Path(__file__).parents[2] / "95_coins"), keeps=PAGE, sections=sections,
    bench={"coins": lambda: [Measurement("toss", 1.0, "ns", 1)]},
    checks=lambda: [Check("a coin", True, "in the pocket")],
    scores=Scores(
        ours="counter", floors=("fair coin",), splits={"late": "late tosses"}, held_out=("late",),
        metrics=(Metric(key="bits", heading="bits", better="low", unit="bits a toss"),),
        decides=("bits",),
    ),
)
"""
TRAIN = """
from coin_studies.coins.study import Coins
from sashimi import gates, params, result, scores
from sashimi.gates import Gate
from sashimi.statistics import bootstrap
settings = params.gather(Coins, globals())
folder = result.folder(run_dir, "coins")
each = [0.8 - 0.1 * (settings.tosses > 10) + 0.01 * ((i + settings.seed) % 3) for i in range(60)]
bits = bootstrap(each)
rules = {"few bits": Gate("few bits", "coin_bits", at_most=0.9, min_n=1)}
scores.write(folder, {"late": scores.Scores("the same", {"bits": each})})
result.write(folder, result.provenance(folder, settings) | {
    "device": "cpu", "seconds": {},
    "metrics": {"late": {"counter": {"bits": bits}, "fair coin": {"bits": bootstrap([1.0] * 60)}}},
    "gates": gates.judge({"coin_bits": bits.value}, rules), "facts": {"tosses": settings.tosses},
})
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A checkout with the study and four finished runs: two rows at two seeds."""
    home = tmp_path_factory.mktemp("home")
    (home / "coin_studies" / "coins").mkdir(parents=True)
    (home / "coin_studies" / "coins" / "study.py").write_text(STUDY)
    (home / "params" / "coins").mkdir(parents=True)
    (home / "params" / "coins" / "00_full.yaml").write_text("seed: 0\ntosses: 10\n")
    (home / "params" / "coins" / "10_more.yaml").write_text("# Do more tosses help?\ntosses: 99\n")
    first = new_code_cell("run_dir = ''\nseed = 0\ntosses = 10", metadata={"tags": ["parameters"]})
    book = new_notebook(cells=[first, new_code_cell(TRAIN)])
    (home / "95_coins.ipynb").write_text(notebooks.text(book))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(home))
        patch.setenv("PYTHONPATH", str(home) + ":" + str(notebooks.__file__.rsplit("/", 2)[0]))
        patch.chdir(home)
        patch.setattr(runner, "root", lambda: home)
        study = registry.load("coin_studies")["coins"]
        for row in ("00_full", "10_more"):
            for seed in (0, 1):
                runner.run(
                    study, home / f"params/coins/{row}.yaml", seed=seed, say=lambda line: None
                )
        yield home
        registry.load.cache_clear()
        for name in [name for name in sys.modules if name.startswith("coin_studies")]:
            sys.modules.pop(name)


def test_it_is_compared_judged_and_shown_without_a_change_to_the_core(home):
    studies = registry.load("coin_studies")
    found = runs(home / "reports")
    reference, more = table.read(found, studies)
    number = more.numbers["late"]["bits"]
    assert (reference.name, more.changed()) == ("00_full", "tosses: 10 -> 99")
    assert number.over_seeds.value == pytest.approx(-0.1, abs=1e-6)
    assert number.verdict == "better", "fewer bits, and lower is better"
    told = re.sub(" +", " ", table.markdown([reference, more]))
    assert "**coins, late**" in told and "over 60 examples: better" in told

    asked = [Question("more", "Do more tosses help?", "coins", "10_more", "00_full")]
    asked.append(Question("floor", "Fewer than one?", "coins", "00_full", floor="fair coin"))
    answers = questions.answers([reference, more], asked)
    assert answers[0].verdict == "better"
    rules = {"few bits": gates.Gate("few bits", "coin_bits", at_most=0.9, min_n=2)}
    assert [verdict.decision for verdict in judged(more.runs, rules)] == ["go"]

    compared = sections.compared([reference, more], answers, home / "reports")
    html = page.write(found, home / "reports", studies, compared).read_text()
    for words in (
        "Coins",
        "Questions and answers",
        "Bits over tosses",
        "What each change is worth",
    ):
        assert words in html
    assert '<span class="mark better">better</span>' in html and "fair coin" in html

    line = readme.lines(found, studies)
    assert "bits 0.810 ± 0.000 (1.000) on late tosses" in line and "| Coins" in line
    assert "10_more" in readme.page(found, studies)


def test_its_bench_and_its_checks_are_found(home):
    study = registry.load("coin_studies")["coins"]
    assert [row.what for row in study.bench["coins"]()] == ["toss"]
    assert [check.passed for check in study.checks()] == [True]
    assert result.read(home / "reports/coins/00_full/seed0/result.json")["facts"] == {"tosses": 10}
