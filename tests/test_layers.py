"""The walls between the rooms, read from the imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "sashimi"
STUDIES = {"flagship", "ablate", "studies"}
"""Rooms above the core; ``ablate`` runs studies, so the core may not know it either."""
DOOR = "cli.py"
"""The command line is the one door that knows the studies."""
TORCH = {"torch", "transformers", "safetensors", "sentence_transformers"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def imported(path):
    """Dotted names that a module imports anywhere in it, relative imports resolved."""
    package = ("sashimi", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            stem = ".".join(part for part in (base, node.module) if part)
            yield stem
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def room(path):
    """The room a module stands in: a folder's name, or "core"."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "core"


def rooms_of(names):
    return {n.split(".")[1] for n in names if n.startswith("sashimi.")}


def test_the_reader_of_imports_sees_every_form(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    (tmp_path / "pab").mkdir()
    path = tmp_path / "pab" / "m.py"
    path.write_text(
        "import torch.nn as n\nfrom sashimi.flagship import way\nfrom . import near\n"
        "from ..core import far\ndef f():\n    from sashimi import x"
    )
    assert {"torch.nn", "sashimi.flagship.way", "sashimi.pab.near", "sashimi.x"} <= set(
        imported(path)
    )
    assert rooms_of(imported(path)) == {"flagship", "pab", "core", "x"}
    assert (room(path), room(tmp_path / "run.py")) == ("pab", "core")


@pytest.mark.parametrize("light", ["program", "pab"])
def test_program_and_pab_import_no_torch(light):
    for path in modules():
        if room(path) == light:
            heavy = {name for name in imported(path) if name.split(".")[0] in TORCH}
            assert not heavy, f"{path.name} imports {heavy}"


def test_importing_program_and_pab_loads_no_torch():
    code = "import sys, sashimi.program, sashimi.pab; print(sorted({'torch'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_core_knows_no_study():
    for path in modules():
        if room(path) in {"core", "program", "pab"} and path.name != DOOR:
            known = rooms_of(imported(path)) & STUDIES
            assert not known, f"{path.relative_to(PACKAGE)} imports {known}"


def test_program_stands_alone():
    for path in modules():
        if room(path) == "program":
            others = rooms_of(imported(path)) - {"program", "errors", "files"}
            assert not others, f"{path.name} imports {others}"


def test_studies_do_not_import_each_other():
    for path in modules():
        if room(path) == "studies":
            mine = ".".join(path.relative_to(PACKAGE).parts[:2])
            theirs = {n.removeprefix("sashimi.") for n in imported(path)}
            others = {n for n in theirs if n.startswith("studies.")}
            others = {n for n in others if n != mine and not n.startswith(f"{mine}.")}
            assert not others, f"{path.name} imports {others}"
        if room(path) == "flagship":
            assert not rooms_of(imported(path)) & {"studies", "ablate"}, path.name
