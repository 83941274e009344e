"""A study of seconds for the tests of the matrix: a chain of digests, saved now and then.

Each step hashes the last digest, so that the end tells of every step before it, and a run that was
broken and resumed ends like an unbroken one, or is found out.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

import sashimi
from sashimi import notebooks

SETTINGS = """
from sashimi.params import Params

class Settings(Params):
    seed: int
    corpus: str
    steps: int
    width: int
    pace: float
    fault: str
"""
MODULE = """
from pathlib import Path
from sashimi.errors import BadInput
from sashimi.study import Study
from toy_settings import Settings

def check(settings):
    if settings.corpus == "missing":
        raise BadInput("missing: no such corpus")

HOME = Path(__file__).parents[2]
STUDY = Study(
    name="toy",
    title="A toy",
    question="Does a chain of digests end alike?",
    params=Settings,
    train=str(HOME / "10_toy"),
    check=check,
)
"""
PARAMETERS = """
run_dir = ''
seed = 0
corpus = 'builtin'
steps = 4
width = 1
pace = 0.0
fault = ''
"""
TRAIN = """
import hashlib, json, os, signal, time
from pathlib import Path
from toy_settings import Settings
from sashimi import params, result
from sashimi.files import write_json, write_text

settings = params.gather(Settings, globals())
folder = Path(run_dir)
saved = folder / "checkpoint.json"
step, digest = json.loads(saved.read_text()) if saved.exists() else (0, "")
from_step = step
print(f"from step {from_step}")
while step < steps:
    step += 1
    digest = hashlib.sha256(f"{digest} {seed} {width}".encode()).hexdigest()
    time.sleep(pace)
    if step % 2 == 0:
        write_json(saved, [step, digest])
    left = pace * (steps - step)
    told = {"step": step, "steps": steps, "loss": 1 / step, "seconds_left": left}
    write_json(folder / result.PROGRESS, told)
    if step == 3 and fault == "raise" and not (folder / "mended").exists():
        raise RuntimeError("unlucky")
    if step == 3 and fault == "kill" and from_step == 0:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
if fault == "exit":
    found = {"step": step, "case": 3, "reason": "flat", "stop": True, "evidence": {}}
    write_json(folder / result.EXIT, found)
record = dict.fromkeys(result.FIELDS) | result.provenance(folder, settings)
threads = os.environ["OMP_NUM_THREADS"]
record["facts"] = {"digest": digest, "from_step": from_step, "threads": threads}
result.write(folder, record)
write_text(folder / "model.safetensors", digest)
"""


def build(home: Path, rows: dict[str, str]) -> Path:
    """Module, notebook and rows of the study below ``home``; returns the folder of the rows."""
    (home / "toy_settings.py").write_text(SETTINGS)
    package = home / "toy_studies" / "toy"
    package.mkdir(parents=True)
    (package / "study.py").write_text(MODULE)
    first = new_code_cell(PARAMETERS.strip(), metadata={"tags": ["parameters"]})
    (home / "10_toy.ipynb").write_text(
        notebooks.text(new_notebook(cells=[first, new_code_cell(TRAIN)]))
    )
    folder = home / "toy"
    folder.mkdir()
    full = "seed: 0\ncorpus: builtin\nsteps: 4\nwidth: 1\npace: 0.0\nfault: ''\n"
    for name, text in {"00_full": full, **rows}.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def path(home: Path) -> str:
    """``PYTHONPATH`` for processes that import the study, and this checkout as this one does."""
    return os.pathsep.join([str(home), str(Path(sashimi.__file__).parents[1])])


def chain(steps: int, seed: int = 0, width: int = 1) -> str:
    """The digest that an unbroken run ends with."""
    digest = ""
    for _ in range(steps):
        digest = hashlib.sha256(f"{digest} {seed} {width}".encode()).hexdigest()
    return digest


def start(home: Path, **arguments: object) -> subprocess.Popen:
    """``matrix.ablate(**arguments)`` in a process of its own, its output in a pipe.

    It hears SIGINT even if this process was started in the background, where a shell turns it off.
    """
    code = (
        "import json, sys\nfrom sashimi.ablate import matrix\n"
        "matrix.ablate(**json.loads(sys.argv[1]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, json.dumps({"studies": "toy_studies", **arguments})],
        cwd=home,
        env=os.environ | {"PYTHONPATH": path(home)},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
