"""Study ``encoder``: what the sentence encoder keeps together."""

from sashimi.flagship.params import EncoderParams
from sashimi.flagship.study import check
from sashimi.study import PAGE, Measurement, Study


def bench_encode() -> list[Measurement]:
    """The encoder beside the library's own call."""
    from sashimi.studies.encoder import bench

    return bench.bench()


STUDY = Study(
    name="encoder",
    title="The encoder",
    question=(
        "Are prompts of one program near each other in the encoder's vectors, and of two apart?"
    ),
    params=EncoderParams,
    train="10_encoder",
    check=check,
    keeps=PAGE,
    bench={"encode": bench_encode},
)
