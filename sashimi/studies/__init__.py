"""A folder a study, found by looking for its ``study.py`` (docs/new_study.md)."""
