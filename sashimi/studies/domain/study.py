"""Study ``domain``: whether a small head refuses what no Shortcut answers."""

from sashimi.flagship.params import DomainParams
from sashimi.flagship.study import check
from sashimi.study import PAGE, Study

STUDY = Study(
    name="domain",
    title="The domain",
    question="Can a small head tell what no Shortcut answers, where style does not?",
    params=DomainParams,
    train="11_domain",
    check=check,
    keeps=PAGE,
)
