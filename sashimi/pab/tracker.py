"""The recorder of a run: one call a checkpoint, one journal line each, a profile at the end.

Use it like this::

    tracker = Tracker(folder, seed=1, config_digest="3fa9", interval=50)
    for step in range(1, steps + 1):
        loss = train_one_step()
        if tracker.due(step):
            tracker.record(step, train_loss=loss, tiers={"tier1": (right, tried)})
    profile = tracker.finish()
"""

import math
import operator
import platform
import sys
import time
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sashimi import __version__
from sashimi.errors import BadInput
from sashimi.pab import journal
from sashimi.pab.definitions import probe_mean, representation_evolution
from sashimi.pab.parameters import Parameters
from sashimi.pab.profile import FILE, JOURNAL, SCHEMA, Profile, from_entries
from sashimi.pab.series import kind
from sashimi.pab.trits import TritStream


class Tracker:
    """Appends checkpoints to `directory/journal.jsonl` and ends with `pab_profile.json`.

    With `resume`, a journal that is there is continued (its torn last line dropped with a note);
    without, it is replaced. `same_loss` says that the validation loss is the same quantity as
    the training loss, so that their difference may be reported. Raises BadInput when the folder
    cannot be written, or when the journal is of another seed, configuration
    or parameters.
    """

    def __init__(
        self,
        directory: str | Path,
        seed: int | None = None,
        config_digest: str | None = None,
        interval: int = 50,
        resume: bool = True,
        same_loss: bool = True,
        parameters: Parameters | None = None,
    ):
        if interval < 1:
            raise BadInput(f"interval is {interval}; record every 1 step or more")
        self.directory = Path(directory)
        self.interval = interval
        self.path = self.directory / JOURNAL
        self._streams = {"trits": TritStream(), "signs": TritStream()}
        self._mean: np.ndarray | None = None  # (D,) of the last probe embeddings
        self._probe: tuple[int, ...] | None = None  # their shape
        self._entries: list[dict[str, Any]] = [
            {
                "kind": "start",
                "schema": SCHEMA,
                "seed": seed,
                "config_digest": config_digest,
                "interval": interval,
                "same_loss": same_loss,
                "parameters": asdict(parameters or Parameters()),
                "versions": _versions(),
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        ]
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if resume and self.path.exists() and self.path.stat().st_size:
                self._take_up()
            self._open()
        except OSError as error:
            raise BadInput(f"cannot write {self.path}: {error.strerror}") from error

    def _take_up(self) -> None:
        """Continue the journal on disk: its entries become ours."""
        entries, note = journal.read(self.path)
        if not entries:
            return
        from_entries(self.path, entries)  # refuses a journal that cannot be understood
        mine = self._entries[0]
        for key in ("seed", "config_digest", "interval", "same_loss", "parameters"):
            if entries[0][key] != mine[key]:
                raise BadInput(
                    f"{self.path}: {key} is {entries[0][key]!r}, this run has {mine[key]!r}; "
                    "use another folder or resume=False"
                )
        self._entries = [entry for entry in entries if entry["kind"] != "finish"]
        if note:
            self._entries.append({"kind": "resume", "step": self.last_step, "note": note})

    def _open(self) -> None:
        """Write the journal anew and go on with it, its times where its last record has them."""
        journal.write(self.path, self._entries)
        self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115
        weakref.finalize(self, self._file.close)  # a run that is given up never ends it
        last = self._last_record() or {"seconds": 0.0, "overhead": 0.0}
        self._before, self._overhead = last["seconds"], last["overhead"]  # of earlier sittings
        self._begin = time.perf_counter()

    def _last_record(self) -> dict[str, Any] | None:
        return next((e for e in reversed(self._entries) if e["kind"] == "record"), None)

    @property
    def last_step(self) -> int:
        """The last recorded step, -1 before the first."""
        last = self._last_record()
        return last["step"] if last else -1

    def due(self, step: int) -> bool:
        """Whether `step` is a checkpoint (a multiple of the interval) not yet recorded."""
        return step % self.interval == 0 and step > self.last_step

    def resume_from(self, step: int, state: Mapping[str, np.ndarray] | None = None) -> None:
        """Go on after `step`: later lines of the journal are dropped.

        `state` is what `state()` returned when the checkpoint of that step was saved. Without
        it, changes of trits, signs and embeddings are missing at the first record that follows.
        """
        kept = [e for e in self._entries if e["kind"] != "record" or e["step"] <= step]
        dropped = len(self._entries) - len(kept)
        note = f"resumed after step {step}, {dropped} later records dropped"
        self._entries = kept
        if dropped or self.last_step >= 0:  # a run that has only begun resumes nothing
            self._entries.append({"kind": "resume", "step": step, "note": note})
        self._file.close()
        self._open()
        state = state or {}
        for name, stream in self._streams.items():
            stream.load(_below(state, f"{name}/"))
        self._mean = np.array(state["mean"]) if "mean" in state else None

    def state(self) -> dict[str, np.ndarray]:
        """What the next record is compared with: int8 trits and signs, float64 probe mean."""
        kept = {name: stream.state() for name, stream in self._streams.items()}
        out = {f"{name}/{key}": a for name, arrays in kept.items() for key, a in arrays.items()}
        return out if self._mean is None else {**out, "mean": self._mean.copy()}

    def record(
        self,
        step: int,
        train_loss: float,
        val_loss: float | None = None,
        components: Mapping[str, float] | None = None,
        tiers: Mapping[str, tuple[int, int]] | None = None,
        domains: Mapping[str, tuple[int, int]] | None = None,
        actions: Mapping[str, tuple[int, int]] | None = None,
        trits: Iterable[tuple[str, np.ndarray]] | None = None,
        embeddings: np.ndarray | None = None,
        learning_rate: float | None = None,
        gradient_norm: float | None = None,
        signs: Iterable[tuple[str, np.ndarray]] | None = None,
        shares: Mapping[str, Mapping[str, tuple[int, int]]] | None = None,
    ) -> None:
        """Append one checkpoint. What is not given is missing, not zero.

        `train_loss` should be the mean over the steps since the last record, or of a fixed set:
        that of one small batch makes every run look chaotic.
        `tiers`, `domains`, `actions`: (correct, total) by name; `shares`: the same in groups of
        any name, `{"tosses": {"heads": (3, 4)}}`. `trits`: (name, int8 array) of
        the quantised weights; `signs`: the same of the signs of latent weights. `embeddings`:
        (P, D) of one fixed probe set. Losses may be NaN or infinite: they are kept as such.
        Raises BadInput unless `step` is after the last one, or when the weights change shape.
        """
        clock = time.perf_counter()
        step = self._next(step)
        status: dict[str, str] = {}
        scalars = {
            "train_loss": math.nan if train_loss is None else train_loss,
            "val_loss": val_loss,
            "learning_rate": learning_rate,
            "gradient_norm": gradient_norm,
        }
        entry: dict = {"kind": "record", "step": step} | _numbers("", scalars, status)
        if components:
            entry["components"] = _numbers("components/", components, status)
        usual = {"tiers": tiers, "domains": domains, "actions": actions}
        entry |= {name: _counts(name, named) for name, named in usual.items() if named}
        if shares:
            entry["shares"] = {name: _counts(name, named) for name, named in shares.items()}
        # What is compared with the checkpoint before comes last: a refused record changes nothing.
        change = {"representation_evolution": self._evolution(embeddings)}
        entry |= _numbers("", change, status)
        for name, arrays in (("trits", trits), ("signs", signs)):
            if arrays is not None:
                entry[name] = list(self._streams[name].update(arrays))
        self._append(entry | ({"status": status} if status else {}), clock)

    def _next(self, step: int) -> int:
        """`step` as an int; raises BadInput unless it is after the last one of an open run."""
        step = operator.index(step)
        if self._file.closed:
            raise BadInput(f"{self.path}: the run is finished; open a new Tracker to go on")
        if step <= self.last_step:
            raise BadInput(
                f"step {step} is not after step {self.last_step}; to repeat steps call resume_from"
            )
        return step

    def _append(self, entry: dict, clock: float) -> None:
        entry["seconds"] = round(self._before + time.perf_counter() - self._begin, 6)
        entry["overhead"] = round(self._overhead, 6)  # of the records before this one
        self._file.write(journal.encode(entry))
        self._file.flush()
        self._entries.append(entry)
        self._overhead += time.perf_counter() - clock

    def _evolution(self, embeddings: np.ndarray | None) -> float | None:
        """Change of the probe mean since the last embeddings; None for the first ones."""
        if embeddings is None:
            return None
        shape, mean = np.shape(embeddings), probe_mean(embeddings)
        if self._probe not in (None, shape):
            raise BadInput(f"the probe set was {self._probe}, is {shape}; keep it fixed")
        change = None if self._mean is None else representation_evolution(self._mean, mean)
        self._probe, self._mean = shape, mean
        return change

    def profile(self) -> Profile:
        """The profile so far, as if the run were interrupted now."""
        return from_entries(self.path, self._entries)

    def finish(self, status: str = "completed") -> Profile:
        """Close the journal and write `pab_profile.json`; give "failed: why" for a failed run."""
        if self._entries[-1]["kind"] != "finish":
            self._append({"kind": "finish", "status": status}, time.perf_counter())
            self._file.close()
        profile = self.profile()
        profile.save(self.directory / FILE)
        return profile


def _numbers(prefix: str, values: Mapping, status: dict[str, str]) -> dict[str, float | None]:
    """The reported values by name: a float, or None with the reason put into `status`."""
    out: dict[str, float | None] = {}
    for key, value in values.items():
        if value is None:
            continue
        try:
            out[key] = float(value)
        except (TypeError, ValueError) as error:
            raise BadInput(f"{prefix}{key} is {value!r}; give a number") from error
        reason = kind(float(value))
        if reason:
            out[key], status[prefix + key] = None, reason
    return out


def _counts(group: str, named: Mapping) -> dict[str, list[int]]:
    """By name [correct, total] as plain integers, 0 <= correct <= total."""
    out = {}
    for name, pair in named.items():
        try:
            correct, total = (operator.index(value) for value in pair)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"{group} {name!r} is {pair!r}; give (correct, total) integers"
            ) from error
        if not 0 <= correct <= total:
            raise BadInput(f"{group} {name!r}: {correct} correct of {total}")
        out[name] = [correct, total]
    return out


def _below(state: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {key[len(prefix) :]: a for key, a in state.items() if key.startswith(prefix)}


def _versions() -> dict[str, str]:
    """Versions of what ran; torch and sklearn are named when the caller has loaded them."""
    out = {"sashimi": __version__, "python": platform.python_version(), "numpy": np.__version__}
    loaded = {name: sys.modules[name] for name in ("torch", "sklearn") if name in sys.modules}
    return out | {name: str(module.__version__) for name, module in loaded.items()}
