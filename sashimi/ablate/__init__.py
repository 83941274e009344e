"""The matrix: rows and seeds become cells, cells become results, results are read back.

``rows`` expands and refuses, ``cell`` is one run in a process of its own, ``engine`` keeps as many
going as there is room for, here or on a Dask cluster, ``view`` shows them, ``matrix`` is all of
this in one call. ``table`` reads the results, ``figure`` and ``page`` show what each row is worth.
"""
