"""Where the shared development data lies, and the mark for tests that need it."""

from __future__ import annotations

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

SHAPED = [f"sashimi.{name}" for name in (
    "calibration", "encode", "floors", "geometry", "ranks", "retrieve", "statistics", "ternary"
)]  # fmt: skip
"""Modules whose annotated shapes and types are checked at every call while tests run."""

install_import_hook(SHAPED, "shapes.checked")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
CORPUS = SHARED / "data" / "shortcutforge" / "shortcutdsl_train.jsonl"
FACTS = SHARED / "data" / "actions"


needs_shared = pytest.mark.skipif(
    not CORPUS.exists(), reason=f"the development data is not there: {SHARED}"
)


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
