"""Outside peers and floors in one table (notebook 18)."""
