"""What a prompt says whatever the order, fused into decoding.

Shallow fusion (Gulcehre et al. 2015, "On Using Monolingual Corpora in Neural Machine Translation",
§4.1): at each step the weighted log-odds of another model are added to the decoder's logits, under
the masks. Two models know no order here: one tells from the prompt's vectors which actions and
blocks the program has, the other which listed values the prompt names. What stands already gets
nothing more, since they tell that it stands and not how often.

Letters: N prompts, P word pieces, E encoder width, F surface features, A tags, V vocabulary.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.runtime.encoder import gelu
from sashimi.runtime.layers import Dense
from sashimi.runtime.store import Packed

TOLD, SURE = 0.3, 4.0
"""The weight of a tag's log-odds, and the magnitude at which they are cut."""
NAMED = 3.0
"""What a listed value gains that the prompt names."""
LONGEST = 4
"""Words of a prompt that one listed value may take."""
_WORD = re.compile(r"[^\W_]+")


def features(pooled: np.ndarray, states: np.ndarray) -> np.ndarray:
    """(2 E,) of one prompt's vectors (E,) and (P, E + F): the mean's direction and, of each
    dimension, the most that a word piece has.
    """
    most = states[:, : len(pooled)].max(0, initial=-10.0)  # of a last norm, all are above
    return np.concatenate([pooled, most]).astype(np.float32)


@dataclass(frozen=True)
class Tags:
    """`features` to the log-odds (A,) that a token stands in the program."""

    centre: np.ndarray  # (2 E,) of the prompts that it learned from
    spread: np.ndarray
    enter: Dense
    leave: Dense
    tokens: np.ndarray  # (A,) ids

    @staticmethod
    def load(packed: Packed) -> Tags | None:
        """The tags of a packed network; None for one that has none."""
        if "tags/tokens" not in packed.entries:
            return None
        centre, spread = (packed.array(f"tags/{name}") for name in ("centre", "spread"))
        enter, leave = (Dense.load(packed, f"tags/{name}") for name in ("enter", "leave"))
        return Tags(centre, spread, enter, leave, packed.array("tags/tokens"))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(N, A) of (N, 2 E)."""
        return self.leave(gelu(self.enter((features - self.centre) / self.spread)))


@dataclass(frozen=True)
class Fusion:
    """Prompts with their vectors to what each token gains (N, V)."""

    tags: Tags
    names: Mapping[str, Sequence[int]]  # a listed value's letters and digits to its tokens
    size: int  # V

    @staticmethod
    def of(tags: Tags, vocabulary: Vocabulary) -> Fusion:
        """With the listed values of a vocabulary."""
        names = defaultdict(list)
        for token, word in enumerate(vocabulary.tokens):
            if word.startswith('="'):
                names["".join(_words(word))].append(token)
        names.pop("", None)
        return Fusion(tags, dict(names), len(vocabulary))

    def __call__(
        self, prompts: Sequence[str], vectors: Iterable[tuple[np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """(N, V) float32 of prompts and their (pooled, states), as `features` takes them."""
        told = self.tags(np.stack([features(*own) for own in vectors]))
        gains = np.zeros((len(prompts), self.size), np.float32)
        gains[:, self.tags.tokens] = TOLD * told.clip(-SURE, SURE)
        for row, prompt in enumerate(prompts):
            gains[row, self.named(prompt)] += NAMED
        return gains

    def named(self, prompt: str) -> list[int]:
        """The tokens of listed values that a prompt names, not those within a longer one's name:
        of "extra large", that is not Large.
        """
        words = _words(prompt.replace("'", ""))
        spans = {
            "".join(words[at:end])
            for at in range(len(words))
            for end in range(at + 1, min(at + LONGEST, len(words)) + 1)
        }
        found = spans & self.names.keys()
        whole = [n for n in found if not any(n != other and n in other for other in found)]
        return sorted(token for name in whole for token in self.names[name])


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def without(gains: np.ndarray, ids: Sequence[Sequence[int]]) -> np.ndarray:
    """Gains (R, V) less those of the tokens (R lists) that stand already; changes its input."""
    for own, standing in zip(gains, ids, strict=True):
        own[standing] = 0
    return gains
