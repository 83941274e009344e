"""How long a program may be, and how it begins."""

MAX_TOKENS = 512
"""Positions the decoder knows: real programs of 100 lines stay below it."""
WRITTEN = 192
"""Tokens of a program that is written: one real program in a hundred has more, and training reads
no position beyond `learn.LEARNED`."""
START = 0
"""The token id that begins every sequence (`Vocabulary` keeps it free)."""
