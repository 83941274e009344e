"""Domain heads beside each other (notebook 11)."""
