"""The trained network without the training stack: packed trits, numpy, no torch."""
