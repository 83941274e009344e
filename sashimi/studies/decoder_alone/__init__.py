"""The decoder without an encoder (notebooks 13 to 15)."""
