"""A trained run as one small file, and that file as a trained model in torch again.

Ternary matrices are trits; of all others each row is rounded to 255 steps of its largest magnitude
(int8); vectors stay float32. Both ways of answering read what the file holds, so that they agree.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sashimi import params
from sashimi.encode import WIDTH, weights_digest
from sashimi.errors import BadInput
from sashimi.files import write_json, write_text
from sashimi.flagship import corpus, run_folder, tags
from sashimi.flagship.answer.whole import Sashimi
from sashimi.flagship.data import spoken
from sashimi.flagship.data.example import PEOPLE as PEOPLE_CORPUS
from sashimi.flagship.data.text import Spelling
from sashimi.flagship.judge import certify, useful_report
from sashimi.flagship.model.domain import DomainHead
from sashimi.flagship.model.network import Network
from sashimi.flagship.params import FlagshipParams
from sashimi.flagship.pipeline import Pipeline
from sashimi.pieces import model_folder
from sashimi.program import catalogue as catalogues
from sashimi.result import NAME
from sashimi.runtime import shipped, store
from sashimi.ternary import TernaryLinear

PEOPLE = "people.json"


@dataclass(frozen=True)
class Size:
    """Bytes of a packed file, all and by part, and its digest."""

    digest: str
    total: int
    parts: dict[str, int]


def pack(
    source: str | Path, path: str | Path = shipped.NETWORK, admit: float | None = None
) -> Size:
    """Writes the network of a run's folder, or of a packed file, to ``path``; beside it its digest,
    the run's result, and what the packed network itself is worth on people's frozen test
    (`PEOPLE`).

    One that learned from people is given tags for its decoding (`sashimi.flagship.tags`). ``admit``
    sets the domain head's threshold anew: the score that so large a share of people's dev
    prompts reaches. Raises `BadInput` for a run that cannot be read, or that needs more than a
    network to answer.
    """
    source, path = Path(source), Path(path)
    model, settings = _given(source)
    _check(model, settings, source)
    people = corpus.load(PEOPLE_CORPUS)
    if admit is not None:
        scores = model.domain(model.network.admission([example.prompt for example in people.dev]))
        model.domain.threshold.copy_(scores.quantile(1 - admit))
    architecture, arrays, facts = _contents(model, settings)
    if source.is_file():  # a scale that went through torch would be another in its last bit
        arrays |= _trits(shipped.read(source))
    if settings.corpus in (PEOPLE_CORPUS, spoken.SOURCE):
        arrays |= tags.learn(people.train, model.network, model.vocabulary, settings.seed)
    store.write(path, architecture, arrays, facts)
    certified = certify.certified(shipped.load(path).generate)
    facts["sure"] = certified["confidence"]
    digest = store.write(path, architecture, arrays, facts)
    write_text(path.with_suffix(".sha256"), f"{digest}\n")
    result = (source if source.is_dir() else source.parent) / NAME
    if result.is_file() and result.resolve() != path.with_name(NAME).resolve():
        shutil.copyfile(result, path.with_name(NAME))
    whole = shipped.load(path)
    report = useful_report.judged(whole.generate) | {"certified": certified}
    if whole.fusion is not None:
        plain = replace(whole, fusion=None)
        report["dev, beside without tags"] = useful_report.beside(whole.generate, plain.generate)
    write_json(path.with_name(PEOPLE), {"network": digest, "admit": admit} | report)
    return size(path)


def _given(source: Path) -> tuple[Pipeline, FlagshipParams]:
    """The model of a run's folder or of a packed file, and its parameters."""
    if source.is_file():
        return read(source), _settings(shipped.read(source))
    return run_folder.read(source), run_folder.settings_of(source)


def _trits(packed: store.Packed) -> dict[str, tuple[str, np.ndarray]]:
    kinds = {name: entry["kind"] for name, entry in packed.entries.items()}
    return {name: (kind, packed.array(name)) for name, kind in kinds.items() if kind == "trits"}


def _settings(packed: store.Packed) -> FlagshipParams:
    return params.build(FlagshipParams, packed.facts["params"], packed.path)


def plainly(run_dir: str | Path, path: str | Path) -> None:
    """Writes a run's network to ``path`` alone, as it is: no tags, not judged, its own threshold.

    Raises `BadInput` as `pack` does.
    """
    model, settings = run_folder.read(run_dir), run_folder.settings_of(run_dir)
    _check(model, settings, Path(run_dir))
    store.write(Path(path), *_contents(model, settings))


def _contents(model: Pipeline, settings: FlagshipParams) -> tuple[str, dict, dict]:
    """The architecture of a packed file, its arrays, and its facts."""
    arrays = {f"network/{k}": v for k, v in _arrays(model.network).items()}
    arrays |= {f"domain/{k}": v for k, v in _arrays(model.domain).items()}
    return shipped.ARCHITECTURES[settings.encoder], arrays, _facts(model, settings)


def size(path: str | Path = shipped.NETWORK) -> Size:
    """What takes how many bytes in a packed file. Raises `BadInput` as `shipped.load` does."""
    packed = shipped.read(path)
    parts: dict[str, int] = {"facts": packed.facts_size[0]}
    for name, entry in packed.entries.items():
        key = f"{name.split('.')[0]} ({entry['kind']})"
        parts[key] = parts.get(key, 0) + store.size_of(entry)
    digest = Path(path).with_suffix(".sha256")
    known = digest.read_text(encoding="utf-8").strip() if digest.is_file() else ""
    return Size(known, Path(path).stat().st_size, parts)


@torch.no_grad()
def read(path: str | Path = shipped.NETWORK) -> Sashimi:
    """A packed file as a model in torch, which answers as `shipped.load` does."""
    packed = shipped.read(path)
    vocabulary, literals, labels = shipped.words(packed.facts)
    settings = _settings(packed)
    with torch.random.fork_rng(devices=[]):
        network = Network(settings, labels, len(vocabulary), len(literals.values))
        domain = DomainHead(WIDTH)
    for part, module in (("network", network), ("domain", domain)):
        module.load_state_dict(_state(packed, part, module))
    catalogue = catalogues.with_additions(packed.facts["catalogue"])
    words = vocabulary, literals, labels, catalogue
    parts = network.eval(), domain.eval(), *words
    return Sashimi(
        *parts,
        beams=settings.candidates,
        sure=packed.facts.get("sure"),
        fusion=shipped.fusion_of(packed, vocabulary),
    )


def _check(model: Pipeline, settings: FlagshipParams, run_dir: Path) -> None:
    """Raises `BadInput` for a run that the package cannot ship."""
    wrong = {
        "output text": isinstance(model.vocabulary, Spelling),
        f"encoder {settings.encoder}": settings.encoder not in shipped.ARCHITECTURES,
        "memory pooled": settings.memory != "tokens",
        "neighbours": model.network.recall is not None,
        "candidates": model.choice is not None,
    }
    found = [name for name, there in wrong.items() if there]
    if found:
        raise BadInput(
            f"{run_dir} cannot be packed ({', '.join(found)}): a shipped network answers by itself "
            f"from the frozen encoder, adapted at most; train one with 'sashimi run {shipped.ROW}'"
        )


def _arrays(module: nn.Module) -> dict[str, tuple[str, np.ndarray]]:
    """Every tensor by name, with the kind that it is stored as."""
    ternary = {
        f"{name}.weight": layer.effective_weight()
        for name, layer in module.named_modules()
        if isinstance(layer, TernaryLinear) and float(layer.share) == 1.0
    }
    arrays = {}
    for name, tensor in module.state_dict().items():
        array = ternary.get(name, tensor).detach().numpy()
        matrix = "int8" if array.ndim > 1 else "float32"
        arrays[name] = ("trits" if name in ternary else matrix, np.atleast_1d(array))
    return arrays


def _facts(model: Pipeline, settings: FlagshipParams) -> dict:
    words, ids = model.vocabulary, model.vocabulary.ids
    places = {k: [ids[t] for t in seen if t in ids] for k, seen in words.places.items()}
    return {
        "encoder": weights_digest(),
        "encoder bytes": (model_folder() / "model.safetensors").stat().st_size,
        "params": settings.model_dump(mode="json"),
        "vocabulary": {"tokens": list(words.tokens), "places": places},
        "literals": model.literals.to_json(),
        "labels": {"domains": model.labels.domains, "intents": model.labels.intents},
        "catalogue": model.catalogue.additions(),
    }


def _state(packed: store.Packed, part: str, module: nn.Module) -> dict[str, Tensor]:
    """A module's tensors. The latent weight of trits is such that it quantises to just them."""
    state = {}
    for name, tensor in module.state_dict().items():
        array = torch.from_numpy(packed.array(f"{part}/{name}").copy()).reshape(tensor.shape)
        if packed.entries[f"{part}/{name}"]["kind"] == "trits":
            dense = float((array != 0).double().mean())
            array = array / dense if dense else array  # its mean magnitude is then the scale
        state[name] = array
    return state
