"""The public name of `sashimi.flagship.data.corpus`: ``load(source)`` and its types."""

from sashimi.flagship.data.corpus import BUILTIN, SPLITS, Corpus, CorpusError, Example, load

__all__ = ["BUILTIN", "SPLITS", "Corpus", "CorpusError", "Example", "load"]
