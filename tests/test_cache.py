"""The tensor cache between processes: one makes, the others wait and read."""

import subprocess
import sys
import threading
import time

import pytest
import torch

from sashimi import cache
from sashimi.errors import BadInput
from sashimi.files import locked, root

HOLD = """
import sys, time
from sashimi.files import locked, root
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_what_several_want_at_once_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    made, found = [], []

    def make():
        made.append(1)
        time.sleep(0.2)
        return {"x": torch.arange(3)}

    threads = [
        threading.Thread(target=lambda: found.append(cache.fetch(["a"], make))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and [f["x"].tolist() for f in found] == [[0, 1, 2]] * 4
    (left,) = tmp_path.iterdir()
    assert left.suffix == ".safetensors", "no lock stays behind"
    left.write_bytes(b"damaged")
    assert cache.fetch(["a"], make)["x"].tolist() == [0, 1, 2] and len(made) == 2


def test_the_cache_is_in_one_place_and_can_be_emptied(tmp_path, monkeypatch):
    monkeypatch.delenv("SASHIMI_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert cache.folder() == root() / ".cache" / "sashimi", "wherever the command is given"
    monkeypatch.setattr(cache, "root", lambda: (_ for _ in ()).throw(BadInput("no checkout")))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == tmp_path / ".cache" / "sashimi"
    cache.fetch(["a"], lambda: {"x": torch.tensor(1)})
    (cache.folder() / "notes.txt").write_text("somebody's own")
    (size,) = [path.stat().st_size for path in cache.folder().glob("*.safetensors")]
    assert cache.clear() == size > 0
    assert [path.name for path in cache.folder().iterdir()] == ["notes.txt"]


def test_a_maker_that_fails_leaves_nothing_and_the_next_one_tries(tmp_path, monkeypatch):
    monkeypatch.setenv("SASHIMI_CACHE", str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        cache.fetch(["a"], lambda: {"x": torch.tensor(1 / 0)})
    assert list(tmp_path.iterdir()) == []
    assert cache.fetch(["a"], lambda: {"x": torch.tensor(1)})["x"] == 1


def test_a_lock_ends_with_its_holder_however_that_ended(tmp_path):
    path = tmp_path / "a.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(BadInput, match=r"a\.lock is held by another process"), locked(path, 0.2):
        pass
    holder.kill()
    holder.wait()
    with locked(path, 1):
        assert path.exists(), "a killed holder leaves the file, which the next one uses"
    assert not path.exists()
