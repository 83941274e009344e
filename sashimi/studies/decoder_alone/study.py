"""Studies ``toy`` and ``skeleton``: the decoder without an encoder."""

from sashimi.flagship.params import SkeletonParams, ToyParams
from sashimi.flagship.study import check
from sashimi.study import PAGE, Study

TOY = Study(
    name="toy",
    title="The toy problem",
    question=(
        "Can one ternary layer of width 64 hold 500 answers, and can it find out what gives them?"
    ),
    params=ToyParams,
    train="13_toy",
    keeps=PAGE,
)
SKELETON = Study(
    name="skeleton",
    title="The skeleton",
    question=(
        "Can the decoder write the skeleton of a program whose tokens lie before it, and what does "
        "the encoder's vector cost?"
    ),
    params=SkeletonParams,
    train="14_skeleton",
    check=check,
    keeps=PAGE,
)
STUDIES = (TOY, SKELETON)
