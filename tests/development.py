"""Where the shared development data lies, and the mark for tests that need it."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
CORPUS = SHARED / "data" / "shortcutforge" / "shortcutdsl_train.jsonl"
FACTS = SHARED / "data" / "actions"

needs_shared = pytest.mark.skipif(
    not CORPUS.exists(), reason=f"the development data is not there: {SHARED}"
)
