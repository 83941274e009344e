"""The knobs of the study of hard negatives; ``params/negatives/00_full.yaml`` states them all."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sashimi.params import Params

Count = Annotated[int, Field(ge=0)]


class NegativesParams(Params):
    """One set of hard negatives."""

    seed: Count
    corpus: str
    """``builtin``, or a path to ShortcutForge's JSONL: a file or a folder."""
    limit: Annotated[int, Field(ge=1)] | None
    """Training examples to keep; null keeps all."""
    synthetic_each: Count
    """Perturbed programs an example, at most: a small program has room for few."""
    drafts_each: Count
    """Broken drafts an example; most are mended to what was meant, and give no negative."""
    run: str
    """A trained run's folder, whose wrong beams become negatives; "" for none."""
    prompts: Count
    """Training examples that the run is given, beside all of evaluation."""
    width: Count
    """Beams of a prompt."""

    @model_validator(mode="after")
    def _consistent(self) -> NegativesParams:
        if self.run and not self.width:
            raise ValueError("run is given and width is 0: no beam would be kept")
        return self
