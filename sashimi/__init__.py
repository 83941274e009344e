"""Balanced Sashimi: prompts become typed, compiled Apple Shortcuts by a small ternary network."""

__version__ = "0.1.0"
