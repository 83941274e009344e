"""What a trajectory is worth: planted and cheap runs (notebook 04), real runs and public curves
(``runs.collect``, ``early.early``, ``replay.replay``: 62), tuning (``tune.search``: 61), promotion
(``promote.candidate``, ``promote.judged``: 69), curation of a stream by how a short run learned it
(``curation.probe``, ``curation.arms``, ``compared.answers``: 60), the look inside
(``inside.located``, ``looks.agreement``: 63).
"""
