"""Scores example by example, beside ``result.json``: what pairs two runs on the same examples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sashimi.errors import BadInput
from sashimi.files import write_text

NAME = "scores.json"


@dataclass(frozen=True, slots=True)
class Scores:
    """One split of one run: which examples, and by metric a score for each of them, in order."""

    examples: str
    """A digest of the examples: two runs are paired only where it is the same."""
    values: Mapping[str, Sequence[float]]


def write(run_dir: str | Path, splits: Mapping[str, Scores]) -> Path:
    """Write ``scores.json`` into a run's folder; scores are kept to six decimals."""
    plain = {}
    for split, scores in splits.items():
        values = {k: [round(float(v), 6) for v in given] for k, given in scores.values.items()}
        plain[split] = {"examples": scores.examples, "values": values}
    path = Path(run_dir) / NAME
    write_text(path, json.dumps(plain, sort_keys=True, allow_nan=False) + "\n")
    return path


def read(run_dir: str | Path) -> dict[str, Scores]:
    """By split; ``{}`` for a run that left none. Raises BadInput for a damaged file."""
    path = Path(run_dir) / NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {split: Scores(**entry) for split, entry in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: damaged ({error}); delete it, or run again") from error
