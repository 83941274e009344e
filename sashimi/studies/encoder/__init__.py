"""What the encoder keeps together (notebook 10)."""
