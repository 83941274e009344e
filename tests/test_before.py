"""Two checkouts side by side: what a process took, and what is refused."""

import pytest
from typer.testing import CliRunner

from sashimi.cli import app
from sashimi.errors import BadInput
from sashimi.files import root
from sashimi.flagship.speed import before


def test_a_process_of_a_checkout_says_what_it_took(tmp_path):
    here = before.Checkout("now", root(), None, str(tmp_path))
    code = (
        "import sashimi, sys; x = bytearray(60_000_000); print(sashimi.__file__, sys.stdin.read())"
    )
    printed, used = here.python("-c", code, told="told")
    assert printed.split() == [str(root() / "sashimi" / "__init__.py"), "told"]
    assert 0 < used["processor s"] <= 20 and used["MB"] > 55
    with pytest.raises(BadInput, match="ended with 3"):
        here.python("-c", "raise SystemExit(3)")


def test_the_ratio_is_of_pairs():
    rows = list(before._pair("x", [[2.0, 1.0], [4.0, 1.0], [8.0, 4.0]], "s", 3))
    assert [(row.what, row.value) for row in rows] == [
        ("x, before", 4.0),
        ("x, now", 1.0),
        ("x, now over before", 0.5),
    ]


def test_what_is_no_checkout_or_no_run_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no checkout"):
        before.bench(tmp_path, tmp_path)
    with pytest.raises(BadInput, match="no trained run"):
        before.bench(root(), tmp_path)
    refused = CliRunner().invoke(app, ["bench", "before"])
    assert refused.exit_code == 2 and "--checkout" in refused.output
