"""What another run gives: its weights at first, its answers beside the truth."""

import pytest
import torch
from rows import smoke

from sashimi import result
from sashimi.errors import BadInput
from sashimi.flagship import learn, run_folder, warm_start
from sashimi.flagship.data import corpus as corpora
from sashimi.flagship.data.batches import Dataset
from sashimi.flagship.data.prepared import IGNORED
from sashimi.flagship.model import loss
from sashimi.flagship.model.network import Network
from sashimi.flagship.teach import Teachers

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def corpus():
    return corpora.load("builtin", limit=100)


@pytest.fixture(scope="module")
def runs(corpus, tmp_path_factory):
    """A folder of finished runs: two continuous ones of two seeds, and one of another corpus."""
    base = tmp_path_factory.mktemp("runs")
    other = corpora.load("builtin", limit=120)
    for name, data, changes in (
        ("one", corpus, {}),
        ("two", corpus, {"seed": 1, "decoder_width": 16}),
        ("foreign", other, {}),
    ):
        folder = base / name / "seed0"
        learn.learn(data, smoke(ternary=False, **changes), folder, say=lambda line: None)
        (folder / result.NAME).write_text("{}")
    return base


def whole_of(runs, name="one"):
    return run_folder.read(runs / name / "seed0")


def a_batch(corpus, whole):
    data = Dataset(corpus.train[:12], whole.vocabulary, whole.literals, whole.labels)
    return data.batch(range(12))


def test_the_loss_is_the_papers_to_the_number(runs, corpus):
    """T² sum p log(p / q) over counted tokens, p the mean of two teachers (Hinton et al. 2015)."""
    one, two = whole_of(runs), whole_of(runs, "two")
    batch = a_batch(corpus, one)
    settings = smoke(teachers="one, two", teacher_temperature=3.0)
    teachers = Teachers.of(settings, runs / "student" / "seed0", one.vocabulary, CPU)
    counted = int((batch.targets != IGNORED).sum())
    student = torch.randn(counted, len(one.vocabulary)).double()
    with torch.no_grad():
        own = one.network(batch).logits
        logits = [w.network(batch).logits.double() for w in (one, two)]
    p = sum(torch.exp(x / 3) / torch.exp(x / 3).sum(-1, keepdim=True) for x in logits) / 2
    q = torch.exp(student / 3) / torch.exp(student / 3).sum(-1, keepdim=True)
    each = (p * (p / q).log()).sum(-1)
    wanted = 9 * each.mean()
    assert float(teachers.loss(batch, student)) == pytest.approx(float(wanted.detach()), rel=1e-5)
    assert float(Teachers((one.network,), 0.5, 2.0).loss(batch, own)) == pytest.approx(0, abs=1e-6)


def test_teachers_take_their_share_of_the_token_loss(runs, corpus):
    one = whole_of(runs)
    batch = a_batch(corpus, one)
    plain, parts = loss.training_loss(one.network, batch)
    teachers = Teachers((whole_of(runs, "two").network,), 0.25, 2.0)
    mixed, taught = loss.training_loss(one.network, batch, teachers)
    wanted = plain - 0.25 * parts["tokens"] + 0.25 * taught["teachers"]
    assert float(mixed.detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)


def test_only_the_student_learns(runs, corpus, tmp_path):
    teacher = whole_of(runs).network.requires_grad_(False)
    student = whole_of(runs, "two")
    before = {k: v.clone() for k, v in teacher.state_dict().items()}
    loss.training_loss(student.network, a_batch(corpus, student), Teachers((teacher,), 1.0, 2.0))[
        0
    ].backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert student.network.decoder.embed.weight.grad.abs().sum() > 0
    assert all(torch.equal(v, before[k]) for k, v in teacher.state_dict().items())


def test_a_run_that_is_missing_or_of_another_vocabulary_is_named(runs, corpus):
    folder, say = runs / "student" / "seed0", lambda line: None
    for knob in ("teachers", "start"):
        with pytest.raises(BadInput, match=r"nowhere.seed0: not finished"):
            learn.learn(corpus, smoke(**{knob: "nowhere"}), folder, say)
    with pytest.raises(BadInput, match=r"foreign.seed0: cannot teach, its vocabulary is another"):
        learn.learn(corpus, smoke(teachers="foreign"), folder, say)
    with pytest.raises(BadInput, match="cannot teach, its neighbours is another"):
        learn.learn(corpus, smoke(teachers="one", neighbours=2), folder, say)
    assert not folder.exists()


def test_builtin_asks_for_the_run_beside_the_foreign_corpus(tmp_path):
    """Rows of a foreign corpus carry its name; "builtin/" goes back to those that carry none."""
    for row in ("00_full", "00_full-real"):
        (tmp_path / row / "seed3").mkdir(parents=True)
        for name in (run_folder.WEIGHTS, result.NAME):
            (tmp_path / row / "seed3" / name).touch()
    ours = tmp_path / "80_row-real" / "seed3"
    assert run_folder.finished(ours, "00_full") == tmp_path / "00_full-real" / "seed3"
    assert run_folder.finished(ours, "builtin/00_full") == tmp_path / "00_full" / "seed3"
    with pytest.raises(BadInput, match="not finished"):
        run_folder.finished(tmp_path / "80_row-real" / "seed4", "builtin/00_full")


def fresh(whole, settings, seed=5):
    torch.manual_seed(seed)
    return Network(settings, whole.labels, len(whole.vocabulary), len(whole.literals.values))


def test_a_run_of_the_same_corpus_lends_everything(runs):
    one = whole_of(runs)
    network = fresh(one, smoke())
    rows = warm_start.rows_of(one.vocabulary, one.literals, one.labels)
    lent, size = warm_start.lend(runs / "one" / "seed0", network, rows)
    spare = one.network.filler.values.weight.shape[1]  # the row of no literal
    assert lent == size - spare
    for name, tensor in network.state_dict().items():
        if name not in rows and not name.endswith("share"):
            assert torch.equal(tensor, one.network.state_dict()[name]), name


def test_rows_go_by_what_they_stand_for(runs, corpus):
    """Tokens, literals and labels of another corpus: what both have is lent, the rest kept."""
    ours, theirs = whole_of(runs), whole_of(runs, "foreign")
    assert ours.vocabulary.tokens != theirs.vocabulary.tokens
    network, untouched = fresh(ours, smoke()), fresh(ours, smoke())
    rows = warm_start.rows_of(ours.vocabulary, ours.literals, ours.labels)
    warm_start.lend(runs / "foreign" / "seed0", network, rows)
    given = theirs.network.decoder.embed.weight
    for index, token in enumerate(ours.vocabulary.tokens):
        if token in theirs.vocabulary.ids:
            wanted = given[theirs.vocabulary.ids[token]]
        else:
            wanted = untouched.decoder.embed.weight[index]
        assert torch.equal(network.decoder.embed.weight[index], wanted), token
    place = {name: i for i, name in enumerate(theirs.labels.intents)}
    for index, name in enumerate(ours.labels.intents):
        source = theirs.network if name in place else untouched
        wanted = source.intent.heads["intent"].bias[place.get(name, index)]
        assert network.intent.heads["intent"].bias[index] == wanted, name
    for index, literal in enumerate(ours.literals.values):
        known = theirs.literals.index.get(literal)
        wanted = (
            untouched.filler.bias[index] if known is None else theirs.network.filler.bias[known]
        )
        assert network.filler.bias[index] == wanted
    assert torch.equal(network.bridge.project.weight, theirs.network.bridge.project.weight)


def test_a_run_of_which_nothing_fits_is_refused(runs):
    network = torch.nn.Linear(3, 3)
    with pytest.raises(BadInput, match="nothing of it fits"):
        warm_start.lend(runs / "one" / "seed0", network, {})


def test_reading_a_run_leaves_the_random_numbers_alone(runs):
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    whole_of(runs)
    assert torch.equal(torch.rand(3), wanted)


def test_every_knob_of_another_run_is_alive(runs, corpus, tmp_path):
    """Each changes the trained weights; a teacher of no weight changes nothing."""
    taught = {"teachers": "one"}
    rows = {
        "plain": {},
        "start": {"start": "one"},
        "no weight": {**taught, "teacher_weight": 0.0},
        "teachers": taught,
        "two teachers": {"teachers": "one,two"},
        "teacher_weight": {**taught, "teacher_weight": 0.9},
        "teacher_temperature": {**taught, "teacher_temperature": 5.0},
    }
    ends = {}
    for name, changes in rows.items():
        folder = runs / f"alive {name}" / "seed0"
        whole = learn.learn(corpus, smoke(**changes), folder, say=lambda line: None).sashimi
        tensors = [p.detach().flatten() for p in whole.network.parameters()]
        ends[name] = torch.cat(tensors).double().sum().item()
    assert ends.pop("no weight") == ends["plain"]
    assert len(set(ends.values())) == len(rows) - 1


def test_a_killed_student_resumes_to_the_same_end(runs, corpus):
    """The teachers and the lender leave no trace in what a checkpoint keeps."""
    settings = smoke(teachers="one", start="two", decoder_width=16, checkpoint_every=4)
    ends = []
    for name in ("whole", "cut"):
        folder = runs / f"resumed {name}" / "seed0"
        learn.learn(corpus, settings, folder, say=lambda line: None)
        if name == "cut":  # as if killed after its last checkpoint
            learn.learn(corpus, settings, folder, say=lambda line: None)
        ends.append(run_folder.read(folder).network.state_dict())
    assert all(torch.equal(tensor, ends[1][key]) for key, tensor in ends[0].items())
