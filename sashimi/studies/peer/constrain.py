"""Decoding under a grammar engine, llguidance: what a library's masks are worth beside ours.

The engine reads the language's own grammar, with the few changes that its dialect asks for. It
knows syntax alone: an action that does not exist, or a handle that nothing set, is legal to it.

Letters: B prompts, V ids of a spelling, W tokens of its tokenizer (V less `text.OWN`).
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from importlib.resources import files
from importlib.util import find_spec

import torch
from torch import Tensor

from sashimi.errors import BadInput
from sashimi.flagship.data.text import END, OWN, Spelling
from sashimi.program.conditions import CONDITIONS

DEEPEST = 24
"""Spaces that a line may begin with: two a level."""


def grammar() -> str:
    """``grammar.lark`` as the engine reads it, narrowed to canonical text.

    The engine is left no blank to repeat for ever: spaces stand where `render` writes them, a line
    ends with one newline, the end is written. Names of branches and of inlined rules go, and what
    only decompiled Shortcuts need: settings, pairs of blocks, steps of references. A
    condition is one of the known ones, since the engine has no lookahead that tells it from a key.
    """
    text = files("sashimi.program.text").joinpath("grammar.lark").read_text(encoding="utf-8")
    conditions = " | ".join(f'"{name}"' for name in CONDITIONS)
    indent = rf"/ {{0,{DEEPEST}}}"
    for pattern, instead in (
        (r"\s+-> \w+", ""),
        (r"^\?tests:(?:.*\n)+?(?=test:)", ""),
        (r"^(settings|pairs|none|_WITH|MATCH|_NONE|FIELD|SCALAR|WORD): .*\n", ""),
        (r"^STEP: .*\n(?:    \| .*\n)+", ""),
        (r" pairs| settings| \| none", ""),
        (r"\bIF tests\b", "IF test"),
        (r"\[(title|count|reference)\]", r"\1"),
        (r"case\*", "case+"),
        (r"^NAME: .*$", r"NAME: /[A-Za-z_][\\w-]*(?:\\.[\\w-]+)*/"),
        (r"^VARIABLE: .*$", r"VARIABLE: /\\$[^\\W\\d]\\w*/"),
        (r"^HANDLE: .*$", r"HANDLE: /@[^\\W\\d]\\w*/"),
        (r"^\?", ""),
        (r"^KEY\.2: .*$", r"KEY: /[A-Za-z_]\\w*/"),
        (r"^CONDITION: .*$", f"CONDITION: {conditions}"),
        (r"^_NL: .*$", r"_NL: /\\n/"),
        (r"^%ignore .*$", ""),
        (r"_NL\? _SHORTCUT", "_SHORTCUT"),
        (r"\(_ENDSHORTCUT _NL\)\?", "_ENDSHORTCUT _NL"),
        (r'^(_SHORTCUT|_HEADERS): "(\w+)"$', r'\1: "\2 "'),
        (r'^(ACTION|SET|IF|MENU|CASE|REPEAT|FOREACH): "(\w+)"$', rf"\1: {indent}\2 /"),
        (r'^(_ELSE|_ENDIF|_ENDMENU|_ENDREPEAT|_ENDFOREACH): "(\w+)"$', rf"\1: {indent}\2/"),
        (r"^pair: ", 'pair: " " '),
        (r'VARIABLE "="', 'VARIABLE " = "'),
        (r"CONDITION \[value\]", '" " CONDITION [" " value]'),
        (r'"([,:])"', r'"\1 "'),
    ):
        text, changed = re.subn(pattern, instead, text, flags=re.MULTILINE)
        if not changed:
            raise ValueError(f"the grammar has nothing like {pattern!r} any more")
    return text


class Engine:
    """The grammar compiled for a spelling. Raises `BadInput` where llguidance is not installed."""

    def __init__(self, spelling: Spelling) -> None:
        if find_spec("llguidance") is None:
            raise BadInput("the grammar engine is missing: pip install 'sashimi[peer]'")
        self.spelling = spelling
        self.errors = 0
        """How many prompts ended in an error of the engine's own, which no mask shows."""

    @cached_property
    def _compiled(self) -> tuple:
        from llguidance import LLMatcher, LLTokenizer

        model = json.loads(self.spelling.model)
        end = len(self.spelling) - OWN  # the tokenizer has no end of its own: one more
        model["added_tokens"] = [
            {
                "id": end,
                "content": "<end of text>",
                "special": True,
                **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False),
            }
        ]
        return LLTokenizer(json.dumps(model), eos_token=end), LLMatcher.grammar_from_lark(grammar())

    def matcher(self):
        """The engine at the beginning of a text. Raises ValueError if it refuses the grammar."""
        from llguidance import LLMatcher

        matcher = LLMatcher(*self._compiled)
        if matcher.is_error():
            raise ValueError(f"the grammar engine: {matcher.get_error()}")
        return matcher

    def accepts(self, text: str) -> bool:
        """Whether the engine would have let a whole text through."""
        matcher, ids = self.matcher(), [index - OWN for index in self.spelling.ids(text)]
        return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


class Masks:
    """A logits processor of transformers: minus infinity for what the grammar does not allow.

    One matcher a prompt follows what has been written; a prompt that has ended may only go on with
    padding, id 0. So does one at which the engine fails: ``engine.errors`` counts it.
    """

    def __init__(self, engine: Engine, prompts: int) -> None:
        self.engine = engine
        self.matchers = [engine.matcher() for _ in range(prompts)]
        self.width = len(engine.spelling)
        self.ended = [False] * prompts

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """``written`` (B, L) ids with the start, ``scores`` (B, V) to scores (B, V)."""
        allowed = torch.zeros(len(scores), self.width, dtype=torch.bool)
        for row, matcher in enumerate(self.matchers):
            newest = int(written[row, -1])
            if written.shape[1] > 1 and not self.ended[row]:
                self.ended[row] = newest == END or not matcher.consume_token(newest - OWN)
            bias = b"" if self.ended[row] else matcher.compute_logit_bias()
            if not self.ended[row] and matcher.is_error():
                self.ended[row] = True
                self.engine.errors += 1
            if self.ended[row]:
                allowed[row, 0] = True
            else:
                mask = torch.frombuffer(bytearray(bias), dtype=torch.uint8)
                allowed[row, OWN:] = mask[: self.width - OWN] > 0
                allowed[row, END] = bool(mask[self.width - OWN])
        return scores.masked_fill(~allowed, float("-inf"))
