#!/usr/bin/env bash
# torch 2.13.0, torch.optim.Muon on a CPU, seen 2026-11-27 on an x86-64 processor with AVX2 (AMD EPYC).
#
# Guess: an optimiser that PyTorch ships computes in the dtype of the parameters that it is given.
# Behaviour: Muon's Newton-Schulz orthogonalisation casts every update to bfloat16, whatever the
# parameters' dtype (torch/optim/_muon.py), with no option to keep float32. Where the processor has
# no bfloat16 products, one step over float32 matrices of a small transformer takes over five times
# as long as the same iteration written in float32, and the update is exact to bfloat16 only.
# Seen: update equal to its own rounding to bfloat16: True; step 0.79 s, in float32 0.04 s, ratio 20
# (a busy machine; an idle one gave the same ratio to a factor of two).
#
# Exits non-zero when the update is no longer rounded to bfloat16. The ratio is printed only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'PY'
import sys
import time

import torch

torch.manual_seed(0)
weight = torch.nn.Parameter(torch.zeros(128, 512))
weight.grad = torch.randn(128, 512)
torch.optim.Muon([weight], lr=1.0, weight_decay=0.0, momentum=0.0, nesterov=False).step()
update = weight.detach()
scale = 1.0  # max(1, rows / columns) ** 0.5 for this shape: no factor hides the rounding
rounded = torch.equal(update / scale, (update / scale).bfloat16().float())
print("torch", torch.__version__, "update equal to its own rounding to bfloat16:", rounded)

matrices = [torch.nn.Parameter(torch.randn(512, 128)) for _ in range(6)]
for matrix in matrices:
    matrix.grad = torch.randn_like(matrix)
muon = torch.optim.Muon(matrices, lr=1e-3)


def in_float32(gradient, rounds=5):
    x = (gradient / gradient.norm()).T
    for _ in range(rounds):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T


def seconds(call):
    call()
    begun = time.process_time()
    for _ in range(5):
        call()
    return (time.process_time() - begun) / 5


library = seconds(muon.step)
ours = seconds(lambda: [in_float32(matrix.grad) for matrix in matrices])
print(f"step {library:.3f} s, in float32 {ours:.3f} s, ratio {library / ours:.0f}")
sys.exit(0 if rounded else 1)
PY
