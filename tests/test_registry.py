"""Studies are found by looking into folders, and a broken one is refused with one message."""

import subprocess
import sys

import pytest

from sashimi import registry
from sashimi.errors import BadInput

GOOD = """
from sashimi.params import Params
from sashimi.study import Metric, Scores, Study

class Settings(Params):
    seed: int

BITS = Metric(key="bits", heading="bits", better="low", unit="bits a token")
SCORES = Scores(
    ours="ours", floors=("constant",), splits={"test": "test"}, metrics=(BITS,),
    decides=("bits",), held_out=("test",),
)
STUDY = Study(
    name="tiny", title="Tiny", question="Is it small?", params=Settings, train="99", scores=SCORES
)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes ``some_studies/<folder>/study.py`` files and names their package."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**studies):
        for folder, text in studies.items():
            path = tmp_path / "some_studies" / folder / registry.FILE
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return "some_studies"

    yield write
    registry.load.cache_clear()
    for name in [name for name in sys.modules if name.startswith("some_studies")]:
        sys.modules.pop(name)


def test_a_study_is_found_in_its_folder(package):
    found = registry.load(package(tiny=GOOD))
    assert list(found) == ["tiny"]
    assert found["tiny"].scores.metric("bits").better == "low"
    with pytest.raises(KeyError):
        found["tiny"].scores.metric("nats")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (', better="low"', "", r"tiny/study.py: Metric\.better: Field required; see docs/new_stu"),
        ('better="low"', 'better="down"', r"Metric\.better: Input should be 'high' or 'low'"),
        (' question="Is it small?",', "", r"Study\.question: Field required"),
        ("title=", "titel=", r"Study\.title: Field required; Study\.titel: Extra inputs"),
        ('decides=("bits",)', 'decides=("nats",)', "decides: not among the metrics"),
        ('held_out=("test",)', 'held_out=("dev",)', "held_out: not among the splits"),
        ('floors=("constant",)', 'floors=("ours",)', "floors: a floor is named like ours"),
        ("metrics=(BITS,)", "metrics=(BITS, BITS)", "metrics, form: two have the same key"),
        ("STUDY = ", "MINE = ", "sets neither STUDY nor STUDIES"),
    ],
)
def test_a_broken_study_is_refused_with_file_field_and_remedy(package, old, new, says):
    assert old in GOOD
    with pytest.raises(BadInput, match=says):
        registry.load(package(tiny=GOOD.replace(old, new)))


def test_two_studies_of_one_name_are_refused(package):
    with pytest.raises(BadInput, match=r"two/study.py and .*tiny/study.py: two studies are called"):
        registry.load(package(tiny=GOOD, two=GOOD))


def test_listing_the_projects_studies_imports_nothing_heavy():
    code = (
        "import sys; from sashimi import registry; registry.load();"
        "print(sorted({'torch', 'sklearn', 'matplotlib', 'transformers'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    found = registry.load()
    assert "flagship" in found and len(found) > 8
