"""What a trajectory is worth: planted and cheap runs (notebook 04), real runs and public curves
(``runs.collect``, ``early.early``, ``replay.replay``: 62), tuning (``tune.search``: 61), promotion
(``promote.candidate``, ``promote.judged``: 69).
"""
