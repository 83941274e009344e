"""What became of a prompt: an answer with its alternatives, or a refusal with its reason."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from sashimi import display
from sashimi.flagship.answer.check import Checked
from sashimi.flagship.model.frame import SemanticFrame
from sashimi.program import Finding, Program

NAN = math.nan


@dataclass(frozen=True)
class Candidate:
    """One program for a prompt. Text that was written freely may be no program, or have errors."""

    program: Program | None
    text: str
    findings: list[Finding]
    plist: dict | None
    log_likelihood: float  # of the tokens of Tiers 1 and 2, under the masks
    confidence: float  # likelihood, or among candidates the expected worth: see `choose`

    @staticmethod
    def of(checked: Checked, log_likelihood: float, confidence: float) -> Candidate:
        """Of a text that was checked."""
        parts = checked.program, checked.text, checked.findings, checked.plist
        return Candidate(*parts, log_likelihood, confidence)


@dataclass(frozen=True)
class Outcome:
    """What became of one prompt. A refused prompt has no frame, program or plist, and no text.

    ``candidates`` holds the answer first and then as many others as were asked for, none where the
    prompt was refused; program, text, findings and so on are the first one's. ``sure`` is the
    confidence from which on answers are certified: see `sashimi.flagship.judge.certify`.
    """

    prompt: str
    accepted: bool
    score: float  # the domain head's probability of being in domain; NaN where it was not asked
    threshold: float  # from which score on a prompt is admitted
    frame: SemanticFrame | None
    program: Program | None
    text: str
    findings: list[Finding]
    plist: dict | None
    log_likelihood: float
    confidence: float
    seconds: float  # this prompt's share of its batch
    candidates: tuple[Candidate, ...] = ()
    sure: float | None = None  # None: of this model it is not known

    @staticmethod
    def of(
        prompt: str,
        score: float,
        threshold: float,
        seconds: float,
        frame: SemanticFrame,
        candidates: list[Candidate],
        sure: float | None = None,
    ) -> Outcome:
        """Of a prompt that was admitted."""
        first = vars(candidates[0])
        heading = prompt, True, score, threshold, frame
        rest = {"seconds": seconds, "candidates": tuple(candidates), "sure": sure}
        return Outcome(*heading, **first, **rest)

    @staticmethod
    def refused(
        prompt: str, score: float, threshold: float, seconds: float, why: str = ""
    ) -> Outcome:
        """Of a prompt that is not answered: ``why`` it cannot be read, or its score is too low."""
        why = why or f"out of domain: score {score:.3f}, threshold {threshold:.3f}"
        finding = Finding("domain", 0, "prompt", why)
        nothing = None, None, "", [finding], None, NAN, 0.0
        return Outcome(prompt, False, score, threshold, *nothing, seconds)

    @property
    def doubtful(self) -> bool | None:
        """Whether an answer is less sure than what is certified; None where nothing is."""
        known = self.accepted and self.sure is not None
        return self.confidence < self.sure if known else None

    def as_json(self) -> dict[str, Any]:
        """What a script would want, plist and tree left out."""
        return {
            "prompt": self.prompt,
            "accepted": self.accepted,
            "score": self.score,
            "threshold": self.threshold,
            "why": self.why,
            "doubtful": self.doubtful,
            "text": self.text,
            "findings": [asdict(finding) for finding in self.findings],
            "candidates": [
                {"text": candidate.text, "confidence": candidate.confidence}
                for candidate in self.candidates
            ],
            "seconds": self.seconds,
        }

    @property
    def why(self) -> str:
        """Why a prompt was refused; ``""`` for one that was answered."""
        return "" if self.accepted else self.findings[0].why

    def _repr_html_(self) -> str:
        """The picture of the answer, or why there is none, and what was made of the prompt."""
        rows = [("domain head", f"score {self.score:.3f}, admitted from {self.threshold:.3f}")]
        if not self.accepted:
            return display.table(f"refused: {self.prompt}", [*rows, ("why", self.why)])
        if self.frame:
            rows += [(name, shown(value)) for name, value in vars(self.frame).items()]
        sure = f"{self.confidence:.3f}" + (" (doubtful)" if self.doubtful else "")
        findings = [str(finding) for finding in self.findings] or ["none; meaning is not checked"]
        rows += [("confidence", sure), ("findings", "\n".join(findings))]
        drawn = self.program._repr_html_() if self.program else ""
        return display.table(self.prompt, rows) + drawn


def shown(value: str | tuple[str, ...]) -> str:
    """A field of a frame in words."""
    return value if isinstance(value, str) else ", ".join(value) or "none"
