"""Shapes are checked while tests run; the programs of the real corpus, where it lies beside us."""

from __future__ import annotations

import pytest
from development import CORPUS
from hypothesis import settings
from jaxtyping import install_import_hook

SHAPED = [f"sashimi.{name}" for name in (
    "calibration", "encode", "floors", "geometry", "ranks", "retrieve", "statistics", "ternary"
)]  # fmt: skip
"""Modules whose annotated shapes and types are checked at every call while tests run."""

install_import_hook(SHAPED, "shapes.checked")

settings.register_profile("same", derandomize=True)
settings.load_profile("same")
"""Hypothesis draws the same examples on each machine; the slow suite and the fuzzer draw anew."""


@pytest.fixture(scope="session")
def real_texts() -> list[str]:
    """The program texts of the real corpus; skips where it is absent."""
    import json

    if not CORPUS.exists():
        pytest.skip(f"the development data is not there: {CORPUS}")
    with CORPUS.open(encoding="utf-8") as lines:
        return [json.loads(line)["messages"][2]["content"] for line in lines]


@pytest.fixture(scope="session")
def real_programs(real_texts: list[str]) -> list:
    """The trees of the real corpus; skips where it is absent."""
    from sashimi.program import parse

    return [parse(text) for text in real_texts]
