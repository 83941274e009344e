"""Writing without halves, and digests."""

import pytest

from sashimi import files
from sashimi.errors import BadInput


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("interrupted")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]


def test_the_temporary_file_keeps_the_suffix(tmp_path):
    with files.atomic(tmp_path / "a.shortcut") as temporary:
        assert temporary.suffix == ".shortcut"
        temporary.write_bytes(b"x")
    assert (tmp_path / "a.shortcut").read_bytes() == b"x"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file/below"):
        files.writable(tmp_path / "file" / "below")
    with pytest.raises(BadInput, match="it is a folder"), files.atomic(tmp_path):
        pass


def test_json_has_sorted_keys_and_no_nan(tmp_path):
    files.write_json(tmp_path / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "a.json").read_text() == '{\n "a": "é",\n "b": 1\n}\n'
    with pytest.raises(ValueError):
        files.write_json(tmp_path / "b.json", float("nan"))
    assert not (tmp_path / "b.json").exists()


def test_digest_ignores_the_order_of_keys_and_sees_types():
    assert files.digest({"a": 1, "b": 2}) == files.digest({"b": 2, "a": 1})
    assert len({files.digest(v) for v in (1, 1.5, "1", True, None)}) == 5


def test_file_digest_is_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert files.file_digest(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
