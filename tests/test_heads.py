"""Semantic frame, scores and floors, by hand."""

import numpy as np
import pytest

from sashimi.flagship.judge import floors, score
from sashimi.flagship.model.frame import (
    COMPLEXITY,
    OTHER,
    Labels,
    complexity,
    constraints,
    read_frame,
)
from sashimi.program import catalogue, parse
from sashimi.retrieve import Index, vote

SHORT = parse('SHORTCUT "a"\nACTION vibrate\n')
LONG = parse(
    'SHORTCUT "b"\nACTION ask WFAskActionPrompt="Q"\nSET $x = @prev\nIF $x contains "y"\n'
    "ACTION vibrate\nENDIF\n"
)


def test_the_primary_intent_is_the_rarest_action():
    labels = Labels.of(["d"] * 4, [SHORT, SHORT, SHORT, LONG], least=1)
    assert labels.frequency == {"vibrate": 4, "ask": 1}
    assert labels.primary(LONG) == "ask"
    assert labels.intents == ("ask", "vibrate", OTHER)
    targets = labels.targets("elsewhere", LONG)
    assert targets == {
        "domain": [1],
        "intent": [0],
        "complexity": [1],
        "constraints": [1, 0, 0, 1],
    }


def test_constraints_and_complexity():
    assert constraints(SHORT) == [0, 0, 0, 0]
    assert COMPLEXITY[complexity(SHORT)] == "1–2"
    assert COMPLEXITY[complexity(LONG)] == "3–4"


def test_a_frame_joins_neighbouring_pieces():
    labels = Labels(("d", OTHER), ("i", OTHER), {})
    logits = {
        "domain": np.array([1.0, 0.0]),
        "intent": np.array([0.0, 1.0]),
        "complexity": np.eye(5)[2],
        "constraints": np.array([1.0, -1.0, -1.0, 1.0]),
        "entities": np.array([-1.0, 1.0, 1.0, -1.0, 1.0, 9.0]),
    }
    offsets = [(0, 4), (5, 8), (9, 12), (13, 15), (16, 18)]
    frame = read_frame(logits, labels, "call Ana Lee at 17", offsets)
    assert frame.entities == ("Ana Lee", "17")
    assert (frame.domain, frame.intent, frame.complexity) == ("d", OTHER, "5–8")
    assert frame.constraints == ("condition", "variable")


def test_scores_by_hand():
    other = parse(
        'SHORTCUT "c"\nACTION comment WFCommentActionText="x"\n'
        'ACTION ask WFAskActionPrompt="R"\nSET $x = @prev\nIF $x contains "y"\n'
        "ACTION vibrate\nENDIF\n"
    )
    row = score.score(LONG, other, catalogue.load())
    assert row["skeleton_exact"] == row["action_f1"] == row["key_f1"] == 1.0
    assert row["program_exact"] == 0.0
    assert row["value_accuracy"] == pytest.approx(1 / 2)  # "y" is there, "Q" is not
    assert row["compile_strict"] == row["parse"] == 1.0
    assert score.score(LONG, None, catalogue.load())["compile_permissive"] == 0.0
    half = score.right(LONG, SHORT)
    assert half["action_f1"] == pytest.approx(2 / 3)
    assert half["skeleton_exact"] == 0.0


def test_not_well_formed_is_seen():
    broken = parse('SHORTCUT "d"\nACTION showresult Text=`{$never_set}`\n')
    row = score.well_formed(broken, catalogue.load())
    assert (row["parse"], row["validate_strict"], row["compile_strict"]) == (1.0, 0.0, 0.0)
    before = parse('SHORTCUT "e"\nIF @input is_before `{@date}`\nENDIF\n')
    assert score.well_formed(before, catalogue.load())["runtime_unverified"] == 1.0


def test_floors_answer_from_train():
    vectors = np.eye(4, dtype=np.float32)
    programs = [SHORT, SHORT, LONG, SHORT]
    queries = np.array([[0, 0, 1, 0], [1, 0, 0, 0]], dtype=np.float32)
    known, asked = ["fog", "fog now", "rain", "snow"], ["more rain", "fog"]
    fitted = floors.Floors(known, vectors, programs)
    answers = fitted.answers(asked, queries)
    assert answers["constant"] == [SHORT, SHORT]
    assert answers["1-nearest neighbour"] == [LONG, SHORT]
    assert answers["linear probe"] == [LONG, SHORT]
    assert answers[floors.VOTE] == [LONG, SHORT]
    assert fitted.answers([], queries[:0])["linear probe"] == []


def test_a_vote_weighs_its_neighbours_and_names_the_most_similar_of_the_winners():
    similar = np.array([[0.9, 0.5, 0.6, 0.1], [0.9, 0.3, 0.2, 0.8]])
    assert vote(similar, "abbc", voters=3) == [2, 0]  # 1.1 of b against 0.9; 0.9 of a, 0.8 of c


def test_similarity_is_the_mean_of_two_cosines():
    vectors = np.eye(2, dtype=np.float32)
    index = Index(["green tea", "black coffee"], vectors)
    found = index.similarity(["black coffee"], np.array([[0.6, 0.8]], dtype=np.float32))
    assert found.tolist() == [[pytest.approx(0.3), pytest.approx(0.9)]]
