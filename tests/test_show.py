"""The picture of a program: what stands in it, escaped, whole, and for every program."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cases import VALID
from hypothesis import given, settings
from strategies import programs

from sashimi.program import compile, parse, write
from sashimi.program.catalogue import load
from sashimi.program.commands import show_file
from sashimi.program.show import fragment, page, svg
from sashimi.program.show.rows import Piece, Row, rows
from sashimi.program.show.summaries import app, key_label, sign, table, title
from sashimi.program.tree import Program, walk

TEXT = """SHORTCUT "Tea <&> timer"
ACTION ask WFAskActionPrompt="How long?" WFInputType="Number" CustomOutputName="Minutes"
IF @prev is_greater_than 3
  ACTION showresult Text=`{@Minutes} is <b>long</b> at {@date format "HH:mm"}`
ELSE
  REPEAT 2
    ACTION vibrate
  ENDREPEAT
ENDIF
ACTION com.example.Stash.AddFileIntent fileName=$"My File" tags=["a", {"k": 1}]
"""


class Balanced(HTMLParser):
    """Tags that are open, and the visible text."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.text, self.names = [], [], []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.names.append(tag)
        if tag not in ("meta", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "path":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.text.append(data)


def told(row: Row) -> str:
    return " ".join(
        "".join(p.text for p in part.pieces) if hasattr(part, "pieces") else part.text
        for part in row.sentence
    )


def test_rows_read_as_sentences_and_nest() -> None:
    ask, begin, inside, other, deeper, end, app_row = rows(parse(TEXT))
    assert told(ask) == "Ask for Number : How long?" and ask.output == "Minutes"
    assert told(begin) == "If Minutes is greater than 3"
    assert told(inside[0]) == "Show Minutes is <b>long</b> at Current Date"
    assert [told(row) for row in (other, end)] == ["Otherwise", "End If"]
    assert told(deeper[0]) == "Repeat 2 times" and told(deeper[1][0]) == "Vibrate"
    assert told(app_row) == "Add File in Stash"
    assert app_row.rest[0] == ("File name", (Piece("token", "My File"),))


def test_the_page_is_whole_escaped_and_needs_nothing() -> None:
    html = page(parse(TEXT))
    read = Balanced(html)
    assert read.open == [] and "b" not in read.names and "script" not in read.names
    assert "<title>Tea &lt;&amp;&gt; timer</title>" in html
    shown = "".join(read.text)
    assert "Minutes is <b>long</b> at Current Date›" not in shown
    assert "is <b>long</b> at " in shown and "6 actions" in shown
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    assert "prefers-color-scheme" in html or "light-dark(" in html


def test_a_notebook_shows_the_picture() -> None:
    program = parse(TEXT)
    assert program._repr_html_() == fragment(program) and "<!doctype" not in fragment(program)


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_every_kind_of_statement_is_drawn(text: str) -> None:
    program = parse(text)
    assert Balanced(page(program)).open == []
    count = sum(1 for _ in walk(program.body))
    assert f"<p>{count} action{'' if count == 1 else 's'}</p>" in page(program)


@settings(max_examples=30, deadline=None)
@given(programs)
def test_any_program_is_drawn(program: Program) -> None:
    assert Balanced(fragment(program)).open == []
    ElementTree.fromstring(svg(program))


def test_the_estimated_height_grows_with_the_rows() -> None:
    heights = []
    for count in (1, 10, 40):
        text = 'SHORTCUT "A"\n' + "ACTION vibrate\n" * count
        heights.append(int(ElementTree.fromstring(svg(parse(text))).get("height")))
    assert heights[0] < heights[1] < heights[2] and heights[2] - heights[1] >= 30 * 58


def test_names_as_words() -> None:
    assert title("com.example.Stash.AddFileIntent") == "Add File"
    assert app("com.example.Stash.AddFileIntent") == "Stash" and app("text.split") == ""
    assert [key_label(key) for key in ("WFHTTPMethod", "show_when_run", "x")] == [
        "HTTP method",
        "Show when run",
        "X",
    ]
    assert (sign("downloadurl"), sign("SET"), sign("com.example.Foo.Bar")) == (
        "web",
        "variable",
        "app",
    )


def test_every_sentence_names_keys_of_its_action() -> None:
    known = load()
    for name, sentence in table()["sentences"].items():
        spec = known.find(name)
        keys = set(re.findall(r"\{(\w+)", sentence))
        assert spec is not None and keys <= set(spec.params), (name, keys - set(spec.params))


def test_the_command(tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.dsl"
    path.write_text(TEXT)
    assert show_file(str(path)) == 0
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    write(compile(parse('SHORTCUT "A"\nACTION vibrate\n')), tmp_path / "b.shortcut")
    assert show_file(str(tmp_path / "b.shortcut"), str(tmp_path / "b.svg")) == 0
    assert (tmp_path / "b.svg").read_text().startswith("<svg ")
    path.write_text("SHORTCUT")
    assert show_file(str(path)) == 1
