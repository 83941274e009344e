"""Study of the ternary operations: `every`, `ceiling`, `coverage`, `error_table`, `precision_at_18`
and the networks that learn all 19,683 of them (notebooks 20 to 23 and 29).
"""

from sashimi.studies.operations.space import (
    Coverage,
    ErrorTable,
    ceiling,
    coverage,
    error_table,
    every,
    precision_at_18,
)

__all__ = [
    "Coverage",
    "ErrorTable",
    "ceiling",
    "coverage",
    "error_table",
    "every",
    "precision_at_18",
]
