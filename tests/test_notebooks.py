"""The canonical form, and the notebooks of this repository held to it."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sashimi import notebooks, params, registry, run
from sashimi.errors import BadInput
from sashimi.flagship.study import STUDY
from sashimi.notebooks import CHECKED, canonical, check

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
STUDIES = registry.load()
ALL = sorted(FOLDER.glob("*.ipynb"))


def cell(source, *tags, **kwargs):
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {}, **kwargs)


def used():
    """A notebook as an editor leaves it: counts, outputs and metadata everywhere."""
    printed = new_output("stream", name="stdout", text="4\n")
    value = new_output("execute_result", {"text/plain": "4"}, execution_count=9)
    value.metadata["noise"] = 1
    cells = [
        new_markdown_cell("# Title", metadata={"collapsed": True}),
        cell("n = 2", "parameters", execution_count=7),
        cell("print(n + 2)", execution_count=8, outputs=[printed]),
        cell("n + 2", CHECKED, execution_count=9, outputs=[value]),
    ]
    metadata = {
        "language_info": {"name": "python"},
        "kernelspec": {"display_name": "x", "name": "other"},
    }
    return new_notebook(cells=cells, metadata=metadata)


def saved(tmp_path, *cells):
    path = tmp_path / "a.ipynb"
    nb = new_notebook(cells=list(cells))
    path.write_text(notebooks.text(canonical(nb)))
    return path


def test_canonical_keeps_ids_tags_and_checked_outputs_only():
    before = used()
    after = canonical(before)
    nbformat.validate(after)
    assert [c.id for c in after.cells] == [c.id for c in before.cells]
    assert [dict(c.metadata) for c in after.cells] == [
        {}, {"tags": ["parameters"]}, {}, {"tags": [CHECKED]},
    ]  # fmt: skip
    assert dict(after.metadata) == {"kernelspec": notebooks.KERNELSPEC}
    assert [(c.execution_count, len(c.outputs)) for c in after.cells[1:]] == [
        (None, 0), (None, 0), (1, 1),
    ]  # fmt: skip
    kept = after.cells[3].outputs[0]
    assert kept.execution_count == 1 and kept.metadata == {} and kept.data["text/plain"] == "4"
    assert canonical(after) == after
    assert before.cells[1].execution_count == 7, "the notebook given is left alone"


def test_fix_makes_check_pass(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(nbformat.writes(used()))
    assert any("not in canonical form" in problem for problem in check(path))
    notebooks.fix(path)
    assert check(path) == []


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([cell("1", CHECKED)], "0 cells are tagged 'parameters'"),
        ([cell("a = 1", "parameters"), cell("b = 1", "parameters")], "2 cells are tagged"),
        ([cell("a = 1  # b=2", "parameters")], "line 1: '=' in a comment"),
        ([cell("a = 1\nprint(a)", "parameters")], "line 2: only 'name = value'"),
        ([cell("a = f()", "parameters")], "'a' is no literal value"),
        ([cell("a = = 1", "parameters")], "line 1: invalid syntax"),
        ([cell("a = 1", "parameters"), cell("def f():\n    pass")], "code cell 1: defines 'f'"),
        ([cell("a = 1", "parameters"), cell("class A:\n    pass")], "defines 'A'"),
        ([cell("a = 1", "parameters")], "no cell is tagged"),
        ([cell("a = 1", "parameters"), cell("a", CHECKED)], "keeps no output"),
        ([cell("a = 1", "parameters"), cell("a;  # b", CHECKED)], "ends with ';'"),
        ([cell("a = 1", "parameters"), cell("clear_output()", CHECKED)], "uses clear_output"),
        (
            [cell("a = 1", "parameters"), cell("h.update_display(a)", CHECKED)],
            "uses update_display",
        ),
        ([cell("a = 1", "parameters"), cell("show(a, display_id=1)", CHECKED)], "uses display_id"),
    ],
)
def test_each_mistake_is_named(tmp_path, cells, says):
    assert any(says in problem for problem in check(saved(tmp_path, *cells)))


def test_parameters_reads_names_and_values(tmp_path):
    source = "# a comment\nseed = 0\nrate: float = 1e-3\nlimit = None\nname = 'a=b'  # fine"
    found = notebooks.parameters(new_notebook(cells=[cell(source, "parameters")]))
    assert found == {"seed": 0, "rate": 1e-3, "limit": None, "name": "a=b"}


def test_what_is_no_notebook_is_named(tmp_path):
    (tmp_path / "a.ipynb").write_text("{")
    with pytest.raises(BadInput, match=r"a\.ipynb: not a notebook"):
        notebooks.read(tmp_path / "a.ipynb")
    with pytest.raises(BadInput, match="cannot read"):
        notebooks.read(tmp_path / "b.ipynb")


def test_execute_refreshes_checked_outputs_in_this_interpreter(tmp_path, monkeypatch):
    """A kernelspec named python3 that belongs elsewhere must not be used."""
    other = tmp_path / "jupyter" / "kernels" / "python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(
        '{"argv": ["/nonexistent", "{connection_file}"], "display_name": "x", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    ask = "import sys\nfrom pathlib import Path\nprint(n, sys.executable, Path('here').exists())"
    path = saved(tmp_path, cell("n = 2", "parameters"), cell(ask, CHECKED))
    (tmp_path / "here").write_text("")
    notebooks.execute(path)
    output = notebooks.read(path).cells[1].outputs[0].text
    assert output == f"2 {sys.executable} True\n"
    assert check(path) == []


def test_html_is_one_page_that_loads_nothing(tmp_path):
    path = saved(tmp_path, new_markdown_cell("# Over the *sea*"), cell("n = 2", "parameters"))
    notebooks.html(path, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert "<em>sea</em>" in page
    assert "<script src" not in page and 'href="http' not in page
    assert "--jp-mirror-editor-number-color: #006b00" in page, "code is readable"


def test_the_command_checks_and_fixes(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    path.write_text(nbformat.writes(used()))
    assert notebooks.main(["check", str(path)]) == 1
    assert notebooks.main(["fix", str(path)]) == 0
    assert notebooks.main(["check", str(path)]) == 0
    assert notebooks.main(["check", str(tmp_path / "none.ipynb")]) == 2
    assert notebooks.main([]) == 2
    assert "not in canonical form" in capsys.readouterr().out


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)
def test_every_notebook_is_canonical(path):
    assert check(path) == []


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_the_defaults_of_a_studys_notebook_are_its_smoke_row(study):
    row = params.load(FOLDER.parent / "params" / study.name / "90_smoke.yaml", study.params)
    path = FOLDER / f"{study.train}.ipynb"
    assert notebooks.parameters(notebooks.read(path)) == dict(row) | {"run_dir": ""}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_a_studys_notebook_is_told_every_parameter(study):
    row = params.load(FOLDER.parent / "params" / study.name / params.REFERENCE, study.params)
    told = run.arguments_of(study, study.train, row)
    assert told == dict(row) | {"run_dir": ""}


@pytest.mark.parametrize("name", STUDY.read)
def test_a_reading_notebook_takes_the_run_and_runs_without_one(name):
    assigned = notebooks.parameters(notebooks.read(FOLDER / f"{name}.ipynb"))
    assert assigned["run_dir"] == ""
