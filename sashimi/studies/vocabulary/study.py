"""Study ``vocabulary``: what the training programs' tokens know of other programs."""

from sashimi.flagship.params import VocabularyParams
from sashimi.flagship.study import check
from sashimi.study import PAGE, Study

STUDY = Study(
    name="vocabulary",
    title="The vocabulary",
    question="Does the vocabulary of the training programs know what held-out programs need?",
    params=VocabularyParams,
    train="12_vocabulary",
    check=check,
    keeps=PAGE,
)
