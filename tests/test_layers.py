"""The walls between the rooms, read from the imports."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sashimi import floors, registry
from sashimi.flagship.study import STUDY

PACKAGE = Path(__file__).resolve().parents[1] / "sashimi"
STUDIES = {"flagship", "studies"}
CORE = {"core", "report", "ablate", "pab", "bench", "program"}
"""Rooms that know no study, neither by import nor by word."""
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
        if room(path) in CORE and path.name != DOOR:
            known = rooms_of(imported(path)) & STUDIES
            assert not known, f"{path.relative_to(PACKAGE)} imports {known}"


def words(tree):
    """Names and string constants of a module, docstrings left out."""
    said = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in said:
            yield node.value
        elif isinstance(node, (ast.Name, ast.Attribute)):
            yield node.id if isinstance(node, ast.Name) else node.attr


def names_of(study):
    """What only a study may say: its models, metrics, splits, notebooks and its own name."""
    names = {study.name, study.train, *study.read}
    if study.scores:
        scores = study.scores
        names |= {scores.ours, *scores.floors, *scores.splits}
        names |= {metric.key for metric in (*scores.metrics, *scores.form)}
    own = {"dev", "test", "language", "encoder", "domain", "parse"}  # the core's words as well
    return names - own - set(floors.NAMES)


def test_the_reader_of_words_leaves_docstrings_out():
    found = set(words(ast.parse('"""flagship"""\nx = "skeleton_exact"\ny.action_f1')))
    assert found == {"x", "skeleton_exact", "y", "action_f1"}
    assert {"skeleton_exact", "ternary decoder", "flagship"} <= names_of(STUDY)


def test_the_core_says_no_word_of_a_study():
    forbidden = set().union(*(names_of(study) for study in registry.load().values()))
    for path in modules():
        if room(path) in CORE - {"program"} and path.name != DOOR:
            said = set(words(ast.parse(path.read_text(encoding="utf-8"))))
            found = {name for name in forbidden if any(_says(text, name) for text in said)}
            assert not found, f"{path.relative_to(PACKAGE)} says {found}"


def _says(text, name):
    return re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text) is not None


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
            assert "studies" not in rooms_of(imported(path)), path.name
