"""The flagship and its negatives as studies: the one place that says what their numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sashimi import result
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship.params import FlagshipParams, NegativesParams
from sashimi.flagship.scoring import SCORES
from sashimi.params import Params
from sashimi.report.read import Run
from sashimi.study import MODEL, Check, Measurement, Section, Study


def check(settings: Params) -> None:
    """Read a foreign corpus before anything is written; raises BadInput for one of no use."""
    if getattr(settings, "corpus", "builtin") != "builtin":
        from sashimi.flagship.data import corpus

        corpus.load(settings.corpus, seed=settings.seed, limit=settings.limit)


def check_flagship(settings: FlagshipParams) -> None:
    """As `check`, and the encoder and wrong beams that are to be learned from must be there."""
    check(settings)
    if settings.encoder != "frozen":
        from sashimi import encode

        encode.encoder_digest(settings.encoder)
    if settings.curated:
        from sashimi.flagship.data import curated

        curated.read(settings.curated)
    if settings.negatives == "adversarial":
        from sashimi.flagship.negatives import margin

        margin.training_beams(settings.corpus)


def needs(settings: FlagshipParams, folder: Path) -> None:
    """The runs that lend their weights or teach must have ended."""
    rows = [settings.start, *settings.teachers.split(",")]
    for row in filter(None, map(str.strip, rows)):
        from sashimi.flagship import run_folder

        run_folder.finished(folder, row)


def sections(runs: Sequence[Run]) -> Iterable[Section]:
    """See `sashimi.flagship.judge.sections`, which plots."""
    from sashimi.flagship.judge import sections as drawn

    return drawn.sections(runs, STUDY)


def answer(runs: Sequence[Run]) -> str:
    """What the leading row does with people's own requests; "" where it was not asked."""
    facts = runs[0].record.get("facts") or {}
    overall = facts.get("people", {}).get("overall", {})
    keys = "useful_strict", "valid", "admitted"
    useful, valid, admitted = (Run.interval(overall.get(key)) for key in keys)
    if useful is None or valid is None or admitted is None:
        return ""
    share, low, high = (f"{100 * x:.0f}%" for x in (useful.value, useful.low, useful.high))
    refused, formed = 100 * (1 - admitted.value), 100 * valid.value
    return (
        f"For {share} [{low}, {high}] of {useful.n} requests, written as people speak before "
        f"anything was trained, it does what was meant, where {refused:.0f}% are refused at the "
        "run's own threshold (the package sets another, and says its numbers in the README); "
        f"well-formed are {formed:.0f}%, "
        "which is not the same. Below: how often the skeleton (actions and blocks in their order, "
        "without values) of a held-out program is exact, beside floors that copy."
    )


def figures() -> dict[str, str]:
    """See `sashimi.flagship.judge.asked`, which answers."""
    from sashimi.flagship.judge import asked

    return asked.figures()


def check_negatives(settings: NegativesParams) -> None:
    """As `check`, and the trained run that is named must be there."""
    check(settings)
    if settings.run:
        result.read(Path(settings.run) / result.NAME)


def bench_train() -> list[Measurement]:
    """A training step of the ternary network beside its continuous twin's."""
    from sashimi.flagship import bench

    return bench.training()


def bench_generate() -> list[Measurement]:
    """Stages of a prompt through the package's network, its bytes, and torch beside numpy."""
    from sashimi.flagship import bench

    return bench.generating()


def bench_ablate() -> list[Measurement]:
    """What a second worker is worth."""
    from sashimi.flagship import bench

    return bench.matrix()


def bench_before(checkout: Path | None = None, run: Path | None = None) -> list[Measurement]:
    """Another checkout, and a run trained there, beside this one."""
    from sashimi.flagship.speed import before

    if checkout is None or run is None:
        raise BadInput("bench before needs --checkout FOLDER and --run FOLDER, a run trained there")
    return before.bench(checkout, run)


def bench_growth() -> list[Measurement]:
    """How costs grow with beams, tokens, library and vocabulary."""
    from sashimi.flagship.speed import growth

    return growth.bench()


def bench_peers() -> list[Measurement]:
    """The encoder and a ternary product beside other libraries'."""
    from sashimi.flagship.speed import peers

    return peers.bench()


BENCHES = {
    "train": bench_train,
    "generate": bench_generate,
    "ablate": bench_ablate,
    "before": bench_before,
    "growth": bench_growth,
    "peers": bench_peers,
}


def trained() -> Path:
    """The leading row's run, else the reference row's, else the newest that has a model.

    Raises BadInput where nothing is trained.
    """
    reports = root() / "reports" / STUDY.name
    models = sorted(reports.glob(f"*/seed*/{MODEL}"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise BadInput(f"no trained run below {reports}: train one with 'make run'")
    known = (reports / row / "seed0" / MODEL for row in (STUDY.leads, "00_full"))
    return next((path for path in known if path in models), models[-1]).parent


def checks() -> Iterable[Check]:
    """What answering prompts needs: the package's network, and a trained run for all else."""
    from sashimi.runtime import shipped

    try:
        packed = shipped.read()
        yield Check("shipped network", True, f"{packed.path} ({packed.path.stat().st_size} bytes)")
    except BadInput as error:
        yield Check("shipped network", False, str(error))
    try:
        yield Check("trained run", True, str(trained()))
    except BadInput as error:
        yield Check("trained run", False, str(error))


STUDY = Study(
    name="flagship",
    title="From a sentence to a compiled Shortcut",
    question=(
        "Can a small network with ternary weights, which may write nothing but legal programs, "
        "turn a sentence into the Apple Shortcut that was asked for?"
    ),
    params=FlagshipParams,
    train="16_end_to_end",
    read=("00_the_way", "01_corpus", "90_results"),
    check=check_flagship,
    needs=needs,
    leads="99_long_stream",
    scores=SCORES,
    answer=answer,
    figures=figures,
    sections=sections,
    bench=BENCHES,
    checks=checks,
)
NEGATIVES = Study(
    name="negatives",
    title="Hard negatives",
    question="Are there wrong programs that only the prompt can tell from the right ones?",
    params=NegativesParams,
    train="02_negatives",
    check=check_negatives,
    keeps="triples/train.jsonl",
)
STUDIES = (STUDY, NEGATIVES)
