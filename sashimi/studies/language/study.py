"""Study ``language``: does the language know what programs use, and find what is broken?"""

from sashimi.flagship.params import LanguageParams
from sashimi.flagship.study import check
from sashimi.study import PAGE, Study

STUDY = Study(
    name="language",
    title="The language",
    question="Does the language know what programs use, and does it find and mend what is broken?",
    params=LanguageParams,
    train="03_language",
    check=check,
    keeps=PAGE,
)
