"""Which tokens may stand where: what training showed, opened by what must hold as well.

A corpus shows few of the pairs that are legal: an action whose input was always a variable may as
well take what the action before gave. What is added was seen elsewhere in the corpus, and the
catalogue has to allow it at its new place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set

from sashimi.program.catalogue import Catalogue
from sashimi.program.check.accept import admits
from sashimi.program.ir.tokens import TEXT
from sashimi.program.ir.walk import reference_of

INTERPOLATED = "<interp>"
Places = Mapping[str, Set[str]]
"""Context of the grammar to the tokens that may stand there."""


def opened(places: Places, catalogue: Catalogue) -> dict[str, set[str]]:
    """``places`` of training with more tokens, and with more keys of the actions seen.

    A parameter that held one reference may hold any; one that held a text may hold an interpolated
    one; a listed value may be any of the list that the corpus knows; and an action may be given
    each of its catalogue's parameters of which other actions show what it holds.
    """
    tokens = {token for seen in places.values() for token in seen}
    wider = {place: set(seen) for place, seen in places.items()}
    elsewhere = _by_key(places)
    for action in sorted(t.removeprefix("ACTION ") for t in tokens if t.startswith("ACTION ")):
        spec = catalogue.find(action)
        for name, parameter in spec.params.items() if spec else ():
            key = f"key:{name}"
            if key not in elsewhere or parameter.sources == ("published",):
                continue
            if f"{action} {key}" not in places:
                for part, seen in elsewhere[key].items():
                    place = f"{action} {key}{part}"
                    wider[place] = {t for t in seen if admits(place, t, catalogue)}
            if wider[f"{action} {key}"]:
                wider.setdefault(f"ACTION {action}", set()).add(key)
    references = {token for token in tokens if reference_of(token)}
    for place, seen in wider.items():
        if " key:" in place:
            more = _more(place, seen, tokens, references, catalogue)
            seen |= {token for token in more - seen if admits(place, token, catalogue)}
    return wider


def _by_key(places: Places) -> dict[str, dict[str, set[str]]]:
    """What each key holds in any action, by the part of its value: ``""``, ``" item"``, …"""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for place, seen in places.items():
        _, separator, rest = place.partition(" key:")
        if separator:
            key, _, part = rest.partition(" ")
            found[f"key:{key}"][f" {part}" if part else ""] |= seen
    return found


def _more(
    place: str, seen: Set[str], tokens: Set[str], references: Set[str], catalogue: Catalogue
) -> set[str]:
    """What is as good as what was seen at one place, before the catalogue is asked."""
    more: set[str] = set()
    if seen & references:
        more |= references
    if TEXT in seen and INTERPOLATED in tokens:
        more.add(INTERPOLATED)
    if seen & {"true", "false"}:
        more |= {"true", "false"}
    action, _, key = place.partition(" key:")
    spec = catalogue.find(action)
    parameter = spec.parameter(key) if spec else None
    if parameter is not None and parameter.enum:
        more |= {f'="{value}"' for value in parameter.enum} & tokens
    return more
