"""Notebooks: one canonical form, the parameters cell, execution and HTML.

``python -m sashimi.notebooks check|fix|execute notebooks/*.ipynb``

Canonical form: kernelspec, cell ids and tags stay, other metadata goes; a cell tagged
``nbval-check-output`` keeps its output with execution count 1, every other cell loses both. nbval
compares nothing where the count is null and fails where a null count stands beside an output, so
both rules are needed.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from sashimi.errors import BadInput
from sashimi.files import write_text

CHECKED = "nbval-check-output"
PARAMETERS = "parameters"
REPLACED = ("clear_output", "update_display", "display_id")
"""Names by which a cell replaces what it has shown."""
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
CONTRAST = (
    "<style>body { --jp-mirror-editor-number-color: #006b00; "
    "--jp-mirror-editor-operator-color: #8a10d6; --jp-mirror-editor-comment-color: #2f6464; "
    "--jp-mirror-editor-atom-color: #3b3bc4 }</style>"
)
"""Colours of code with a contrast of at least 4.5 to its ground, where the template's have less."""


def read(path: str | Path) -> NotebookNode:
    """Read a notebook as format 4. Raises BadInput when the file is absent or no notebook."""
    try:
        return nbformat.v4.upgrade(nbformat.read(str(path), as_version=4))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:  # nbformat raises many kinds for a damaged file
        raise BadInput(f"{path}: not a notebook ({error})") from error


def text(notebook: NotebookNode) -> str:
    """The file's text: JSON with one space of indentation and a newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def stripped(notebook: NotebookNode) -> NotebookNode:
    """A copy with all metadata dropped but the kernelspec, cell ids and tags; outputs stay."""
    cells = []
    for old in notebook.cells:
        cell = NotebookNode(id=old.id, cell_type=old.cell_type, metadata={}, source=old.source)
        if tags(old):
            cell.metadata["tags"] = sorted(tags(old))
        if old.cell_type == "code":
            cell.execution_count = old.get("execution_count")
            cell.outputs = [_plain_output(output) for output in old.get("outputs", [])]
        cells.append(cell)
    metadata = {"kernelspec": dict(KERNELSPEC)}
    return nbformat.from_dict(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    )


def canonical(notebook: NotebookNode) -> NotebookNode:
    """A copy in canonical form: ``canonical(canonical(nb)) == canonical(nb)``."""
    notebook = stripped(notebook)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kept = CHECKED in tags(cell) and bool(cell.outputs)
        cell.execution_count = 1 if kept else None
        cell.outputs = cell.outputs if kept else []
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = 1
    return notebook


def _plain_output(output: NotebookNode) -> NotebookNode:
    output = nbformat.from_dict(output)
    if "metadata" in output:
        output.metadata = NotebookNode()
    return output


def parameters(notebook: NotebookNode, name: object = "notebook") -> dict[str, object]:
    """Names and values assigned in the cell tagged ``parameters``.

    Raises BadInput unless there is exactly one such cell, holding only ``name = literal`` lines and
    no comment with ``=`` in it, which breaks papermill's inspector: papermill itself only logs such
    mistakes and then runs the defaults.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code" and PARAMETERS in tags(c)]
    if len(cells) != 1:
        raise BadInput(f"{name}: {len(cells)} cells are tagged '{PARAMETERS}'; exactly one must be")
    source, where = cells[0].source, f"{name}: parameters cell"
    try:
        lines = ast.parse(source).body
    except SyntaxError as error:
        raise BadInput(f"{where}, line {error.lineno}: {error.msg}") from error
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and "=" in token.string:
            raise BadInput(f"{where}, line {token.start[0]}: '=' in a comment")
    found: dict[str, object] = {}
    for node in lines:
        match node:
            case ast.Assign(targets=[ast.Name(id=key)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=key), value=value) if value is not None:
                pass
            case _:
                raise BadInput(f"{where}, line {node.lineno}: only 'name = value' may stand here")
        try:
            found[key] = ast.literal_eval(value)
        except ValueError as error:
            raise BadInput(f"{where}: '{key}' is no literal value") from error
    return found


def check(path: str | Path) -> list[str]:
    """What keeps a notebook from being canonical, one sentence each; ``[]`` means clean."""
    path = Path(path)
    notebook = read(path)
    found = []
    if path.read_text(encoding="utf-8") != text(canonical(notebook)):
        found.append(f"{path}: not in canonical form; run 'python -m sashimi.notebooks fix {path}'")
    try:
        parameters(notebook, path)
    except BadInput as error:
        found.append(str(error))
    checked = 0
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        found += [f"{path}: code cell {number}: {problem}" for problem in _problems(cell)]
        checked += CHECKED in tags(cell)
    if not checked:
        found.append(f"{path}: no cell is tagged '{CHECKED}', so nbval compares nothing")
    return found


def _problems(cell: NotebookNode) -> list[str]:
    found = []
    lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError as error:
        return [f"does not parse ({error.msg})"]
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    for node in ast.walk(tree):
        if isinstance(node, definitions):
            found.append(f"defines '{node.name}'; put it in the package")
    if CHECKED in tags(cell):
        if not cell.outputs:
            found.append(f"is tagged '{CHECKED}' but keeps no output; run 'execute' on it")
        found += _unseen(tree, "\n".join(lines))
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            found.append("a checked cell shows a figure; print the numbers that it shows instead")
    return found


def _unseen(tree: ast.Module, source: str) -> Iterator[str]:
    """Why nbval sees nothing of a checked cell, or not all of it."""
    code = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.string.strip()]
    code = [t for t in code if t.type not in (tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER)]
    if code and code[-1].string == ";":
        yield "a checked cell ends with ';', which hides its value: print it"
    for node in ast.walk(tree):
        name = getattr(node, "id", getattr(node, "attr", getattr(node, "arg", None)))
        if name in REPLACED:
            yield f"a checked cell uses {name}, which replaces outputs: nbval cannot compare them"


def fix(path: str | Path) -> None:
    """Rewrite a notebook in canonical form."""
    write_text(path, text(canonical(read(path))))


def execute(path: str | Path, timeout: int = 600) -> None:
    """Run a notebook with the values that stand in it and keep the outputs of its checked cells.

    Runs in the notebook's own folder, as nbval does. Raises nbclient's CellExecutionError, and
    leaves the file as it was, when a cell raises.
    """
    from nbclient import NotebookClient

    path = Path(path)
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        kernel_manager_class="sashimi.kernel.OwnKernel",
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent or ".")}},
    )
    client.execute()
    write_text(path, text(canonical(notebook)))


def html(path: str | Path, target: str | Path) -> None:
    """Write a notebook as one HTML page that loads nothing from anywhere (in this process)."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    blocks = dict.fromkeys(f"html_head_js_{name}" for name in ("requirejs", "mathjax", "mermaidjs"))
    page = "{% extends 'lab/index.html.j2' %}" + "".join(
        f"{{% block {block} %}}{said or ''}{{% endblock %}}"
        for block, said in (blocks | {"html_head_css": CONTRAST}).items()
    )
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"quiet.html.j2": page})], template_file="quiet.html.j2"
    )
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    resources = {"metadata": {"name": Path(path).stem}}
    notebook = read(path)
    notebook.metadata.pop("widgets", None)  # a page of them would fetch their scripts
    made = exporter.from_notebook_node(notebook, resources=resources)[0]
    write_text(target, made.replace("<th></th>", "<td></td>"))  # a corner heads nothing


def main(words: Sequence[str]) -> int:
    """``check`` prints findings and returns 1 if there are any; ``fix`` and ``execute`` rewrite."""
    if len(words) < 2 or words[0] not in {"check", "fix", "execute"}:
        print("usage: python -m sashimi.notebooks check|fix|execute FILE...", file=sys.stderr)
        return 2
    action, paths = words[0], words[1:]
    try:
        if action == "check":
            found = [problem for path in paths for problem in check(path)]
            print("\n".join(found) or f"{len(paths)} canonical")
            return 1 if found else 0
        for path in paths:
            print(f"{action} {path}", flush=True)
            (fix if action == "fix" else execute)(path)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
