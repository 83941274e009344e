"""Domain head, semantic frame, scores and floors, by hand."""

import numpy as np
import pytest
import torch

from sashimi.flagship import domain, floors, score
from sashimi.flagship.intent import (
    COMPLEXITY,
    OTHER,
    Labels,
    complexity,
    constraints,
    read_frame,
)
from sashimi.flagship.retrieve import Index, vote
from sashimi.program import catalogue, parse

SHORT = parse('SHORTCUT "a"\nACTION vibrate\n')
LONG = parse(
    'SHORTCUT "b"\nACTION ask WFAskActionPrompt="Q"\nSET $x = @prev\nIF $x contains "y"\n'
    "ACTION vibrate\nENDIF\n"
)


def clouds(n=200):
    generator = torch.Generator().manual_seed(0)
    inside = torch.randn(n, 4, generator=generator) + torch.tensor([3.0, 0, 0, 0])
    return inside, torch.randn(n, 4, generator=generator) - torch.tensor([3.0, 0, 0, 0])


def test_a_domain_head_separates_and_holds_its_precision():
    inside, outside = clouds()
    head = domain.train_head([inside], outside, seed=0)
    domain.set_threshold(head, inside, outside, precision=0.99)
    scores = domain.score(head, inside, outside)
    assert scores.precision >= 0.99
    assert scores.recall > 0.9
    assert scores.auroc > 0.99
    again = domain.train_head([inside], outside, seed=0)
    assert torch.equal(again.weight, head.weight)


def test_a_threshold_that_nothing_reaches_is_the_highest_score():
    same = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    head = domain.train_head([same], same + 1e-6, seed=0)
    domain.set_threshold(head, same, same, precision=0.99)
    assert float(head.threshold) == float(head(same).max())


def test_clauses_are_the_short_requests_in_long_prompts():
    prompts = ["Log 5 mL of water, then set an alarm and finally show the news today. Ok"]
    found = domain.clauses(prompts, most=10, seed=0)
    assert sorted(found) == ["Log 5 mL of water", "show the news today", "then set an alarm"]
    assert len(domain.clauses(prompts, most=2, seed=0)) == 2


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
        "domain": torch.tensor([[1.0, 0.0]]),
        "intent": torch.tensor([[0.0, 1.0]]),
        "complexity": torch.eye(5)[2:3],
        "constraints": torch.tensor([[1.0, -1.0, -1.0, 1.0]]),
        "entities": torch.tensor([[-1.0, 1.0, 1.0, -1.0, 1.0, 9.0]]),
    }
    offsets = torch.tensor([(0, 4), (5, 8), (9, 12), (13, 15), (16, 18)])
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
    answers = floors.answers(vectors, programs, queries, known, asked)
    assert answers["constant"] == [SHORT, SHORT]
    assert answers["1-nearest neighbour"] == [LONG, SHORT]
    assert answers["linear probe"] == [LONG, SHORT]
    assert answers[floors.VOTE] == [LONG, SHORT]
    assert floors.answers(vectors, programs, queries[:0], known, [])["linear probe"] == []


def test_a_vote_weighs_its_neighbours_and_names_the_most_similar_of_the_winners():
    similar = np.array([[0.9, 0.5, 0.6, 0.1], [0.9, 0.3, 0.2, 0.8]])
    assert vote(similar, "abbc", voters=3) == [2, 0]  # 1.1 of b against 0.9; 0.9 of a, 0.8 of c


def test_similarity_is_the_mean_of_two_cosines():
    vectors = np.eye(2, dtype=np.float32)
    index = Index(["green tea", "black coffee"], vectors)
    found = index.similarity(["black coffee"], np.array([[0.6, 0.8]], dtype=np.float32))
    assert found.tolist() == [[pytest.approx(0.3), pytest.approx(0.9)]]
