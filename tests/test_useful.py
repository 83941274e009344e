"""The scorer of people's requests: by hand, and beside an independent one where it is at hand."""

import importlib.util
import json
import random
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from sashimi.flagship import people
from sashimi.flagship.data.example import Corpus
from sashimi.flagship.judge import stated, useful, useful_report
from sashimi.flagship.people import NEUTRAL, Item, splits
from sashimi.program import parse, render

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "people"


def item(*bodies: str, values=(), neutral=()) -> Item:
    golds = tuple(parse(f'SHORTCUT "T"\n{body}\nENDSHORTCUT\n') for body in bodies)
    say = (("terse", "do it"),)
    return Item("x", "d", "chain", say, golds, frozenset([*NEUTRAL, *neutral]), tuple(values))


def verdict(wanted: Item, body: str) -> useful.Row:
    return useful.judge(wanted, f'SHORTCUT "Other"\n{body}\nENDSHORTCUT\n')


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("7:45 PM", {(19 * 60 + 45, True)}),
        ("quarter to eight tonight", {(19 * 60 + 45, True)}),
        ("half past six", {(6 * 60 + 30, False)}),
        ("tomorrow at 8", {(8 * 60, False)}),
        ("18:05", {(18 * 60 + 5, True)}),
        ("noon", {(720, True)}),
        ("midnight", {(0, True)}),
        ("12 AM", {(0, True)}),
        ("eight eggs", set()),
    ],
)
def test_times_of_day(text, minutes):
    assert stated.times(text) == minutes


def test_spans_in_seconds():
    assert stated.spans("an hour and 20 mins") == {3600.0, 1200.0}
    assert stated.spans("half an hour") == {1800.0}
    assert stated.spans("20 minions") == set()


@pytest.mark.parametrize(
    ("listed", "body", "holds"),
    [
        ("50%", "ACTION setvolume WFVolume=0.5", True),
        ("50%", "ACTION setvolume WFVolume=50", False),
        ("50%", "ACTION image.resize WFImageResizePercentage=50", True),
        ("90 min", 'ACTION timer.start WFDuration=QTY(1.5, "hr")', True),
        ("90 min", 'ACTION timer.start WFDuration=QTY(90, "sec")', False),
        ("5 sec", "ACTION delay WFDelayTime=5", True),
        ("7:45 pm", 'ACTION alarm.create WFTime="7:45 PM"', True),
        ("7:45 pm", 'ACTION alarm.create WFTime="7:45 AM"', False),
        ("7:45", 'ACTION alarm.create WFTime="7:45 AM"', True),
        ("milk|eggs", 'ACTION list WFItems=["Eggs"]', True),
        ("egg", 'ACTION list WFItems=["Eggs"]', False),
        ("3", "REPEAT 3\nACTION vibrate\nENDREPEAT", True),
        ("mum", 'ACTION sendmessage WFSendMessageActionRecipients="Mum"', True),
        ("red", 'MENU "Colour"\nCASE "Red"\nENDMENU', True),
    ],
)
def test_a_program_holds_what_was_said(listed, body, holds):
    program = parse(f'SHORTCUT "T"\n{body}\nENDSHORTCUT\n')
    assert stated.Stated(program).holds(listed) is holds


def test_each_stage_of_failure():
    wanted = item(
        "ACTION wifi.set OnValue=false\nACTION setbrightness WFBrightness=0.3", values=["30%"]
    )
    wifi, bright = "ACTION wifi.set OnValue=false", "ACTION setbrightness WFBrightness="
    assert useful.judge(wanted, None).stage == "refused"
    assert useful.judge(wanted, "nonsense").stage == "no program"
    assert verdict(wanted, wifi).stage == "actions"
    assert verdict(wanted, f"{bright}0.3\n{wifi}").stage == "order"
    assert verdict(wanted, f"ACTION wifi.set\n{bright}0.3").stage == "choices"
    assert verdict(wanted, f"{wifi}\n{bright}0.4").stage == "values"
    right = verdict(wanted, f'{wifi}\nACTION comment WFCommentActionText="x"\n{bright}0.3')
    assert right.stage == "right" and right.useful_strict and right.f1 == 1.0
    swapped = verdict(wanted, f"{bright}0.3\n{wifi}")
    assert swapped.useful and not swapped.useful_strict
    assert verdict(wanted, wifi).f1 == pytest.approx(2 / 3)


def test_any_gold_will_do_but_not_a_mixture():
    wanted = item("ACTION wifi.set OnValue=false", "ACTION bluetooth.set OnValue=false")
    assert verdict(wanted, "ACTION bluetooth.set OnValue=false").useful_strict
    assert not verdict(wanted, "ACTION bluetooth.set OnValue=true").useful_strict
    both = "ACTION wifi.set OnValue=false\nACTION bluetooth.set OnValue=false"
    assert not verdict(wanted, both).useful


def test_identities_of_other_years_and_toggles():
    assert verdict(item('ACTION alarm.create WFTime="7:00 AM"', values=["7am"]),
        "ACTION com.apple.mobiletimer-framework.MobileTimerIntents.MTCreateAlarmIntent "
        'dateComponents="7:00 AM"').useful_strict  # fmt: skip
    toggled = item('ACTION wifi.set operation="toggle"')
    assert verdict(toggled, 'ACTION wifi.set operation="toggle" OnValue=true').useful_strict
    assert not verdict(toggled, "ACTION wifi.set").useful_strict


def test_the_report_counts_refusals_as_wrong():
    items = [item("ACTION vibrate")]
    told = useful_report.report(items, {"x": 'SHORTCUT "T"\nACTION vibrate\nENDSHORTCUT\n'})
    assert told["overall"]["useful_strict"]["value"] == 1.0
    assert told["kind"]["chain"]["useful"]["n"] == 1 and told["stages"] == {"right": 1}
    assert useful_report.report(items, {})["stages"] == {"refused": 1}


def test_two_ways_of_answering_beside_each_other(monkeypatch):
    items = {item.id: item for item in people.train()}
    dev = splits.load().dev[:5]
    monkeypatch.setattr(splits, "load", lambda: Corpus("people", "", [], dev, [], []))
    right = {e.prompt: render(items[e.id.split("/")[0]].golds[0]) for e in dev}
    known = [e.prompt for e in dev]

    def answering(kept):
        def generate(prompts, refuse):
            assert not refuse
            return [SimpleNamespace(text=right[p] if p in kept else "") for p in prompts]

        return generate

    found = useful_report.beside(answering(known[:3]), answering(known[2:4]))
    assert (found["ours"]["value"], found["other"]["value"]) == (0.6, 0.4)
    assert (found["only ours"], found["only other"]) == (2, 1)


@pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="no ../shared/data/people here")
def test_equal_to_an_independent_scorer():
    spec = importlib.util.spec_from_file_location("people_score", SHARED / "score.py")
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    lines = (SHARED / "people.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line.strip()]
    rng = random.Random(0)
    seen = {name: set() for name in useful_report.RATES}
    for entry in entries:
        wanted = Item(
            entry["id"], entry["domain"], entry["kind"], ((entry["style"], entry["prompt"]),),
            tuple(parse(gold) for gold in entry["golds"]),
            frozenset(entry["neutral"]), tuple(entry["values"]),
        )  # fmt: skip
        texts = [*entry["golds"], rng.choice(rng.choice(entries)["golds"]), "no program"]
        for text in [*texts, *(perturbed(gold, rng) for gold in entry["golds"][:2] * 4)]:
            theirs = other.judge(entry, {"accepted": True, "text": text})
            ours = asdict(useful.judge(wanted, text))
            del ours["stage"]
            assert ours == pytest.approx(theirs), text
            for name, values in seen.items():
                values.add(ours[name])
    assert all(seen[name] == {True, False} for name in useful_report.RATES[2:])


def perturbed(text: str, rng: random.Random) -> str:
    """A program with one or two small changes, some of which break it."""
    lines = text.strip().splitlines()
    for _ in range(rng.randint(1, 2)):
        if len(lines) < 3:
            break
        n = rng.randrange(1, len(lines) - 1)
        change = rng.choice(("drop", "swap", "number", "switch", "word", "twice", "name"))
        if change == "drop":
            del lines[n]
        elif change == "twice":
            lines.insert(n, lines[n])
        elif change == "swap" and n + 2 < len(lines):
            lines[n], lines[n + 1] = lines[n + 1], lines[n]
        elif change == "number":
            figures = [c for c in lines[n] if c.isdigit()]
            if figures:
                lines[n] = lines[n].replace(rng.choice(figures), rng.choice("0123456789"), 1)
        elif change == "switch":
            pairs = (("true", "false"), ("false", "true"), ('"AM"', '"PM"'), (" PM", " AM"),
                     ('"turn"', '"toggle"'), ("is_greater_than", "is_less_than"))  # fmt: skip
            for old, new in pairs:
                if old in lines[n]:
                    lines[n] = lines[n].replace(old, new, 1)
                    break
        elif change == "word":
            words = [w for w in lines[n].split('"')[1::2] if w.isalpha()]
            if words:
                lines[n] = lines[n].replace(rng.choice(words), "Elsewhere", 1)
        elif change == "name" and lines[n].lstrip().startswith("ACTION "):
            name = lines[n].split()[1]
            lines[n] = lines[n].replace(name, rng.choice(("showresult", "alert", "speaktext")), 1)
    return "\n".join(lines) + "\n"
