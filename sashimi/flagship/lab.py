"""The lab of notebook 00: a sentence typed in, and what every stage makes of it.

Letters: P word pieces, M = 1 + P memory positions, E encoder width, W a piece's, Z bridge width.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from sashimi import display
from sashimi.errors import BadInput
from sashimi.files import atomic, root, writable
from sashimi.flagship import pack, way
from sashimi.flagship.answer.outcome import Outcome, shown
from sashimi.flagship.study import STUDY
from sashimi.program import tiers, write
from sashimi.result import NAME
from sashimi.runtime import shipped
from sashimi.runtime.reader import encode
from sashimi.runtime.way import Sashimi
from sashimi.study import MODEL

CANDIDATES = 3
LATEST = "latest"
KNOWN = "(known from training)"


def load(run_dir: str = "") -> tuple[Any, str]:
    """A trained model, and which it is: the package's, a run's (from here or the checkout), or with
    `LATEST` the newest finished run's. A run is packed first, so that every stage can be shown.
    Raises BadInput where there is none.
    """
    if not run_dir:
        return way.load(), "the network of the package"
    from_root = _newest() if run_dir == LATEST else root() / run_dir
    folder = Path(run_dir) if Path(run_dir).is_dir() else from_root
    packed = folder / "network.bin"
    try:
        pack.plainly(folder, packed)
    except BadInput:  # what answers with more than a network, or is no run, which `way` says
        return way.load(folder), f"the run in {folder}"
    return shipped.load(packed), f"the run in {folder}, packed as the package's network is"


def _newest() -> Path:
    home = root() / "reports" / STUDY.name
    done = [path for path in home.glob(f"*/seed*/{NAME}") if path.with_name(MODEL).is_file()]
    if not done:
        raise BadInput(f"no finished run below {home}: train one with 'make run'")
    return max(done, key=lambda path: path.stat().st_mtime).parent


@dataclass(frozen=True)
class Copy:
    """A value of a program, and the words of the prompt that it was copied from."""

    place: str
    value: str
    words: str


@dataclass(frozen=True)
class Answer:
    """An outcome with its alternatives and the sources of its values, None where not known."""

    outcome: Outcome
    copies: tuple[Copy, ...] | None

    def _repr_html_(self) -> str:
        first, *others = self.outcome.candidates or (None,)
        texts = "".join(
            f"<details><summary>{place}. confidence {other.confidence:.3f}</summary>"
            f"<pre>{escape(other.text)}</pre></details>"
            for place, other in enumerate(others, 2)
        )
        copied = [(copy.words, f"{copy.value} ({copy.place})") for copy in self.copies or ()]
        heading = "words of the prompt, and the value they became"
        table = display.table(heading, copied) if copied else ""
        return self.outcome._repr_html_() + (f"{texts}{table}" if first else "")


def ask(model: Any, prompt: str, refuse: bool = True) -> Answer:
    """The three likeliest programs for a prompt; the first one's values with their sources.

    ``refuse=False`` overrides the domain head. Raises BadInput for what is no prompt. Sources are
    known of a network in numpy alone, the package's.
    """
    outcome = model.generate(prompt, refuse=refuse, candidates=CANDIDATES)
    if not isinstance(model, Sashimi):
        return Answer(outcome, None)
    return Answer(outcome, copies(model, prompt) if outcome.accepted else ())


def copies(model: Sashimi, prompt: str) -> tuple[Copy, ...]:
    """Where the values of the likeliest program come from; the title is the prompt's beginning."""
    encoded = encode(model.encoder, [prompt])
    ((source, beam),) = model.decode(encoded, model.reader(encoded))[0]
    return tuple(
        Copy(slot.context, str(one.value), prompt[slice(*one.place)] if one.place else KNOWN)
        for slot, one in zip(beam.slots, model.fill(source, beam), strict=True)
        if slot.kind != "title"
    )


def stages(model: Any, prompt: str) -> pd.DataFrame:
    """The nine stages of a prompt's way, one a row: what goes in, what comes out. Nothing is
    refused, so that all of them are seen."""
    answer = ask(model, prompt, refuse=False)
    outcome = answer.outcome
    rows = [*_vectors(model, prompt, outcome), *_program(answer)]
    return pd.DataFrame(rows, columns=["stage", "goes in", "comes out"]).set_index("stage")


def _vectors(model: Any, prompt: str, outcome: Outcome) -> list[tuple[str, str, str]]:
    pieces = memory = "not kept by a run"
    vectors = f"vectors {pieces}"
    if isinstance(model, Sashimi):
        (one,) = encode(model.encoder, [prompt])
        pieces = " ".join(prompt[a:b] for a, b in one.offsets)
        vectors = f"one vector E {one.pooled.shape}, one a piece (P, W) {one.states.shape}"
        memory = f"(M, Z) {model.reader([one])[0].memory.shape}"
    frame = outcome.frame
    read = "; ".join(f"{k}: {shown(v)}" for k, v in vars(frame).items()) if frame else ""
    score = f"score {outcome.score:.3f}, threshold {outcome.threshold:.3f}"
    admitted = "admitted" if outcome.score >= outcome.threshold else "would be refused"
    return [
        ("encode", prompt, f"pieces: {pieces}; {vectors}"),
        ("domain", vectors, f"{score}: {admitted}"),
        ("intent", vectors, read),
        ("bridge", "intent's vectors", f"memory {memory}"),
    ]


def _program(answer: Answer) -> list[tuple[str, str, str]]:
    outcome = answer.outcome
    skeleton = " ".join(tiers.encode(outcome.program).structure) if outcome.program else "none"
    copied = answer.copies
    sources = "; ".join(f"{copy.words} → {copy.value}" for copy in copied or ())
    filled = "not kept by a run" if copied is None else sources or "nothing to fill"
    findings = "; ".join(map(str, outcome.findings)) or "no findings (meaning is not checked)"
    count = len((outcome.plist or {}).get("WFWorkflowActions", ()))
    return [
        ("decode", "memory, tokens so far, the mask of legal tokens", skeleton),
        ("fill", "the places left open, vectors of the pieces", filled),
        ("lower", "skeleton and values", outcome.text),
        ("check", "the text, read as a stranger's", findings),
        ("compile", "the tree", f"a plist of {count} actions, confidence {outcome.confidence:.3f}"),
    ]


def save(outcome: Outcome, folder: str | Path) -> Path:
    """Write the unsigned ``.shortcut``, named after the prompt. BadInput where there is none."""
    if outcome.plist is None:
        raise BadInput(f"nothing to write for {outcome.prompt!r}: {outcome.why or 'no program'}")
    name = re.sub(r"\W+", "-", outcome.prompt.lower()).strip("-")[:48] or "shortcut"
    path = writable(Path(folder)) / f"{name}.shortcut"
    with atomic(path) as temporary:
        write(outcome.plist, temporary)
    return path


def box(model: Any, prompt: str, folder: str | Path) -> Any:
    """A text box: Enter shows the answer below it, the button writes it into ``folder``."""
    from ipywidgets import HTML, Button, Checkbox, HBox, Layout, Text, VBox

    typed = Text(prompt, description="Sentence", continuous_update=False)
    typed.layout = Layout(width="100%")
    anyway = Checkbox(False, description="answer also what the domain head refuses")
    button, note, view = Button(description="Write the .shortcut"), HTML(), HTML()
    held: list[Answer] = []

    def answer(_: Any = None) -> None:
        note.value = ""
        try:
            held[:] = [ask(model, typed.value, refuse=not anyway.value)]
            view.value = held[0]._repr_html_()
        except BadInput as error:
            held.clear()
            view.value = f"<p>{escape(str(error))}</p>"

    def keep(_: Any) -> None:
        try:
            note.value = escape(f"wrote {save(held[0].outcome, folder)}") if held else ""
        except BadInput as error:
            note.value = escape(str(error))

    typed.observe(answer, "value")
    anyway.observe(answer, "value")
    button.on_click(keep)
    answer()
    return VBox([typed, HBox([anyway, button, note]), view])
