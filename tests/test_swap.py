"""People's sentences about other things, and several of them in one."""

import random
import re

import pytest

from sashimi.flagship import people
from sashimi.flagship.builtin.stream import kept_for
from sashimi.flagship.data import leaks, normal, phrases
from sashimi.flagship.data.example import Example
from sashimi.flagship.data.literals import Literals, slots_of
from sashimi.flagship.people import join, swap
from sashimi.flagship.people.slips import slipped
from sashimi.program import catalogue, parse, render, tiers, tree, validate


@pytest.fixture(scope="module")
def examples():
    return [
        Example(f"{item.id}/{n}", prompt, item.golds[0], "", style)
        for item in people.read(people.FOLDER / "train_alarms.yaml")
        for n, (style, prompt) in enumerate(item.say)
    ]


def example(prompt: str, body: str) -> Example:
    return Example("one", prompt, parse(f'SHORTCUT "One"\n{body}'), "", "spoken")


def keys(name: str) -> list[str]:
    spec = catalogue.find(name)
    return [
        f"{key}{end}" for key in (spec.params if spec else {}) for end in ("", " item", " value")
    ]


@pytest.fixture
def own(monkeypatch):
    """Only what the examples themselves are about."""
    monkeypatch.setattr(swap, "content", lambda context, after_to: [])


def test_a_value_changes_in_prompt_and_program_together(own):
    text = 'ACTION sendmessage WFSendMessageActionRecipients="{}" WFSendMessageContent="{}"'
    said = [
        example("text ana im late", text.format("Ana", "I'm late")),
        example("message Bo see you soon", text.format("Bo", "See you soon")),
    ]
    retold = swap.Swap.of(said)
    found = {(e.prompt, render(e.program)) for e in (retold(said[0], random.Random(n))
             for n in range(60))}  # fmt: skip
    prompts = {prompt for prompt, _ in found}
    assert {"text ana im late", "text bo im late"} <= prompts and len(prompts) == len(found)
    for prompt, program in found:
        assert ("bo" in prompt) == ('Recipients="Bo"' in program)
        assert ("see you soon" in prompt) == ('Content="See you soon"' in program)


def test_a_sentence_is_said_about_what_no_sentence_of_its_action_is_about():
    said = [example("define ennui", 'ACTION showdefinition Word="ennui"')]
    retold = swap.Swap.of(said)
    prompts = {retold(said[0], random.Random(n)).prompt for n in range(40)}
    assert len(prompts) > 15 and all(prompt.startswith("define ") for prompt in prompts)
    words = set(swap.content("showdefinition key:Word", False))
    assert {prompt.removeprefix("define ") for prompt in prompts} <= words | {"ennui"}


def test_content_goes_where_it_can_stand():
    def content(action, key, after_to=False):
        return set(swap.content(f"{action} key:{key}", after_to))

    reminders = "addnewreminder", "WFCalendarItemTitle"
    assert {"Water the orchids", "Wool socks"} & content(*reminders)
    assert not {"Almonds", "Anchovies", "Basil", "Candles"} & content(*reminders, True)
    assert content(*reminders, True) < content(*reminders)
    assert not content("openapp", "WFAppIdentifier")


def test_every_family_is_used_and_says_nothing_twice():
    families = swap._families()
    grammar = (people.FOLDER.parent / "builtin" / "grammar" / "steps").glob("*.yaml")
    assert all(len(set(values)) == len(values) for _, values in families)
    assert all(value == value.strip() and "\n" not in value for _, v in families for value in v)
    known = {name for path in grammar for name in re.findall(r"ACTION (\S+)", path.read_text())}
    for where, _ in families:
        assert any(where.search(f"{name} key:{key}") for name in known for key in keys(name))


def test_what_the_program_needs_as_it_is_stays():
    media = 'ACTION playmusic WFMediaItems={"type": "Album", "itemName": "Blue"}'
    assert [s.value for s in swap.spans(example("play the album blue", media), {})] == []
    named = swap.spans(example("play the Album Blue", media), {})
    assert [s.value for s in named] == ["Blue"]


def test_a_duration_keeps_its_unit():
    body = 'ACTION timer.start WFDuration=QTY({}, "{}")'
    said = [
        example("timer for 1.5 hours", body.format(90, "min")),
        example("timer for 20 minutes", body.format(20, "min")),
        example("timer for 40 mins", body.format(40, "min")),
        example("timer for 2 hours", body.format(2, "hr")),
    ]
    retold = swap.Swap.of(said)
    for n in range(40):
        made = retold(said[n % 4], random.Random(n))
        magnitude = made.program.body[0].params[0][1]
        assert normal.numbers.measured(made.prompt.removeprefix("timer for ")) == (
            magnitude.magnitude,
            magnitude.unit,
        )


def test_every_value_that_could_be_copied_still_can(examples):
    retold = swap.Swap.of(examples)
    readings = Literals.build((e.prompt, e.program) for e in examples).readings
    changed = 0
    for n, before in enumerate(examples[:150]):
        after = retold(before, random.Random(n))
        changed += after.prompt != before.prompt
        slots = slots_of(tiers.encode(before.program).merged())
        assert slots == slots_of(tiers.encode(after.program).merged())
        pairs = zip(
            slots, tiers.encode(before.program).values, tiers.encode(after.program).values,
            strict=True,
        )  # fmt: skip
        for slot, old, new in pairs:
            reading = readings.get(slot.context, normal.PLAIN)
            if slot.kind in ("text", "number") and phrases.find(reading, old, before.prompt):
                assert phrases.find(reading, new, after.prompt), (before.prompt, after.prompt, new)
        assert not [f for f in validate(after.program, strict=True) if f.severity == "error"]
    assert changed > 40


def test_joined_requests_hold_each_part_and_no_kept_skeleton(examples):
    put, rng, retold = join.Join.of(examples), random.Random(0), swap.Swap.of(examples)
    blocks, sizes = set(), set()
    for _ in range(300):
        made = put(rng, retold)
        parts = made.id.removeprefix("join-").split("+")
        sizes.add(len(set(parts)))
        assert kept_for(leaks.skeleton_key(made.program)) == "train"
        assert not [f for f in validate(made.program, strict=True) if f.severity == "error"]
        assert parse(render(made.program)) == made.program
        assert "{" not in made.prompt and "<" not in made.prompt
        blocks |= {type(s) for s in tree.walk(made.program.body)}
    assert {tree.If, tree.Menu, tree.Repeat, tree.Action} <= blocks
    assert sizes == {1, 3}  # one request with several values, or three requests


def test_a_menu_offers_the_values_that_are_said():
    alarm = "ACTION com.apple.mobiletimer-framework.MobileTimerIntents.MTCreateAlarmIntent"
    said = [
        example(f"alarm at {hour}:{minute} am", f'{alarm} dateComponents="{hour}:{minute} AM"')
        for hour in range(1, 12)
        for minute in (15, 20)
    ]
    prompt, body = join._choice(said[0], random.Random(1), swap.Swap.of(said))
    (menu,) = body
    assert isinstance(menu, tree.Menu) and len(menu.cases) in (2, 3)
    for case in menu.cases:
        assert case.title.lower() in prompt.lower()
        value = dict(case.body[0].params)["dateComponents"]
        assert phrases.find("alarm", value, case.title)


def test_slips_leave_every_value_where_it_was():
    text = 'ACTION sendmessage WFSendMessageActionRecipients="Ana" WFSendMessageContent="Too late"'
    before = example("message Ana saying too late please", text)
    readings = {
        "sendmessage key:WFSendMessageActionRecipients": "title",
        "sendmessage key:WFSendMessageContent": "sentence",
    }
    made = {slipped(before, readings, random.Random(n)).prompt for n in range(40)}
    assert len(made) > 10
    assert all("ana" in prompt.lower() and "too late" in prompt for prompt in made)


def test_every_condition_is_said_with_its_values():
    for n in range(300):
        first, test, said = join._condition(random.Random(n))
        assert first and "<" not in said and test.then == ()
        if isinstance(test.value, int):
            assert str(test.value) in said
