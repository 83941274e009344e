"""The spoken corpus: the stream with people's phrasings in it, chunk by chunk, and its splits."""

from collections import Counter

from sashimi.flagship import people
from sashimi.flagship.data import leaks, spoken

LIMIT = 60


def test_a_chunk_is_a_function_of_seed_and_number():
    mixture = spoken.mixture(0, LIMIT)
    assert mixture(3) == mixture(3)
    assert mixture(3) != mixture(4)
    assert mixture(3) != spoken.mixture(1, LIMIT)(3)


def test_half_of_a_chunk_comes_from_people_also_retold_and_joined():
    mixture = spoken.mixture(0, LIMIT)
    known = {e.id: e for e in mixture.people}
    chunk = [e for number in range(4) for e in mixture(number)]
    theirs = [e for e in chunk if not e.id.startswith("stream")]
    assert len(theirs) == 4 * round(spoken.SHARE * LIMIT)
    joined = [e for e in theirs if e.id.startswith("join-")]
    assert 0.2 < len(joined) / len(theirs) < 0.5
    retold = [e for e in theirs if e.id in known and e.prompt != known[e.id].prompt]
    assert len(retold) > 5


def test_what_is_judged_is_never_drawn():
    corpus, mixture = spoken.load(LIMIT), spoken.mixture(0, LIMIT)
    drawn = [*mixture(0), *mixture(1), *mixture.people]
    programs = {leaks.program_key(e.program) for e in drawn}
    skeletons = {leaks.skeleton_key(e.program) for e in drawn if e.id.startswith("stream")}
    frozen = {leaks.program_key(gold) for item in people.test() for gold in item.golds}
    assert not frozen & {leaks.program_key(e.program) for e in mixture.people}
    assert not programs & {leaks.program_key(e.program) for e in corpus.test}
    assert not skeletons & {leaks.skeleton_key(e.program) for e in corpus.test_unseen}


def test_the_splits_are_not_empty():
    sizes = Counter({s: len(getattr(spoken.load(LIMIT), s)) for s in leaks.SPLITS})
    assert min(sizes.values()) >= 4
