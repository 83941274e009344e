"""Whether an answer does what a person asked: any right program, the right values, in place.

An answer is **useful** when it has the actions of one of the item's golds (as a multiset, with its
blocks) and holds every listed value; **useful strictly** when their order and nesting are that
gold's too, with its on and off, its listed choices and its conditions. Neutral actions count on
neither side. What is refused is wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sashimi import program as language
from sashimi.flagship.judge.stated import Stated
from sashimi.flagship.people import Item
from sashimi.program import catalogue, tree
from sashimi.program.tree import Action, Program

_TIMER = "com.apple.mobiletimer-framework.MobileTimerIntents."
_SHORT = "com.apple.ShortcutsActions."
_ALIASES = {
    _TIMER + "MTCreateAlarmIntent": ("alarm.create", "com.apple.clock.AssistantCreateAlarmIntent"),
    _TIMER + "MTToggleAlarmIntent": ("alarm.toggle",),
    _TIMER + "MTGetAlarmsIntent": ("com.apple.clock.AssistantAlarmEntity",),
    "timer.start": ("com.apple.clock.AssistantCreateTimerIntent",),
    "com.apple.clock.CancelTimerIntent": ("com.apple.clock.AssistantCancelTimerIntent",),
    "com.apple.clock.StartStopwatchIntent": ("com.apple.clock.AssistantStartStopwatchIntent",),
    "addnewreminder": ("com.apple.reminders.TTRCreateReminderAppIntent",),
    "com.apple.mobilenotes.SharingExtension": (
        "com.apple.Notes.CreateNoteLinkAction",
        "com.apple.Notes.CreateNoteIntent",
        "com.apple.Notes.INCreateNoteIntent",
    ),
    "appendnote": (
        "com.apple.Notes.AppendToNoteLinkAction",
        "com.apple.Notes.NoteAppendTextIntent",
    ),
    "sendmessage": ("com.apple.MobileSMS.SendMessageIntent",),
    "com.apple.mobilephone.call": (_SHORT + "StartCallTopHitAction",),
    "com.apple.facetime.facetime": (_SHORT + "StartFaceTimeVideoCallTopHitAction",),
    "playmusic": (_SHORT + "PlayMusicTopHitAction",),
    "playpodcast": (_SHORT + "PlayPodcastTopHitAction",),
    "getdirections": ("com.apple.Maps.StartNavigationIntent",),
    "setparkedcar": ("com.apple.Maps.SaveParkingLocationIntent",),
    "homeaccessory": ("com.apple.Home.ActivateSceneIntent", "runscene"),
    "com.apple.musicrecognition.RecognizeMusicIntent": ("shazamMedia",),
    "showresult": ("viewresult",),
}
SAME = {other: name for name, others in _ALIASES.items() for other in others}
"""Identities under which the editor has stored one and the same action over the years."""

_SWITCHES = frozenset({"operation", "Operation", "OnValue", "Enabled", "state", "style"})
"""Keys that count also where a gold leaves them at their default."""
_IGNORED = frozenset(
    [
        "ShowWhenRun",
        "OpenWhenRun",
        "WFSpeakTextWait",
        "WFNotificationActionSound",
        "WFAllowsMultilineText",
        "WFCameraCaptureShowPreview",
        "WFAlertActionCancelButtonShown",
        "WFContentItemLimitEnabled",
        "WFContentItemSortEnabled",
        "WFWeatherLocation",
        "WFShowFilePicker",
        "WFAskWhereToSave",
    ]
)
"""Choices that whoever asked would not miss."""
_ALIKE = ({"Is Completed", "Completed"}, {"In a Grid", "Grid"}, {"Date", "Date and Time"})
_CONDITION = {"equals_number": "equals", "equals_string": "equals"}
_BLOCKS = {tree.If: "IF", tree.Menu: "MENU", tree.Repeat: "REPEAT", tree.ForEach: "FOREACH"}


STAGES = ("refused", "no program", "actions", "order", "choices", "values", "right")
"""Where an answer first fails, in the order in which it is looked at."""


@dataclass(frozen=True)
class Row:
    """The verdict on one answer; ``f1`` is that of the actions against the closest gold."""

    admitted: bool = False
    valid: bool = False
    actions_right: bool = False
    skeleton_right: bool = False
    values_right: bool = False
    useful: bool = False
    choices_right: bool = False
    useful_strict: bool = False
    f1: float = 0.0
    stage: str = "refused"


def judge(item: Item, text: str | None) -> Row:
    """The verdict on an answer in ShortcutDSL; None stands for a refused prompt."""
    if text is None:
        return Row()
    try:
        got = language.parse(text)
    except language.ParseError:
        return Row(admitted=True, stage="no program")
    mine = _multiset(got, item.neutral)
    wanted = [_multiset(gold, item.neutral) for gold in item.golds]
    near = [gold for gold, names in zip(item.golds, wanted, strict=True) if names == mine]
    shape = outline(got.body, item.neutral)
    ordered = [outline(gold.body, item.neutral) == shape for gold in near]
    chosen = [_choices_agree(got, gold, item.neutral) for gold in near]
    both = any(a and b for a, b in zip(ordered, chosen, strict=True))
    stated = Stated(got)
    values = all(stated.holds(value) for value in item.values)
    checks = (bool(near), any(ordered), both, values)
    return Row(
        admitted=True,
        valid=_valid(got),
        actions_right=bool(near),
        skeleton_right=any(ordered),
        values_right=values,
        useful=bool(near) and values,
        choices_right=any(chosen),
        useful_strict=both and values,
        f1=max(_f1(mine, names) for names in wanted),
        stage=next((s for s, ok in zip(STAGES[2:], checks, strict=False) if not ok), "right"),
    )


def identity(name: str) -> str:
    """The name under which an action is counted."""
    if name.startswith("com.apple.mobiletimer."):
        name = "com.apple.clock." + name.removeprefix("com.apple.mobiletimer.")
    return SAME.get(name, name)


def outline(block: tree.Block, neutral: frozenset[str] = frozenset()) -> tuple:
    """The order and nesting of actions and blocks as nested tuples, without SET and neutrals."""
    found: list[Any] = []
    for statement in block:
        if isinstance(statement, Action):
            if statement.name not in neutral:
                found.append(identity(statement.name))
        elif isinstance(statement, tree.If):
            branches = (statement.then, statement.orelse or ())
            found.append(("IF", *(outline(branch, neutral) for branch in branches)))
        elif name := _BLOCKS.get(type(statement)):
            found.append((name, *(outline(inner, neutral) for inner in tree.blocks(statement))))
    return tuple(found)


def _multiset(program: Program, neutral: frozenset[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for statement in tree.walk(program.body):
        if isinstance(statement, Action):
            found[identity(statement.name)] += statement.name not in neutral
        elif name := _BLOCKS.get(type(statement)):
            found[name] += 1
    return +found


def _f1(mine: Counter[str], wanted: Counter[str]) -> float:
    total = mine.total() + wanted.total()
    return 2 * (mine & wanted).total() / total if total else 1.0


def _valid(program: Program) -> bool:
    try:
        language.compile(program)
    except language.CompileError:
        return False
    return not any(f.severity == "error" for f in language.validate(program, strict=True))


def _choices_agree(got: Program, gold: Program, neutral: frozenset[str]) -> bool:
    """Whether conditions are alike, and like actions, in order, choose the same."""
    if _conditions(got) != _conditions(gold):
        return False
    mine, wanted = _by_identity(got, neutral), _by_identity(gold, neutral)
    return all(
        len(mine[name]) == len(actions) and all(map(_action_agrees, mine[name], actions))
        for name, actions in wanted.items()
    )


def _conditions(program: Program) -> Counter[str]:
    ifs = (s for s in tree.walk(program.body) if isinstance(s, tree.If))
    return Counter(_CONDITION.get(found.condition, found.condition) for found in ifs)


def _by_identity(program: Program, neutral: frozenset[str]) -> defaultdict[str, list[Action]]:
    found = defaultdict(list)
    for action in tree.actions(program):
        if action.name not in neutral:
            found[identity(action.name)].append(action)
    return found


def _action_agrees(got: Action, gold: Action) -> bool:
    if got.name != gold.name:
        return True  # an older or newer form, with keys of its own
    has, should, stated = _chosen(got), _chosen(gold), dict(gold.params)
    if str(has.get("operation")).lower() != str(should.get("operation")).lower():
        return False
    for key, value in should.items():
        told = isinstance(stated.get(key), str | bool | int)
        counts = key in has if key in _SWITCHES else told
        if counts and not _same_choice(has.get(key), value):
            return False
    return True


def _same_choice(got: object, wanted: object) -> bool:
    if isinstance(got, tree.Var | tree.Handle | tree.Interp) or got == wanted:
        return True
    texts = isinstance(got, str) and isinstance(wanted, str)
    return texts and any({got, wanted} <= alike for alike in _ALIKE)


def _chosen(action: Action) -> dict[str, object]:
    """What an action's switches and listed choices are set to, defaults included."""
    spec, given = catalogue.find(action.name), dict(action.params)
    found: dict[str, object] = {}
    for key, parameter in (spec.params if spec else {}).items():
        if parameter.type in ("boolean", "enum") and key not in _IGNORED:
            value = given.get(key, parameter.default)
            as_bool = parameter.type == "boolean" and value in (0, 1)
            found[key] = bool(value) if as_bool else value
    if action.name == "flashlight" and "WFFlashlightSetting" in given and "state" not in given:
        found["state"] = given["WFFlashlightSetting"] == "On"
        if given["WFFlashlightSetting"] == "Toggle":
            found["operation"] = "toggle"
    way = found.get("operation", found.get("Operation"))
    if str(way).lower() == "toggle":  # then on and off say nothing
        found = {k: v for k, v in found.items() if k not in _SWITCHES or k.lower() == "operation"}
    return found
