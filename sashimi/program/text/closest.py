"""The nearest of some names to a misspelt one, with a stated confidence, or none."""

from __future__ import annotations

from collections.abc import Iterable


def distance(a: str, b: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap neighbours) from a to b; ``limit + 1`` if more.

    Optimal string alignment, by rows.
    """
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before, last = [], list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return min(last[-1], limit + 1)


def nearest(name: str, known: Iterable[str], most: int | None = None) -> tuple[str, float] | None:
    """The one known name nearest to a misspelt one, and ``1 - distance / length``.

    At most ``most`` edits (by default one in four letters, at least one) are bridged; case alone
    counts as nothing. None if nothing is as near or if two names are equally near.
    """
    limit = max(1, len(name) // 4) if most is None else most
    lowered, best, found = name.lower(), limit + 1, []
    for candidate in known:
        apart = distance(lowered, candidate.lower(), best)
        if apart < best:
            best, found = apart, [candidate]
        elif apart == best:
            found.append(candidate)
    if best > limit or len(found) != 1:
        return None
    return found[0], round(1 - best / max(len(name), 1), 3)
