"""How many broken programs are found and mended, and whether sound ones are left alone.

``study`` breaks valid programs, one mutation each, and counts: *detected* (it no longer parses,
``validate`` has something to say, or its layout contradicts its blocks), *repaired* (``lint`` gives
back the original tree), *false* (``lint`` changed it into a program without errors that is not the
original) and *unsaid* (false, and no repair was called a guess).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sashimi.program.catalogue import Catalogue
from sashimi.program.check.validate import validate
from sashimi.program.findings import errors
from sashimi.program.text.layout import misleading
from sashimi.program.text.lint import lint
from sashimi.program.text.parse import ParseError, parse
from sashimi.program.text.render import render
from sashimi.program.text.repairs import GUESS, KINDS, Repair
from sashimi.program.tree import Program
from sashimi.studies.language.mutate import MUTATIONS, NAMING_AND_STRUCTURE

ATTEMPTS = 200
"""Programs that are tried for each mutation wanted; many have no place for a rare kind."""


@dataclass
class Count:
    """What became of the mutations of one kind."""

    made: int = 0
    detected: int = 0
    repaired: int = 0
    false: int = 0
    unsaid: int = 0


Seen = Callable[[str, str, list[Repair], Count], None]
"""Told of each mutation: kind, broken text, what the linter did, and what became of this one."""


def study(
    programs: Sequence[Program],
    catalogue: Catalogue,
    each: int,
    seed: int = 0,
    seen: Seen | None = None,
) -> dict[str, Count]:
    """Break programs ``each`` times a kind and count. Programs with findings are passed over."""
    rng = random.Random(seed)
    sound = [(p, render(p)) for p in programs if not validate(p, catalogue=catalogue)]
    counts: dict[str, Count] = {kind: Count() for kind in MUTATIONS}
    for kind, mutation in MUTATIONS.items() if sound else ():
        for _ in range(each * ATTEMPTS):
            if counts[kind].made == each:
                break
            program, text = rng.choice(sound)
            broken = mutation(text, rng, catalogue)
            one = _judged(program, broken, catalogue) if broken not in (None, text) else None
            if one is not None:
                _add(counts[kind], one[0])
                if seen is not None:
                    seen(kind, broken, one[1], one[0])
    return counts


def _add(total: Count, one: Count) -> None:
    for name, value in vars(one).items():
        setattr(total, name, getattr(total, name) + value)


def _judged(
    program: Program, broken: str, catalogue: Catalogue
) -> tuple[Count, list[Repair]] | None:
    """What becomes of one broken text; None if the mutation changed nothing that means anything."""
    found = _read(broken)
    if found == program:
        return None
    said = found is None or bool(validate(found, catalogue=catalogue)) or bool(misleading(broken))
    done = lint(broken)
    mended = _read(done.text)
    one = Count(made=1, detected=int(said))
    if mended == program:
        one.repaired = 1
    elif done.repairs and mended is not None and not errors(validate(mended, catalogue=catalogue)):
        one.false = 1
        one.unsaid = int(min(repair.confidence for repair in done.repairs) > GUESS)
    return one, done.repairs


@dataclass
class Taxonomy:
    """Gathers what the linter did: its kinds of repair by kind of mutation, and how sure it was."""

    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    """By mutation, how many broken texts had a repair of each kind."""
    sure: dict[str, list[bool]] = field(default_factory=dict)
    """By the least confidence of a text's repairs, whether they gave the original back."""

    def __call__(self, kind: str, broken: str, repairs: list[Repair], one: Count) -> None:
        """To be given to ``study`` as ``seen``."""
        self.kinds.setdefault(kind, Counter()).update({repair.kind for repair in repairs})
        if repairs:
            least = min(repair.confidence for repair in repairs)
            self.sure.setdefault(band(least), []).append(bool(one.repaired))

    def table(self) -> dict[str, dict[str, int]]:
        """Mutations by kinds of repair, in the order in which both are listed."""
        return {
            mutation: {kind: self.kinds.get(mutation, Counter())[kind] for kind in KINDS}
            for mutation in MUTATIONS
        }


def band(confidence: float) -> str:
    """In which tenth a confidence is; those of a table and guesses are bands of their own."""
    if confidence == 1:
        return "1, by a table or a rule"
    if confidence == GUESS:
        return f"{GUESS}, a guess"
    low = int(10 * confidence) / 10
    return f"{low:.1f} to {low + 0.1:.1f}, the nearest name"


def _read(text: str) -> Program | None:
    try:
        return parse(text)
    except ParseError:
        return None


def false_alarms(
    programs: Iterable[Program], catalogue: Catalogue, valid: bool
) -> list[tuple[int, str]]:
    """Sound programs that something is said of, by their number, and what.

    With ``valid`` the programs are known to be so, and an error of ``validate`` is an alarm;
    without, a program with errors is passed over (``survey`` explains it).
    """
    out = []
    for number, program in enumerate(programs):
        text, found = render(program), errors(validate(program, catalogue=catalogue))
        if found and not valid:
            continue
        said = [str(finding) for finding in (*found, *misleading(text))]
        done = lint(text)
        said += [f"changed: {repair.kind}" for repair in done.repairs]
        if said or done.text != text:
            out.append((number, "; ".join(said) or "changed"))
    return out


def gate_values(counts: Mapping[str, Count], alarms: int) -> dict[str, float | None]:
    """What the gates of the language judge; None where a kind was not made at all."""
    meant = [counts[kind] for kind in NAMING_AND_STRUCTURE]
    complete = all(count.made for count in meant)
    made = sum(count.made for count in counts.values())
    return {
        "mutation_detection": sum(count.detected for count in counts.values()) / made
        if made
        else None,
        "mutation_repair_of_worst_kind": min(c.repaired / c.made for c in meant)
        if complete
        else None,
        "false_alarms": float(alarms),
    }
