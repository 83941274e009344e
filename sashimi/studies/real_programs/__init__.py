"""Real programs by cross-validation: `crossed`, `Reranker`."""
