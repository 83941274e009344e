"""A prompt with its program and a wrong one: the triple, its weight, and its file.

One JSON object a line holds one example with all its negatives. Programs stand in it as typed IR;
Tier 3 values are JSON's own where JSON has them (it keeps 1, 1.0 and true apart), and
``{"dsl": text}`` where it does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sashimi.errors import BadInput
from sashimi.files import atomic
from sashimi.program import parse
from sashimi.program.text.render import render_value
from sashimi.program.tiers import TypedIR
from sashimi.program.tree import Value

SOURCES = ("synthetic", "adversarial")
"""A perturbed program; a trained model's own wrong beam."""
_KEPT = ("source", "kind", "tags", "severity", "count", "legal")
"""What a file says of a negative beside its program."""


@dataclass(frozen=True, slots=True)
class Triple:
    """One prompt, the program that answers it, and one that does not.

    ``kind`` says how the negative was made, ``tags`` what is wrong with it (`differences.TAGS`),
    ``severity`` how much the worst of it matters (0 to
    1), ``count`` in how many places the two differ. ``legal``: it validates strictly. An illegal
    one can teach nothing to a decoder whose masks forbid it.
    """

    id: str
    split: str
    prompt: str
    positive: TypedIR
    negative: TypedIR
    source: str
    kind: str
    tags: tuple[str, ...]
    severity: float
    count: int
    legal: bool

    @property
    def in_structure(self) -> bool:
        """Whether Tiers 1 and 2 differ; if not, a margin between token sequences is always 0."""
        return self.positive.merged() != self.negative.merged()


def weight(triple: Triple, alpha: float, beta: float) -> float:
    """``w = 1 + alpha * severity + beta * count``: the weight of a repaired example's loss."""
    return 1 + alpha * triple.severity + beta * triple.count


def save(triples: Sequence[Triple], path: str | Path) -> None:
    """Write triples, those of one example next to each other, wholly or not at all."""
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for _, group in groupby(triples, key=lambda t: t.id):
            members = list(group)
            record = {key: getattr(members[0], key) for key in ("id", "split", "prompt")}
            record["positive"] = _ir_json(members[0].positive)
            record["negatives"] = [
                {key: getattr(t, key) for key in _KEPT} | {"ir": _ir_json(t.negative)}
                for t in members
            ]
            file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def load(path: str | Path) -> list[Triple]:
    """The triples of a file that `save` wrote, in its order.

    Raises BadInput naming the file, the line and what to do.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as error:
        remedy = "make it with: sashimi run params/negatives/00_full.yaml"
        raise BadInput(f"cannot read {path}: {error.strerror}; {remedy}") from error
    found: list[Triple] = []
    for number, line in enumerate(lines if lines != [""] else (), 1):
        try:
            found.extend(_triples(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            told = f"no triples ({type(error).__name__}: {error}); delete the file and run again"
            raise BadInput(f"{path}:{number}: {told}") from error
    return found


def only(triples: Iterable[Triple], **wanted: object) -> list[Triple]:
    """The triples with these values: ``only(found, source="synthetic", legal=True)``."""
    return [t for t in triples if all(getattr(t, key) == value for key, value in wanted.items())]


def _triples(record: dict) -> Iterator[Triple]:
    own = [record[key] for key in ("id", "split", "prompt")]
    positive = _ir(record["positive"])
    for made in record["negatives"]:
        kept = {key: made[key] for key in _KEPT} | {"tags": tuple(made["tags"])}
        yield Triple(*own, positive, _ir(made["ir"]), **kept)


def _ir_json(ir: TypedIR) -> list:
    return [ir.structure, ir.parameters, [_value_json(value) for value in ir.values]]


def _ir(parts: list) -> TypedIR:
    structure, parameters, values = parts
    return TypedIR(
        tuple(structure), tuple(tuple(tokens) for tokens in parameters), tuple(map(_value, values))
    )


def _value_json(value: Value) -> str | int | float | bool | dict:
    if isinstance(value, str | int | float):
        return value
    return {"dsl": render_value(value)}


def _value(value: str | int | float | bool | dict) -> Value:
    if isinstance(value, dict):
        return parse(f'SHORTCUT ""\nSET $v = {value["dsl"]}\n').body[0].value
    return value
