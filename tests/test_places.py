"""What may stand where beyond what training showed, on hand-made places."""

from sashimi.program import catalogue
from sashimi.program.ir.places import opened

PLACES = {
    "statement": {
        "ACTION gettext",
        "ACTION setclipboard",
        "ACTION text.changecase",
        "ACTION savetocameraroll",
    },
    "ACTION gettext": {"key:WFTextActionText"},
    "gettext key:WFTextActionText": {"<text>", "<interp>"},
    "ACTION setclipboard": {"key:WFInput"},
    "setclipboard key:WFInput": {"$1"},
    "ACTION text.changecase": {"key:WFCaseType"},
    "text.changecase key:WFCaseType": {'="UPPERCASE"'},
    "other": {"@prev", '="lowercase"'},
}


def test_a_parameter_that_held_one_reference_may_hold_any():
    assert opened(PLACES, catalogue.load())["setclipboard key:WFInput"] == {"$1", "@prev"}


def test_a_listed_value_is_any_of_the_list_that_the_corpus_knows():
    found = opened(PLACES, catalogue.load())["text.changecase key:WFCaseType"]
    assert found == {'="UPPERCASE"', '="lowercase"'}


def test_an_action_may_be_given_what_others_show():
    wider = opened(PLACES, catalogue.load())
    assert wider["ACTION savetocameraroll"] == {"key:WFInput"}
    assert wider["savetocameraroll key:WFInput"] == {"$1", "@prev"}
    assert "key:WFInput" not in wider["ACTION gettext"]  # no parameter of its


def test_what_training_showed_stays():
    wider = opened(PLACES, catalogue.load())
    assert all(seen <= wider[place] for place, seen in PLACES.items())
