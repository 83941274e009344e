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


def test_a_fifth_of_a_chunk_is_peoples():
    mixture = spoken.mixture(0, LIMIT)
    from_people = {e.id for e in mixture.people}
    chunk = mixture(0)
    assert len(chunk) == LIMIT
    assert sum(e.id in from_people for e in chunk) == round(spoken.SHARE * LIMIT)


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
