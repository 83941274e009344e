"""Rows, their reference, and the mistakes a person makes in them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sashimi import params, registry
from sashimi.errors import BadInput
from sashimi.flagship.params import FlagshipParams

FOLDER = Path(__file__).resolve().parents[1] / "params" / "flagship"
STUDIES = registry.load()
FULL = FOLDER / params.REFERENCE
ROWS = [
    pytest.param(study, path, id=f"{study.name}/{path.stem}")
    for study in STUDIES.values()
    for path in sorted((FOLDER.parent / study.name).rglob("*.yaml"))
]


class Small(params.Params):
    seed: int
    rate: float
    ternary: bool


def folder(tmp_path, row="", full="seed: 0\nrate: 0.5\nternary: true\n"):
    (tmp_path / params.REFERENCE).write_text(full)
    (tmp_path / "10_row.yaml").write_text(row)
    return tmp_path / "10_row.yaml"


def test_a_row_changes_what_it_names_and_an_override_wins(tmp_path):
    row = folder(tmp_path, "rate: 0.25\n")
    assert params.load(row, Small) == Small(seed=0, rate=0.25, ternary=True)
    assert params.load(row, Small, seed=3, rate=None) == Small(seed=3, rate=0.25, ternary=True)


def test_parameters_are_frozen():
    with pytest.raises(ValidationError):
        Small(seed=0, rate=1.0, ternary=True).seed = 2


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("rat: 0.1\n", r"10_row.yaml: unknown key 'rat'; did you mean 'rate'\?"),
        ("zzz: 1\n", "unknown key 'zzz'; known keys: seed, rate, ternary"),
        ("rate: fast\n", "10_row.yaml: key 'rate': .*valid number, got the text 'fast'"),
        ("rate: 1e-3\n", "point before an exponent"),
        ("ternary: 1\n", "key 'ternary': .*boolean, got 1"),
        ("seed: 1\nseed: 2\n", "10_row.yaml: line 2: key 'seed' is given twice"),
        ("seed: [1\n", "10_row.yaml:2: not YAML"),
        ("- seed\n", "expected lines of the form"),
        ("3: 4\n", "expected lines of the form"),
    ],
)
def test_a_mistake_in_a_row_names_file_and_key(tmp_path, row, says):
    with pytest.raises(BadInput, match=says):
        params.load(folder(tmp_path, row), Small)


def test_a_reference_must_state_every_key(tmp_path):
    with pytest.raises(BadInput, match="key 'rate': field required"):
        params.load(folder(tmp_path, "", "seed: 0\nternary: true\n"), Small)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"cannot read .*nowhere.yaml"):
        params.load(tmp_path / "nowhere.yaml", Small)
    (tmp_path / "alone.yaml").write_text("seed: 1\n")
    with pytest.raises(BadInput, match=r"there is no 00_full\.yaml beside it"):
        params.load(tmp_path / "alone.yaml", Small)


def test_a_row_in_a_folder_of_its_study_is_read_over_the_studys_reference(tmp_path):
    folder(tmp_path)
    below = tmp_path / "more" / "20_slow.yaml"
    below.parent.mkdir()
    below.write_text("rate: 0.25\n")
    assert params.load(below, Small) == Small(seed=0, rate=0.25, ternary=True)
    assert params.reference_of(below) == tmp_path / params.REFERENCE


@pytest.mark.parametrize("study", STUDIES)
def test_no_two_rows_of_a_study_share_a_name(study):
    names = [path.stem for path in (FOLDER.parent / study).rglob("*.yaml")]
    assert len(names) == len(set(names)), "results are kept by study and row"
    assert {params.row_of(study, name).stem for name in names} == set(names)
    assert params.row_of(study, "nowhere") is None


def test_gather_reads_a_notebooks_assignments():
    cell = {"seed": 1, "rate": 0.5, "ternary": False, "run_dir": "elsewhere", "np": object()}
    assert params.gather(Small, cell) == Small(seed=1, rate=0.5, ternary=False)
    with pytest.raises(BadInput, match="does not assign ternary"):
        params.gather(Small, {"seed": 1, "rate": 0.5})


def test_digest_and_changes_see_every_key():
    one = Small(seed=0, rate=0.5, ternary=True)
    others = [one.model_copy(update=u) for u in ({"seed": 1}, {"rate": 0.6}, {"ternary": False})]
    assert len({params.digest(p) for p in [one, *others]}) == 4
    assert params.changes(others[1], one.model_dump()) == {"rate": (0.5, 0.6)}
    assert params.changes(one, one.model_dump() | {"old": 1}) == {"old": (1, None)}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_the_reference_row_states_every_parameter(study):
    full = FOLDER.parent / study.name / params.REFERENCE
    assert set(params.read_row(full)) == set(study.params.model_fields)


@pytest.mark.parametrize(("study", "path"), ROWS)
def test_a_row_differs_from_the_reference_by_exactly_what_it_declares(study, path):
    full = params.reference_of(path)
    row, reference = params.load(path, study.params), params.load(full, study.params)
    declared = set() if path == full else set(params.read_row(path))
    assert set(params.changes(row, reference.model_dump(mode="json"))) == declared


def test_planning_is_part_of_a_digest_only_where_it_is_asked_for():
    full = params.load(FULL, FlagshipParams)
    planning = params.load(FOLDER.parent / "flagship/more/45_planned.yaml", FlagshipParams)
    unplanned = planning.model_copy(update={"planned": False})
    assert "planned" not in full.model_dump()
    assert params.changes(planning, unplanned.model_dump()) == {"planned": (None, True)}
    assert params.digest(planning) != params.digest(unplanned)


def test_inconsistent_flagship_parameters_are_refused():
    full = params.read_row(FULL)
    for wrong, says in (
        ({"decoder_heads": 7}, "no multiple of"),
        ({"ternary_start": 0.9, "ternary_end": 0.1}, "is after"),
        ({"memory": "both"}, "'tokens' or 'pooled'"),
        ({"steps": 0}, "key 'steps'"),
        ({"planned": True}, "set candidates"),
    ):
        with pytest.raises(BadInput, match=says):
            params.build(FlagshipParams, full | wrong, "row")
