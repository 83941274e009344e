"""``sashimi doctor operations``: what has to hold before any number of the study means anything."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from vector_quantize_pytorch import FSQ

from sashimi.studies.operations import dual, space, tensors
from sashimi.study import Check


def checks() -> Iterable[Check]:
    """The space, digit order, the control without parameters, a strategy by hand, the caches."""
    table = space.every()
    unique = len(np.unique(table, axis=0))
    yield Check("every operation once", unique == space.K, f"{unique} of {space.K} rows differ")
    fsq = FSQ([3] * space.TRITS)
    codes = torch.from_numpy(table).float()
    same = int((fsq.codes_to_indices(codes).numpy() == np.arange(space.K)).sum())
    yield Check("FSQ's digit order is ours", same == space.K, f"{same} of {space.K} indices agree")
    draws = space.cut(np.random.default_rng(0).standard_normal((50_000, space.TRITS)))
    share = space.coverage(draws).of_ceiling
    yield Check(
        "the control without parameters reaches the ceiling",
        abs(share - 1) < 0.01,
        f"{100 * share:.2f}% of the ceiling at 50,000 draws",
    )
    boxes = (1.5 * space.boxes(np.random.default_rng(0))).round()
    found = space.coverage(boxes).unique
    yield Check("one draw a box finds all", found == space.K, f"{found} of {space.K}")
    torch.manual_seed(0)
    model = dual.DualVAE().eval()
    x = codes[::1000]
    seen = model(x, use_ensemble="voting")
    agree = bool((seen.ensemble == seen.logits_b.argmax(-1) - 1).all())
    yield Check("the plan's voting is B", agree, f"on {len(x)} operations of an untrained pair")
    known = [one for one in tensors.audit() if one.bytes]
    total = sum(one.bytes for one in known)
    sizes = ", ".join(f"{one.name} {one.bytes / 2**20:.0f} MB" for one in known)
    remedy = "" if total < tensors.ALERT else "; above 500 MB: sashimi doctor --clear-cache"
    yield Check("caches of this machine", True, f"{total / 2**20:.0f} MB ({sizes}){remedy}")
