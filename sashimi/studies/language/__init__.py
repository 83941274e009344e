"""The language on corpora and on broken programs (notebook 03)."""
