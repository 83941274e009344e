"""A policy outside torch: one ONNX file that holds weights, action space, calibration, metadata."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sashimi.errors import BadInput
from sashimi.files import atomic
from sashimi.studies.planner import layout
from sashimi.studies.planner.actions import (
    DIGEST,
    HEADS,
    PLANNED,
    UNION,
    Action,
    best,
    chances,
    joint,
)
from sashimi.studies.planner.heuristics import SeedHeuristic, job_of

KEY = "planner"
NAMES = {"joint": ["joint"], "value": ["outcome"]}
"""What the outputs of a policy are called; the four heads have their own names."""


def export(run_dir: str | Path, path: str | Path) -> Path:
    """Write a finished run's policy as ONNX: (n, d) float32 in, its logits over the temperature out
    ("outcome": expected pass, minutes, USD of 126 actions), for any n.

    One file, without external data. Raises BadInput for a run without a policy, one that is not
    made of features alone, or a file of more than 10 MB.
    """
    import onnx
    import torch
    from torch import nn

    from sashimi.studies.planner import learn

    made, live, meta = learn.restore(run_dir)
    if meta["inputs"] != len(live):
        raise BadInput(f"{run_dir}: the policy sees latents, which no input has")

    class Tempered(nn.Module):
        """Selects the live columns and divides logits by the temperature."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = made
            self.register_buffer("columns", torch.from_numpy(live))

        def forward(self, x):
            parts = self.inner(x[:, self.columns])
            return parts if made.kind == "value" else tuple(p / meta["temperature"] for p in parts)

    names = NAMES.get(made.kind, list(HEADS))
    wrapped = Tempered().eval()
    quiet = contextlib.redirect_stdout(io.StringIO())
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.inference_mode(), quiet, contextlib.redirect_stderr(io.StringIO()):
        program = torch.onnx.export(
            wrapped, (torch.zeros(2, meta["width"]),), dynamo=True, external_data=False,
            input_names=["features"], output_names=names,
            dynamic_shapes=({0: torch.export.Dim("n")},),
        )  # fmt: skip
    proto = program.model_proto
    onnx.helper.set_model_props(proto, {KEY: json.dumps(meta | {
        "kind": made.kind, "layout": layout.width(), "space": [list(a) for a in UNION],
    })})  # fmt: skip
    data = proto.SerializeToString()
    if len(data) > 10_000_000:
        raise BadInput(f"{run_dir}: {len(data)} bytes as ONNX; at most 10 MB: take a narrower row")
    path = Path(path)
    with atomic(path) as temporary:
        temporary.write_bytes(data)
    return path


class Bundle:
    """An exported policy, asked without torch.

    Raises BadInput for a file that is no bundle, or one of another action space.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            self.meta = json.loads(self.session.get_modelmeta().custom_metadata_map[KEY])
        except Exception as error:  # onnxruntime raises kinds of its own
            raise BadInput(f"{path}: no bundle of the planner ({error}); export one") from error
        if self.meta["actions"] != DIGEST:
            raise BadInput(f"{path}: action space {self.meta['actions']!r}; ours is {DIGEST!r}")
        self.names = [output.name for output in self.session.get_outputs()]

    def logits(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """By output, (n, …) float32 of features (n, d); BadInput for NaN and other widths."""
        x = np.atleast_2d(np.asarray(features, dtype=np.float32))
        if x.shape[1] != self.meta["width"] or not np.isfinite(x).all():
            raise BadInput(f"features {x.shape}: (n, {self.meta['width']}) finite numbers")
        return dict(zip(self.names, self.session.run(None, {"features": x}), strict=True))

    def answer(
        self, planner_input: Mapping[str, Any], prices=(1.0, 0.005, 0.05), least: float = 0.0
    ) -> dict[str, Any]:
        """An action record. Below the confidence ``least`` it abstains: the action is the plan's
        rule's, and the reason says so.

        ``prices``: worth of a pass, a minute, a dollar, for policies that predict outcomes.
        """
        slots = (self.meta["width"] - layout.width(0)) // layout.SLOT
        said = self.logits(layout.encode(planner_input, slots))
        jobs = np.array([PLANNED.index(job_of(planner_input))])
        if "outcome" in said:
            signed = np.array(prices) * [1, -1, -1]
            scores = 100 * signed @ said["outcome"].reshape(3, -1) / self.meta["temperature"]
        else:
            scores = said["joint"] if "joint" in said else joint(said)
        scores = np.atleast_2d(scores)
        action = UNION[int(best(scores, jobs)[0])]
        confidence = float(chances(scores, jobs).max())
        sure = confidence >= least
        if not sure:
            action = SeedHeuristic().predict(planner_input)
        return _record(action, confidence, sure, least)


def _record(action: Action, confidence: float, sure: bool, least: float) -> dict[str, Any]:
    budgets = {f"max_{h}_bin": v if v else "NA" for h, v in zip(HEADS, action, strict=True)}
    budgets.pop("max_swarm_bin")
    reason = "policy" if sure else f"confidence {confidence:.3f} is below {least:.3f}"
    return {
        "swarm_id": action.swarm, "budgets": budgets, "confidence": confidence,
        "abstain_to_default": not sure, "reason": reason,
    }  # fmt: skip
