"""Hypothesis strategies for programs, values and the texts inside them."""

from __future__ import annotations

from hypothesis import strategies as st

from sashimi.program.conditions import CONDITIONS
from sashimi.program.tree import (
    Action,
    Case,
    Dict,
    ForEach,
    Handle,
    Headers,
    If,
    Interp,
    List,
    Menu,
    Program,
    Quantity,
    Repeat,
    Set,
    Var,
)

ACTIONS = (
    "gettext",
    "ask",
    "alert",
    "comment",
    "text.split",
    "downloadurl",
    "dictionary",
    "list",
    "number",
    "appendvariable",
    "com.apple.mobiletimer-framework.MobileTimerIntents.MTCreateAlarmIntent",
    "company.thebrowser.ArcMobile2.SearchIntent",
)
KEYS = (
    "WFTextActionText",
    "WFAlertActionMessage",
    "WFItems",
    "WFInput",
    "WFHTTPHeaders",
    "WFVariableName",
    "CustomOutputName",
    "text",
    "SET",
    "true",
    "_k1",
)

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
texts |= st.sampled_from(
    ("`", '"', "\\", "\\n", "{@prev}", "{", "{{$", "\n\r\t", "😀{x}", "#", "￼")
)
words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True) | st.just("größe")
variables = st.builds(Var, words | st.sampled_from(("Repeat_Item", "Repeat_Index_2")))
handles = st.builds(
    Handle, words | st.sampled_from(("prev", "input", "Ask", "item", "date", "gettext", "ask"))
)
references = variables | handles
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def _merged(parts: list) -> Interp:
    out: list = []
    for part in parts:
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        elif part != "":
            out.append(part)
    return Interp(tuple(out))


interps = st.lists(texts | references, max_size=5).map(_merged)
titles = texts | interps
scalars = texts | numbers | st.booleans() | references | interps


def _composite(values: st.SearchStrategy) -> st.SearchStrategy:
    items = st.lists(st.tuples(titles, values), max_size=3).map(tuple)
    return (
        st.builds(Quantity, numbers | references, texts | references)
        | st.builds(Dict, items)
        | st.builds(Headers, items)
        | st.builds(List, st.lists(values, max_size=3).map(tuple))
    )


values = st.recursive(scalars, _composite, max_leaves=6)


@st.composite
def actions(draw: st.DrawFn) -> Action:
    """An action whose keys are all different."""
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True))
    return Action(draw(st.sampled_from(ACTIONS)), tuple((key, draw(values)) for key in keys))


simple = actions() | st.builds(Set, words, values)


def _nested(statements: st.SearchStrategy) -> st.SearchStrategy:
    block = st.lists(statements, max_size=3).map(tuple)
    cases = st.lists(st.builds(Case, titles, block), min_size=1, max_size=3).map(tuple)
    return (
        st.builds(
            If,
            references,
            st.sampled_from(CONDITIONS),
            st.none() | scalars,
            block,
            st.none() | block,
        )
        | st.builds(Menu, titles, cases)
        | st.builds(Repeat, numbers | references, block)
        | st.builds(ForEach, references, block)
    )


statements = st.recursive(simple, _nested, max_leaves=8)
programs = st.builds(Program, texts, st.lists(statements, max_size=5).map(tuple))
