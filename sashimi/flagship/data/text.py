"""Programs as plain text, the alternative to the typed IR: spelt, and counted when read back.

No mask and no slot: a decoder of the same blocks writes byte-level BPE tokens (Sennrich et al.
2016; Radford et al. 2019), and what comes out is foreign text, which the linter may mend and the
parser may refuse. Comments are left out: they do not run, no score counts them, and on real
programs they would be a third of what there is to write.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sashimi.flagship.model.limits import MAX_TOKENS
from sashimi.program import Finding, Program, render
from sashimi.program.tiers import without_comments
from sashimi.statistics import Interval, bootstrap

END = 1
"""The token id that ends every text; `START` begins it."""
OWN = 2
"""Ids that are not the tokenizer's: its own come after these."""


@dataclass(frozen=True)
class Spelling:
    """Texts of programs to token ids and back; any text can be spelt, byte by byte if need be."""

    model: str
    """The tokenizer as its library's JSON."""

    @staticmethod
    def build(texts: Iterable[str], size: int) -> Spelling:
        """At most ``size`` ids, 258 at least, learned from training texts."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size - OWN,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return Spelling(tokenizer.to_str())

    def to_json(self) -> dict:
        """As the tokenizer's library writes it; `from_json` is the inverse."""
        return {"spelling": json.loads(self.model)}

    @staticmethod
    def from_json(data: dict) -> Spelling:
        """The spelling that `to_json` wrote."""
        from tokenizers import Tokenizer

        return Spelling(Tokenizer.from_str(json.dumps(data["spelling"])).to_str())

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size() + OWN

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """What each id stands for, bytes as its library writes them."""
        known = range(self._tokenizer.get_vocab_size())
        return ("<start>", "<end>", *(self._tokenizer.id_to_token(i) for i in known))

    def ids(self, text: str) -> list[int]:
        """The ids of a text, without start and end."""
        return [index + OWN for index in self._tokenizer.encode(text).ids]

    def target(self, program: Program, longest: int = MAX_TOKENS - 1) -> tuple[int, ...]:
        """What a decoder learns to write: a program's ids and the end, cut to its positions."""
        return tuple([*self.ids(text_of(program)), END][:longest])

    def text(self, ids: Sequence[int]) -> str:
        """The text of ids, start and end passed over; a broken character becomes U+FFFD."""
        return self._tokenizer.decode([index - OWN for index in ids if index >= OWN])

    @cached_property
    def _tokenizer(self):
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self.model)


def text_of(program: Program) -> str:
    """The canonical text of a program, comments aside."""
    return render(without_comments(program))


def repair_shares(findings: Sequence[Sequence[Finding]]) -> dict[str, Interval]:
    """Of texts with these findings: how many parsed as written, and how many the linter changed."""
    stages = [{finding.stage for finding in each} for each in findings]
    return {
        "parses as written": bootstrap(["parse" not in found for found in stages]),
        "repaired": bootstrap(["lint" in found for found in stages]),
    }
