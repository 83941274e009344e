"""What vocabularies know of other programs (notebook 12)."""
