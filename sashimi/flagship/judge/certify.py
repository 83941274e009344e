"""From which confidence on answers are certified: wrong in at most a tenth of cases.

The confidence is the likelihood of the greedy sequence. Programs of people's dev set the threshold,
one phrasing each, with the exact bound of `sashimi.calibration.threshold`; the frozen test says
what it is worth. An answer below it is doubtful, and is shown with others. Wrong means not useful
strictly. The domain head's score is no part of it: among admitted prompts it does not tell right
answers from wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sashimi import calibration
from sashimi.flagship import people
from sashimi.flagship.answer.outcome import Outcome
from sashimi.flagship.data.example import Example
from sashimi.flagship.judge import useful
from sashimi.flagship.people import Item, splits
from sashimi.statistics import wilson

RISK, LEVEL = 0.1, 0.95
"""At most this share of certified answers is wrong, and this is how sure that is."""
NEVER = 2.0
"""A threshold that no confidence reaches: where none keeps the bound, every answer is doubtful."""


def certified(generate: Callable[..., Sequence[Outcome]]) -> dict[str, Any]:
    """The threshold of ``generate(prompts)`` and its worth on dev and on the frozen test.

    ``confidence`` is `NEVER` where no threshold keeps the bound.
    """
    items = {item.id: item for item in people.train()}
    dev = [(items[name], prompt) for name, prompt in _one_each(splits.load().dev).items()]
    test = [(item, item.prompt) for item in people.test()]
    stated, right = _answers(generate, dev)
    kept = calibration.threshold(stated, right, RISK, LEVEL)
    found = NEVER if kept is None else kept
    shown = {"risk": RISK, "level": LEVEL, "confidence": found}
    return shown | {
        "dev": worth(stated, right, found),
        "test": worth(*_answers(generate, test), found),
    }


def _one_each(examples: Sequence[Example]) -> dict[str, str]:
    """Item to a phrasing of it: the first, second or third as its program's turn is."""
    phrasings: dict[str, list[str]] = {}
    for example in examples:
        phrasings.setdefault(example.id.split("/")[0], []).append(example.prompt)
    return {name: said[n % len(said)] for n, (name, said) in enumerate(phrasings.items())}


def _answers(
    generate: Callable[..., Sequence[Outcome]], asked: Sequence[tuple[Item, str]]
) -> tuple[list[float], list[bool]]:
    """Confidence of each accepted answer, and whether it is right."""
    outcomes = generate([prompt for _, prompt in asked])
    pairs = [(o, item) for o, (item, _) in zip(outcomes, asked, strict=True) if o.accepted]
    right = [useful.judge(item, o.text).useful_strict for o, item in pairs]
    return [o.confidence for o, _ in pairs], right


def worth(stated: Sequence[float], right: Sequence[bool], threshold: float) -> dict[str, Any]:
    """What share of accepted answers is certified, and what share of those is wrong, with `wilson`
    intervals; ``bound`` is the exact upper end of the latter, ``coverage`` and ``risk`` the share
    of wrong answers among the surest tenth, two tenths and so on.
    """
    kept = [
        good for value, good in zip(stated, right, strict=True)
        if value >= threshold
    ]  # fmt: skip
    wrong = len(kept) - sum(kept)
    covered, risk = calibration.coverage_risk(stated, right)
    tenths = [max(1, round(len(stated) * n / 10)) - 1 for n in range(1, 11)] if stated else []
    return {
        "certified": wilson(len(kept), len(stated)).as_json(),
        "wrong": wilson(wrong, len(kept)).as_json(),
        "bound": calibration.clopper_pearson(wrong, len(kept), LEVEL),
        "coverage": [round(float(covered[n]), 4) for n in tenths],
        "risk": [round(float(risk[n]), 4) for n in tenths],
    }
