"""The shapes that a plan may have: which control structures stand around which steps."""

from __future__ import annotations

from sashimi.flagship.builtin.grammar import Step
from sashimi.flagship.builtin.plan import (
    Check,
    Choice,
    Each,
    Node,
    Run,
    Sampler,
    Test,
    Times,
    Use,
    kind_of,
    use,
)

Plan = tuple[Node, ...]

BRIEF = 0.6
"""The share of plans that do one thing and no more: most of what people say to a phone is short."""


def sample(sampler: Sampler, step: Step) -> Plan:
    """A plan in which this step, of a domain, has the leading part."""
    if sampler.rng.random() < BRIEF:
        return _brief(sampler, step)
    if step.kind == "effect":
        return _around_effect(sampler, step)
    if step.kind == "test":
        return (_test(sampler, step, step.domain),)
    if step.kind == "sink":
        head = sampler.source(step.takes, step.domain, many=step.needs_many)
        return _around_value(sampler, head, step.domain, use(step))
    head = sampler.back(step, step.domain)
    head = sampler.onward(head, step.domain, sampler.rng.choice((0, 0, 0, 1, 1, 2)))
    return _around_value(sampler, _used(sampler, head, step.domain), step.domain, None)


def _brief(sampler: Sampler, step: Step) -> Plan:
    """The step with as little around it as it needs: a value to use, a place to put one."""
    if step.kind == "effect":
        return (Run((use(step),)),)
    if step.kind == "test":
        return (Test(use(step), sampler.effects(step.domain, 1), None),)
    if step.kind == "sink":
        head = sampler.source(step.takes, step.domain, many=step.needs_many, deep=True)
        return (Run(head, (use(step),)),)
    head = _used(sampler, sampler.back(step, step.domain, deep=True), step.domain)
    return (Run(head, sampler.sinks(kind_of(head)[0], step.domain, 1)),)


def _used(sampler: Sampler, head: tuple[Use, ...], domain: str) -> tuple[Use, ...]:
    """The head, with transforms until some step can use up what it makes."""
    while not sampler.consumers(kind_of(head)[0]):
        head = sampler.onward(head, domain, 1)
    return head


def _around_effect(sampler: Sampler, step: Step) -> Plan:
    rng, domain = sampler.rng, step.domain
    first = Run((use(step),))
    shape = rng.choices(
        ("row", "test", "menu", "repeat", "check", "nested"), (40, 17, 17, 8, 10, 8)
    )[0]
    if shape == "row":
        count = rng.choice((0, 0, 1, 1, 2, 3))
        return (first, *sampler.effects(domain, count, 0.35))
    if shape == "test":
        lead = sampler.effects(domain, rng.choice((0, 0, 1)))
        return (*lead, _test(sampler, _any_test(sampler, domain), domain, (first,)))
    if shape == "menu":
        lead = sampler.effects(domain, rng.choice((0, 0, 0, 1)))
        return (*lead, _menu(sampler, domain, (first,)))
    if shape == "repeat":
        body = (first, *sampler.effects(domain, rng.choice((0, 1, 1, 2)), 0.5))
        return (Times(Use(None, ("small",)), body),)
    if shape == "check":
        head = sampler.source(frozenset(("text", "number", "date")), domain, many=False)
        return (_check(sampler, head, domain, (first,)),)
    inner = _test(sampler, _any_test(sampler, domain), domain, (first,))
    outer = rng.choice(("menu", "repeat", "test"))
    if outer == "menu":
        return (_menu(sampler, domain, (inner,)),)
    if outer == "repeat":
        return (Times(Use(None, ("small",)), (*sampler.effects(domain, 1), inner)),)
    return (Test(use(_any_test(sampler, domain)), (inner,), None),)


def _around_value(sampler: Sampler, head: tuple[Use, ...], domain: str, sink: Use | None) -> Plan:
    rng = sampler.rng
    gives, many = kind_of(head)
    shapes = {"plain": 42, "two": 12, "after": 10, "check": 16, "test": 8, "menu": 8, "before": 6}
    if many:
        shapes |= {"each": 45, "each_check": 14, "plain": 25}
    shape = rng.choices(tuple(shapes), tuple(shapes.values()))[0]
    tail = (sink,) if sink else sampler.sinks(gives, domain, 1)
    if shape == "two":
        extra = [u for u in sampler.sinks(gives, domain, 2) if u not in tail]
        return (Run(head, (*tail, *extra[:1])),)
    if shape == "after":
        return (Run(head, tail), *sampler.effects(domain, 1, 0.4))
    if shape == "before":
        return (*sampler.effects(domain, 1, 0.4), Run(head, tail))
    if shape == "check" and _checks(sampler, head):
        return (_check(sampler, head, domain, (Run((), tail),)),)
    if shape == "test":
        return (_test(sampler, _any_test(sampler, domain), domain, (Run(head, tail),)),)
    if shape == "menu":
        return (_menu(sampler, domain, (Run(head, tail),)),)
    if shape == "each":
        return (Each(head, (_item_run(sampler, gives, domain, tail),)),)
    if shape == "each_check" and _checks(sampler, head, item=True):
        return (Each(head, (_check(sampler, head, domain, (Run((), tail),), item=True),)),)
    return (Run(head, tail),)


def _item_run(sampler: Sampler, gives: str, domain: str, tail: tuple[Use, ...]) -> Run:
    """What is done with each item: at times a transform first, then the sink or another one."""
    if sampler.rng.random() < 0.55:
        return Run((), tail)
    fits = [
        s
        for s in sampler.near(sampler.grammar.of("transform"), domain)
        if gives in s.takes and not s.needs_many
    ]
    step = sampler.pick(fits)
    if step is None:
        return Run((), tail)
    if step.gives in tail[0].step.takes:
        return Run((use(step),), tail)
    return (
        Run((use(step),), sampler.sinks(step.gives, domain, 1))
        if sampler.consumers(step.gives)
        else Run((), tail)
    )


def _any_test(sampler: Sampler, domain: str) -> Step:
    return sampler.pick(sampler.near(sampler.grammar.of("test"), domain, 0.5))


def _branch(sampler: Sampler, domain: str) -> Plan:
    return sampler.effects(domain, sampler.rng.choice((1, 1, 1, 2)), 0.4)


def _test(sampler: Sampler, step: Step, domain: str, then: Plan | None = None) -> Test:
    then = then or _branch(sampler, domain)
    single = not any(isinstance(node, Test | Check | Choice | Times | Each) for node in then)
    orelse = _branch(sampler, domain) if single and sampler.rng.random() < 0.5 else None
    return Test(use(step), then, orelse)


def _checks(sampler: Sampler, head: tuple[Use, ...], *, item: bool = False) -> list[Step]:
    gives, many = kind_of(head)
    several = many and not item
    return [
        s
        for s in sampler.grammar.of("check")
        if gives in s.takes and (s.value is None) >= several and not (item and s.value is None)
    ]


def _check(
    sampler: Sampler, head: tuple[Use, ...], domain: str, then: Plan, *, item: bool = False
) -> Check:
    rng = sampler.rng
    step = sampler.pick(_checks(sampler, head, item=item))
    negated = bool(step.unless) and rng.random() < 0.4
    orelse = None
    if not negated and rng.random() < 0.5:
        value = sampler.sinks(kind_of(head)[0], domain, 1)
        orelse = (Run((), value),) if rng.random() < 0.4 else _branch(sampler, domain)
    return Check(() if item else head, use(step), negated, then, orelse)


def _menu(sampler: Sampler, domain: str, first: Plan) -> Choice:
    rng = sampler.rng
    cases = [first]
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        cases.append(_branch(sampler, domain))
    if not any(isinstance(node, Test) for node in first):
        rng.shuffle(cases)
    else:
        cases.reverse()  # what is nested comes last, where its words end
    titles = tuple(f"choice#{n}" for n in range(1, len(cases) + 1))
    question = ("question",) if rng.random() < 0.45 else ()
    return Choice(Use(None, (*titles, *question)), tuple(cases))
