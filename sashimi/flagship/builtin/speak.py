"""The words of a filled plan, before any style: verbs in brackets, values as private characters.

Every slot value stands as one character of Unicode's private use area, so that no later change of
case, article or spelling can touch it; ``Spoken.values`` holds what the characters stand for.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from sashimi.flagship.builtin import plan as plans
from sashimi.flagship.builtin.build import MENU_PROMPT
from sashimi.flagship.builtin.grammar import SLOT, Grammar
from sashimi.flagship.builtin.plan import Check, Choice, Each, Run, Test, Times, Use, kind_of
from sashimi.flagship.builtin.slots import Filling

FIRST_PRIVATE = 0xE000
QUOTED = 0.15
"""The share of sayings that keep the quotes around their values."""
LISTED = 0.05
"""The share of blocks of several clauses that are a list."""
_QUOTED_SLOT = re.compile(r'"(<(?!separator)[a-z_#0-9:]+>)"')
GROUP = re.compile(r"\(([^()]*)\)")
_HOLE = re.compile(r"<([a-z_]+)>")
__all__ = ["FIRST_PRIVATE", "MENU_PROMPT", "Speaker", "Spoken"]


@dataclass(frozen=True)
class Spoken:
    """Text with ``[verb]`` marks; chr(FIRST_PRIVATE + i) in it stands for ``values[i]``.

    ``bare`` words begin with no verb and no clause ("brightness 50%"), or are a numbered list.
    """

    text: str
    values: tuple[str, ...]
    bare: bool = False


def choose(phrase: str, rng: random.Random) -> str:
    """One reading of a phrase: each ``(a|b|)`` replaced by one of its alternatives."""
    while match := GROUP.search(phrase):
        chosen = rng.choice(match[1].split("|"))
        phrase = phrase[: match.start()] + chosen + phrase[match.end() :]
    return phrase


class Speaker:
    """Says one plan once. ``flat`` keeps everything in one sentence, as questions need; ``low``
    writes values in small letters where that is still read as the value.
    """

    def __init__(
        self, grammar: Grammar, rng: random.Random, *, flat: bool, low: bool = False
    ) -> None:
        self.grammar, self.rng, self.flat, self.low = grammar, rng, flat, low
        self.nested = self.listed = self.routine = False
        self.values: list[str] = []

    def plan(self, plan: tuple) -> Spoken:
        """The words of the whole plan."""
        text = self.block(plan, None, alone=len(plan) == 1)
        simple = all(isinstance(node, Run) and not node.head for node in plan)
        if simple and len(plan) > 2 and not self.listed and self.rng.random() < 0.4:
            self.routine = True
            text = self.fill(self.phrase("routine"), body=text)
        text = re.sub(r"[^\S\n]+", " ", text).strip()
        text = re.sub(r" (?=[,.;:?!])", "", text)
        bare = self.listed or (text not in ("", "[") and text[0] != "[" and not self.opened(plan))
        return Spoken(text, tuple(self.values), bare)

    def opened(self, plan: tuple) -> bool:
        """Whether a plan's words begin with a clause: a condition, a loop, a menu, a routine."""
        return self.routine or not isinstance(plan[0], Run)

    def phrase(self, key: str) -> str:
        return choose(self.rng.choice(self.grammar.phrases[key]), self.rng)

    def mark(self, text: str) -> str:
        self.values.append(text)
        return chr(FIRST_PRIVATE + len(self.values) - 1)

    def fill(self, phrase: str, **parts: str) -> str:
        return _HOLE.sub(lambda m: parts[m[1]], phrase)

    def say(self, phrases: tuple[str, ...], use: Use, it: str) -> str:
        """One of a step's phrases with its values in place."""
        phrase = choose(self.rng.choice(phrases), self.rng).replace("<it>", it)
        if self.rng.random() > QUOTED:
            phrase = _QUOTED_SLOT.sub(r"\1", phrase)

        def value(match: re.Match) -> str:
            return self.value(use.values[match[1]], measured=match[2] == ":for")

        return SLOT.sub(value, phrase)

    def value(self, filling: Filling, *, measured: bool = False) -> str:
        """A value as it is said, now and then after another one that is taken back."""
        says = filling.measured if measured else filling.says
        if not filling.copied:
            return self.rng.choice(says)
        if self.low:
            says = [text for text in says if text == text.lower()] or says
        text = self.rng.choice(says)
        wrong = filling.wrong_measured if measured else filling.wrong
        if wrong and self.rng.random() < 0.5:
            return self.mark(self.rng.choice(wrong)) + self.phrase("correction") + self.mark(text)
        return self.mark(text)

    def pronoun(self, head: tuple[Use, ...], *, one: bool = False) -> str:
        gives, many = kind_of(head)
        return self.rng.choice(self.grammar.nouns[gives]["many" if many and not one else "one"])

    def join(self, clauses: list[str]) -> str:
        """Clauses in their order, with commas or as sentences."""
        if not clauses:
            return ""
        if len(clauses) > 1 and not (self.flat or self.low) and self.rng.random() < LISTED:
            return self.numbered(clauses)
        text = clauses[0]
        for n, clause in enumerate(clauses[1:], 2):
            stop = not self.flat and self.rng.random() < 0.25
            link = self.phrase("stop" if stop else "then")
            if "finally" in link.lower() and n < len(clauses):
                link = ", then "
            text += link + clause
        return text

    def numbered(self, clauses: list[str]) -> str:
        """Clauses as a numbered list, or one a line."""
        self.listed = True
        mark, gap = self.rng.choice((("{}. ", " "), ("{}) ", "\n"), ("{}. ", "\n"), ("", "\n")))
        return gap.join(mark.format(n) + clause for n, clause in enumerate(clauses, 1))

    def block(self, nodes: tuple, it: str | None, *, alone: bool = False) -> str:
        clauses: list[str] = []
        for node in nodes:
            clauses.extend(self.node(node, it, alone=alone))
        return self.join(clauses)

    def head(self, head: tuple[Use, ...], *, keep_noun: bool) -> tuple[list[str], str | None]:
        """Clauses that make a value, and a noun phrase for it if it has not been said yet."""
        clauses: list[str] = []
        noun: str | None = None
        done: tuple[Use, ...] = ()
        for n, use in enumerate(head):
            step, last = use.step, n == len(head) - 1
            nominal = bool(step.np) and (keep_noun or not last) and self.rng.random() < 0.65
            if step.kind == "source":
                if nominal or not (step.say or step.np):
                    noun = self.say(step.np, use, "")
                elif step.say and (self.rng.random() < 0.7 or not step.np):
                    clauses.append(self.say(step.say, use, ""))
                else:
                    got = self.phrase("get")
                    clauses.append(f"{got} {self.say(step.np, use, '')}")
            else:
                it = noun or self.pronoun(done)
                if nominal:
                    noun = self.say(step.np, use, it)
                else:
                    clauses.append(self.say(step.say, use, it))
                    noun = None
            done = (*done, use)
        return clauses, noun

    def node(self, node: plans.Node, it: str | None, *, alone: bool) -> list[str]:
        match node:
            case Run(head=head, tail=tail):
                return self.run(head, tail, it)
            case Test(test=test, then=then, orelse=orelse):
                return [self.conditional(self.say(test.step.say, test, ""), then, orelse, it)]
            case Check():
                return self.check(node, it)
            case Choice():
                return [self.menu(node)]
            case Times(words=words, body=body):
                count = self.value(words.values["small"])
                options = [
                    p
                    for p in self.grammar.phrases["repeat"]
                    if alone or p[0] != "<" or p.startswith("<count>")
                ]
                phrase = choose(self.rng.choice(options), self.rng)
                return [self.fill(phrase, count=count, body=self.inner(body, it))]
            case Each(head=head, body=body):
                return self.each(head, body)
        raise TypeError(f"not a node: {node!r}")

    def inner(self, nodes: tuple, it: str | None) -> str:
        """A block inside another: never in more than one sentence."""
        outer = self.flat, self.nested
        self.flat = self.nested = True
        text = self.block(nodes, it)
        self.flat, self.nested = outer
        return text

    def run(self, head: tuple, tail: tuple, it: str | None) -> list[str]:
        if not head:
            return [self.say(use.step.say, use, it or "it") for use in tail] if it or tail else []
        if head[0].step.kind in ("effect",):
            return [self.say(use.step.say, use, "") for use in head]
        if head[0].step.kind == "transform":
            clauses, done = [], head
            noun = None
            for use in head:
                clauses.append(self.say(use.step.say, use, it))
                it = self.pronoun(done, one=True)
        else:
            clauses, noun = self.head(head, keep_noun=bool(tail))
        for use in tail:
            clauses.append(self.say(use.step.say, use, noun or self.pronoun(head)))
            noun = None
        return clauses

    def conditional(self, test: str, then: tuple, orelse: tuple | None, it: str | None) -> str:
        simple = (
            not self.nested
            and len(then) == 1
            and isinstance(then[0], Run)
            and len(then[0].head + then[0].tail) == 1
        )
        body = self.inner(then, it)
        key = "if" if orelse is None else "if_else"
        options = [p for p in self.grammar.phrases[key] if simple or not p.startswith("<then>")]
        if orelse is not None:
            short = len(orelse) == 1 and not self.nested
            options = [p for p in options if short or not p.startswith("<else>")]
        phrase = choose(self.rng.choice(options), self.rng)
        parts = {"test": test, "then": body}
        if orelse is not None:
            parts["else"] = self.inner(orelse, it)
        return self.fill(phrase, **parts)

    def check(self, node: Check, it: str | None) -> list[str]:
        clauses: list[str] = []
        noun = it
        if node.head:
            clauses, noun = self.head(node.head, keep_noun=True)
            noun = noun or self.pronoun(node.head)
        check = node.check
        later = it or self.pronoun(node.head)
        if not node.negated:
            said = self.say(check.step.say, check, noun)
            return [*clauses, self.conditional(said, node.then, node.orelse, later)]
        said = self.say(check.step.unless, check, noun)
        phrase = self.phrase("unless")
        if self.nested or len(node.then) > 1 or not isinstance(node.then[0], Run):
            phrase = "unless <test>, <then>"
        return [*clauses, self.fill(phrase, test=said, then=self.inner(node.then, later))]

    def each(self, head: tuple, body: tuple) -> list[str]:
        clauses, noun = self.head(head, keep_noun=True)
        items = noun or self.pronoun(head)
        item = self.pronoun(head, one=True)
        return [*clauses, self.fill(self.phrase("each"), items=items, body=self.inner(body, item))]

    def menu(self, node: Choice) -> str:
        titles = [self.value(node.words.values[f"choice#{n + 1}"]) for n in range(len(node.cases))]
        mark = '"' if self.rng.random() < QUOTED else ""
        quoted = [f"{mark}{title}{mark}" for title in titles]
        link = self.rng.choice((" and ", " or ", " and "))
        listed = ", ".join(quoted[:-1]) + link + quoted[-1]
        cases = []
        for title, case in zip(quoted, node.cases, strict=True):
            cases.append(self.fill(self.phrase("case"), title=title, body=self.inner(case, None)))
        text = self.rng.choice(("; ", ", ", "; ")).join(cases)
        asked = node.words.values.get("question")
        if asked:
            prompt = f'"{self.value(asked)}"'
            return self.fill(self.phrase("menu_prompt"), prompt=prompt, titles=listed, cases=text)
        return self.fill(self.phrase("menu"), titles=listed, cases=text)
