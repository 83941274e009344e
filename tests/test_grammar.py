"""The tables that lie beside the grammar."""

from __future__ import annotations

import json
from importlib.resources import files

from cases import VALID

from sashimi.program.text import grammar


def stored():
    return json.loads(files("sashimi.program.text").joinpath(grammar.TABLES).read_text("utf-8"))


def test_the_stored_tables_are_those_of_the_grammar():
    made = json.loads(json.dumps(grammar.tables()))
    assert stored()["made_from"] == made["made_from"], "run python scripts/build_tables.py"
    assert made["data"].keys() == stored()["data"].keys()


def test_the_parser_of_the_tables_reads_as_the_parser_of_the_grammar():
    built, read = grammar._build(), grammar.parser()
    for text in VALID.values():
        assert read.parse(f"{text}\n") == built.parse(f"{text}\n")


def test_tables_of_another_grammar_are_made_anew(monkeypatch):
    monkeypatch.setattr(grammar, "_origin", lambda: "another")
    grammar.parser.cache_clear()
    try:
        assert grammar.parser().options.lexer == "contextual"
        assert grammar.parser().options.source_path != "<deserialized>"
    finally:
        grammar.parser.cache_clear()
