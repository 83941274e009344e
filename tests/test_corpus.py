"""Corpora from files: what is read, what is refused and why, how it is split, what leaks."""

from __future__ import annotations

import json
import random

import pytest
from development import CORPUS, needs_shared

from sashimi.flagship.data import corpus, jsonl, leaks
from sashimi.flagship.data.corpus import Corpus, CorpusError, Example
from sashimi.program import parse


def line(number: int, prompt: str | None = None, body: str | None = None) -> str:
    """One line of a corpus; bodies differ in skeleton with the number."""
    body = body or "\n".join(["ACTION vibrate"] * (number % 7 + 1) + [f"ACTION url x={number}"])
    words = random.Random(number).sample("abcdefghijklmnopqrstuvwxyz", 16)
    said = prompt if prompt is not None else f"{number} {''.join(words)}"
    return json.dumps(
        {
            "shortcut_id": f"s{number}",
            "messages": [
                {"role": "system", "content": "ignored"},
                {"role": "user", "content": said},
                {"role": "assistant", "content": f'SHORTCUT "N{number}"\n{body}\n'},
            ],
        }
    )


def write(path, lines) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_file_and_a_folder_are_read(tmp_path):
    write(tmp_path / "a.jsonl", [line(n) for n in range(40)])
    write(tmp_path / "b.jsonl", [line(n) for n in range(40, 60)])
    (tmp_path / "notes.txt").write_text("not a corpus")
    whole, part = corpus.load(tmp_path), corpus.load(tmp_path / "a.jsonl")
    assert len(whole.examples()) == 60
    assert len(part.examples()) == 40
    assert whole.skipped == []
    assert {e.id for e in part.examples()} == {f"s{n}" for n in range(40)}
    assert whole.digest != part.digest


def test_malformed_lines_are_named_and_skipped(tmp_path):
    file = tmp_path / "a.jsonl"
    bad = {
        3: "{not json",
        5: json.dumps({"shortcut_id": "x"}),
        7: line(7, prompt="   "),
        9: line(9, body="ACTION ="),
        11: json.dumps({"messages": json.loads(line(11))["messages"]}),
        13: "[1, 2]",
        15: line(15, body="ACTION comment WFCommentActionText=`only a comment`"),
    }
    write(file, [bad.get(n, line(n)) for n in range(1, 41)])
    found = corpus.load(file)
    assert [(name, number) for name, number, _ in found.skipped] == [(str(file), n) for n in bad]
    reasons = [reason for _, _, reason in found.skipped]
    for reason, part in zip(
        reasons,
        ("not JSON", "messages", "user is missing", "", "shortcut_id", "messages", "but comments"),
        strict=True,
    ):
        assert part in reason
    assert len(found.examples()) == 33


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "absent.jsonl", "no such file or folder"),
        (lambda p: p, r"no \*\.jsonl file"),
        (lambda p: ((p / "e.jsonl").write_text("") and None) or p / "e.jsonl", "no usable line"),
        (lambda p: (p / "m.jsonl").write_text("x\ny\n") and p / "m.jsonl", "line 1: not JSON"),
        (
            lambda p: (p / "o.jsonl").write_text(line(1)) and p / "o.jsonl",
            "1 distinct program",
        ),
    ],
)
def test_a_corpus_that_cannot_be_used_says_why(tmp_path, make, message):
    path = make(tmp_path)
    with pytest.raises(CorpusError, match=message) as caught:
        corpus.load(path)
    assert str(path) in str(caught.value)


def test_a_corpus_that_leaves_a_needed_split_empty_is_refused_before_training(tmp_path):
    same = [line(n, prompt=f"the same words for every prompt {n}") for n in range(1, 40)]
    write(tmp_path / "a.jsonl", same)
    with pytest.raises(CorpusError, match="leave nothing for dev and test: too many share"):
        corpus.load(tmp_path / "a.jsonl")


def test_skipped_lines_are_named(tmp_path):
    write(tmp_path / "a.jsonl", [line(n) for n in range(40)] + ["x", "[1]", "y"])
    found = corpus.load(tmp_path / "a.jsonl")
    assert [told.split(": ")[0] for told in found.skipped_lines()] == [
        f"skipped {tmp_path / 'a.jsonl'}:{n}" for n in (41, 42, 43)
    ]
    assert found.skipped_lines(most=1)[1:] == ["and 2 more"]


def test_a_limit_below_one_is_refused():
    with pytest.raises(CorpusError, match="at least 1"):
        corpus.load(limit=0)


def test_the_seed_shuffles_training_and_changes_nothing_else(tmp_path):
    write(tmp_path / "a.jsonl", [line(n) for n in range(60)])
    one, two = corpus.load(tmp_path), corpus.load(tmp_path, seed=5)
    assert one.train != two.train
    assert sorted(e.id for e in one.train) == sorted(e.id for e in two.train)
    assert (one.digest, one.dev, one.test) == (two.digest, two.dev, two.test)


def test_a_program_and_its_near_duplicates_stay_together(tmp_path):
    long = "please resize every photo that I pick to a width of 800 pixels and save it, number"
    lines = [line(n) for n in range(80)]
    lines += [line(100 + n, prompt=f"{long} {n}") for n in range(3)]  # near-duplicate prompts
    same = "ACTION wait\nACTION vibrate"
    lines += [line(200 + n, body=same + f'\nACTION comment a="{n}"') for n in range(3)]
    write(tmp_path / "a.jsonl", lines)
    found = corpus.load(tmp_path)
    split_of = {e.id: name for name in corpus.SPLITS for e in getattr(found, name)}
    assert len({split_of[f"s{n}"] for n in (100, 101, 102)}) == 1
    assert len({split_of[f"s{n}"] for n in (200, 201, 202)}) == 1
    for row in leaks.audit(found):
        assert (row.programs, row.exact_prompts, row.near_prompts) == (0, 0, 0)
        assert row.skeletons == 0 or row.right != "test_unseen"


def test_similarity_by_hand():
    # "abcde" has the 4-grams abcd, bcde; "abcdf" has abcd, bcdf: one of three is common
    ((_, block),) = leaks.similarities(["abcde", "ABC  DE"], ["abcdf", "abcde", "abc de"])
    assert block.ravel().tolist() == pytest.approx([1 / 3, 1.0, 0.0, 0.0, 0.0, 1.0], abs=1e-6)
    assert leaks.near_pairs(["abcde", "x"], ["abcde", "abcdf"]) == {(0, 0)}
    assert leaks.highest_similarity(["abcde"], ["abcdf"]) == pytest.approx(1 / 3)
    assert leaks.highest_similarity([], ["a"]) == 0.0


def test_the_audit_sees_each_kind_of_leak():
    def example(prompt: str, text: str) -> Example:
        return Example(prompt, prompt, parse(f'SHORTCUT "x"\n{text}'), "files")

    url, other = 'ACTION url a="1"', 'ACTION url a="2"'
    leaking = Corpus(
        "x",
        "",
        train=[example("open the first page of the book", url)],
        dev=[example("open the first page of the  BOOK", url)],
        test=[example("open the first page of the books", other)],
        test_unseen=[example("something else", "ACTION vibrate")],
    )
    rows = {(row.left, row.right): row for row in leaks.audit(leaking)}
    same = rows["train", "dev"]
    assert (same.programs, same.skeletons, same.exact_prompts, same.near_prompts) == (1, 1, 1, 1)
    near = rows["train", "test"]
    assert (near.programs, near.skeletons, near.exact_prompts, near.near_prompts) == (0, 1, 0, 1)
    # 31 letters, 28 grams, of which " the" and "the " come twice: 26, and one more with the "s"
    assert near.highest == pytest.approx(26 / 27, abs=1e-3)
    apart = rows["train", "test_unseen"]
    assert (apart.programs, apart.skeletons, apart.near_prompts) == (0, 0, 0)


def test_domains_follow_the_main_action():
    def domain(*names: str) -> str:
        return jsonl.domain_of(parse('SHORTCUT "x"\n' + "\n".join(f"ACTION {n}" for n in names)))

    assert domain("comment", "ask", "health.quantity.log") == "health"
    assert domain("url", "downloadurl") == "api"
    assert domain("url", "openurl") == "web_reading"
    assert domain("image.resize", "savetocameraroll") == "media"
    assert domain("addnewreminder") == "calendar_reminders"
    assert domain("bluetooth.set") == "home_device"
    assert domain("com.apple.Home.ToggleIntent") == "home_device"
    assert domain("getclipboard", "translate") == "clipboard_text"
    assert domain("comment") == "other"


@needs_shared
def test_the_real_corpus_is_read_whole_and_split_without_leaks():
    found = corpus.load(CORPUS.parent)
    assert found.skipped == []
    assert len(found.examples()) == 1671
    sizes = [len(getattr(found, name)) / 1671 for name in corpus.SPLITS]
    assert sizes == pytest.approx([0.78, 0.06, 0.08, 0.08], abs=0.015)
    for row in leaks.audit(found):
        assert (row.programs, row.exact_prompts, row.near_prompts) == (0, 0, 0)
        assert row.skeletons == 0 or row.right != "test_unseen"
