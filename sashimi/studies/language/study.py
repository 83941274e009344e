"""Study ``language``: does the language know what programs use, and find what is broken?"""

from sashimi.flagship.params import LanguageParams
from sashimi.flagship.study import check
from sashimi.study import PAGE, Measurement, Study


def bench_language() -> list[Measurement]:
    """Programs a second through each stage."""
    from sashimi.studies.language import bench

    return bench.language()


def bench_mutations() -> list[Measurement]:
    """What becomes of broken programs."""
    from sashimi.studies.language import bench

    return bench.mutations()


def bench_fuzz(count: int = 1_000_000) -> list[Measurement]:
    """Damaged inputs through every reader, and ``count`` mutated plists."""
    from sashimi.studies.language import bench

    return bench.fuzz(count)


STUDY = Study(
    name="language",
    title="The language",
    question="Does the language know what programs use, and does it find and mend what is broken?",
    params=LanguageParams,
    train="03_language",
    check=check,
    keeps=PAGE,
    bench={"language": bench_language, "mutations": bench_mutations, "fuzz": bench_fuzz},
)
