"""Hard negatives: for a prompt, programs that are nearly right and mean something else."""

from sashimi.flagship.negatives.make import Made, make
from sashimi.flagship.negatives.meaning import meaning
from sashimi.flagship.negatives.triple import SOURCES, Triple, load, only, save, weight

__all__ = ["SOURCES", "Made", "Triple", "load", "make", "meaning", "only", "save", "weight"]
