"""A trained model on disk: ``model.safetensors`` and ``config.json``, nothing pickled."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from sashimi import cache, params
from sashimi.encode import WIDTH, encoder_digest
from sashimi.errors import BadInput
from sashimi.files import file_digest, write_json
from sashimi.flagship.answer.choose import Choice
from sashimi.flagship.answer.library import Library
from sashimi.flagship.answer.planning import Planning
from sashimi.flagship.data.literals import Literals
from sashimi.flagship.data.text import Spelling
from sashimi.flagship.model.domain import DomainHead
from sashimi.flagship.model.frame import Labels
from sashimi.flagship.model.network import Network
from sashimi.flagship.params import FlagshipParams
from sashimi.flagship.pipeline import Pipeline
from sashimi.program import catalogue as catalogues
from sashimi.program.ir.vocabulary import Vocabulary
from sashimi.result import NAME

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def write(model: Pipeline, settings: FlagshipParams, directory: Path) -> None:
    """Leaves the trained model in a run's folder, each file atomically."""
    network = {f"network/{k}": v for k, v in model.network.state_dict().items()}
    domain = {f"domain/{k}": v for k, v in model.domain.state_dict().items()}
    library = model.library.tensors() if model.library else {}
    kept = {f"library/{k}": v for k, v in library.items()}
    judge = model.planning.planner.judge.state_dict() if model.planning else {}
    planner = {f"planner/{k}": v for k, v in judge.items()}
    cache.save({**network, **domain, **kept, **planner}, directory / WEIGHTS)
    labels = model.labels
    write_json(
        directory / CONFIG,
        {
            "encoder": encoder_digest(settings.encoder),
            "weights": file_digest(directory / WEIGHTS),
            "params": settings.model_dump(mode="json"),
            "vocabulary": model.vocabulary.to_json(),
            "literals": model.literals.to_json(),
            "words": model.network.words,
            "labels": {
                "domains": list(labels.domains),
                "intents": list(labels.intents),
                "frequency": labels.frequency,
            },
            "catalogue": model.catalogue.additions(),
            "library": model.library.prompts if model.library else None,
            "beams": model.beams,
            "choice": asdict(model.choice) if model.choice else None,
        },
    )


def read(directory: Path) -> Pipeline:
    """The trained model of a run's folder. Raises `BadInput` naming what is missing or damaged.

    The caller's random numbers are left as they were.
    """
    config = _config(directory / CONFIG)
    labels = Labels(
        tuple(config["labels"]["domains"]),
        tuple(config["labels"]["intents"]),
        config["labels"]["frequency"],
    )
    written = Spelling if config["params"].get("output") == "text" else Vocabulary
    vocabulary = written.from_json(config["vocabulary"])
    literals = Literals.from_json(config["literals"])
    chosen = params.build(FlagshipParams, config["params"], directory / CONFIG)
    words = config["words"]
    with torch.random.fork_rng(devices=[]):
        network = Network(chosen, labels, len(vocabulary), len(literals.values), words)
        domain = DomainHead(WIDTH)
    tensors = _tensors(directory / WEIGHTS, config.get("weights"))
    catalogue = catalogues.with_additions(config["catalogue"])
    library = planning = None
    if config["library"] is not None:
        own = {k.removeprefix("library/"): v for k, v in tensors.items() if k[:8] == "library/"}
        library = Library.from_tensors(config["library"], own)
    modules: dict[str, nn.Module] = {"network": network, "domain": domain}
    if chosen.planned:
        planning = Planning.of(library, vocabulary, catalogue)
        modules["planner"] = planning.planner.judge
    for part, module in modules.items():
        state = {k.removeprefix(f"{part}/"): v for k, v in tensors.items() if k.startswith(part)}
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            first = str(error).splitlines()[-1].strip()
            raise BadInput(f"{directory / WEIGHTS}: not of this configuration: {first}") from None
    choice = Choice(**config["choice"]) if config["choice"] else None
    return Pipeline(
        network.eval(),
        domain.eval(),
        vocabulary,
        literals,
        labels,
        catalogue,
        library=library,
        beams=config["beams"],
        choice=choice,
        planning=planning,
    )


def finished(directory: Path, row: str) -> Path:
    """The finished run of another row, at the seed and on the corpus of ``directory``.

    Rows lie beside each other: ``<row>[-<corpus>]/seed<k>``. ``builtin/<row>`` asks for the run on
    the built-in corpus instead. Raises `BadInput` if it has not run.
    """
    _, dash, corpus = directory.parent.name.partition("-")
    name = row.removeprefix("builtin/")
    other = directory.parent.parent / (f"{name}{dash}{corpus}" if name == row else name)
    other = other / directory.name
    if not (other / WEIGHTS).is_file() or not (other / NAME).is_file():
        raise BadInput(f"{other}: not finished; this row needs it: sashimi run its row first")
    return other


def settings_of(directory: Path) -> FlagshipParams:
    """The parameters that a run was trained with. Raises `BadInput` as `read` does."""
    path = directory / CONFIG
    return params.build(FlagshipParams, _config(path)["params"], path)


def _config(path: Path) -> dict:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadInput(
            f"{path.parent}: no trained model here; train one with: sashimi run"
        ) from None
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise BadInput(f"{path}: not JSON ({error}); train again with: sashimi run") from None
    if config.get("encoder") != encoder_digest(config.get("params", {}).get("encoder", "frozen")):
        raise BadInput(f"{path}: trained with another encoder; train again with: sashimi run")
    return config


def _tensors(path: Path, digest: str | None) -> dict:
    """The weights, of this digest: a flipped byte would still load."""
    try:
        if digest is not None and file_digest(path) != digest:
            raise BadInput(
                f"{path}: the checkpoint is damaged (another sha256 than was written); "
                "train again with: sashimi run"
            )
        return load_file(path)
    except FileNotFoundError:
        raise BadInput(f"{path}: missing; train again with: sashimi run") from None
    except SafetensorError as error:
        raise BadInput(
            f"{path}: the checkpoint is damaged ({error}); train again with: sashimi run"
        ) from None
