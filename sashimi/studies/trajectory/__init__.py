"""Planted and cheap runs that the trajectory tools are tried on (notebook 04)."""
