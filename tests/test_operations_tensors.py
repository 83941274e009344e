"""The tensor cache and the audit: nothing is lost, overwritten or deleted unasked."""

import pytest
import torch

from sashimi.errors import BadInput
from sashimi.studies.operations import tensors
from sashimi.studies.operations.tensors import TensorCache

KEY = ("content", "code", "epoch 3", "00_full")


@pytest.fixture
def kept(tmp_path):
    store = TensorCache(tmp_path)
    store.save("latents", KEY, {"a": torch.arange(6.0).view(2, 3)}, "sashimi run x")
    return store


def test_an_entry_comes_back_with_its_header(kept):
    assert kept.exists("latents", KEY)
    assert not kept.exists("latents", (*KEY[:2], "epoch 4", KEY[3]))
    assert kept.load("latents", KEY)["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    (entry,) = kept.list()
    assert entry["tensors"] == {"a": [[2, 3], "torch.float32"]}
    assert entry["made_by"] == "sashimi run x" and entry["created"].endswith("Z")
    assert entry["bytes"] == kept.path("latents", KEY).stat().st_size


@pytest.mark.parametrize("damage", ["cut", "changed", "foreign"])
def test_a_damaged_entry_is_named_and_left_alone(kept, damage):
    path = kept.path("latents", KEY)
    data = path.read_bytes()
    path.write_bytes({"cut": data[:40], "changed": data[:-1] + b"\x01", "foreign": b"{}"}[damage])
    before = path.read_bytes()
    with pytest.raises(BadInput, match=r"latents-.*delete it and"):
        kept.load("latents", KEY)
    assert path.read_bytes() == before
    if damage != "changed":
        assert "error" in kept.list()[0]


def test_a_missing_entry_is_named(kept):
    with pytest.raises(BadInput, match="no such entry"):
        kept.load("codes", KEY)


def test_the_audit_counts_and_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path / "tensors"))
    for name in ("repo/a/__pycache__/m.pyc", "repo/.venv/__pycache__/n.pyc",
                 "repo/reports/x/model.safetensors", "tensors/t.safetensors",
                 "home/.cache/pip/wheel"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    found = tensors.audit(tmp_path / "home", tmp_path / "repo")
    sizes = {one.name: (one.files, one.bytes) for one in found}
    assert sizes["bytecode"] == sizes["tensors"] == sizes["weights"] == sizes["pip"] == (1, 5)
    assert sizes["torch"] == (0, 0)
    assert {one.name for one in found if one.safe} == {"bytecode", "tensors"}
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 5
