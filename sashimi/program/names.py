"""Action names: the short form that programs use and the full identifier that plists use."""

from __future__ import annotations

PREFIX = "is.workflow.actions."
"""What a short name leaves out."""

VENDOR_ROOTS = frozenset(
    [
        "AsheKube",
        "ai",
        "app",
        "ch",
        "co",
        "codes",
        "com",
        "company",
        "de",
        "dk",
        "fm",
        "fr",
        "fyi",
        "in",
        "io",
        "is",
        "ke",
        "maccatalyst",
        "me",
        "net",
        "org",
        "uk",
        "us",
    ]
)
"""First parts of reverse-domain identifiers; no short name of more than one dot begins so."""


COUNTRIES = frozenset(
    ["ac", "ad", "ae", "af", "ag", "ai", "al", "am", "ao", "aq", "ar", "as", "at", "au", "aw", "ax", "az", "ba", "bb", "bd", "be", "bf", "bg", "bh", "bi", "bj", "bm", "bn", "bo", "br", "bs", "bt", "bv", "bw", "by", "bz", "ca", "cc", "cd", "cf", "cg", "ch", "ci", "ck", "cl", "cm", "cn", "co", "cr", "cu", "cv", "cw", "cx", "cy", "cz", "de", "dj", "dk", "dm", "do", "dz", "ec", "ee", "eg", "er", "es", "et", "eu", "fi", "fj", "fk", "fm", "fo", "fr", "ga", "gb", "gd", "ge", "gf", "gg", "gh", "gi", "gl", "gm", "gn", "gp", "gq", "gr", "gs", "gt", "gu", "gw", "gy", "hk", "hm", "hn", "hr", "ht", "hu", "id", "ie", "il", "im", "in", "io", "iq", "ir", "is", "it", "je", "jm", "jo", "jp", "ke", "kg", "kh", "ki", "km", "kn", "kp", "kr", "kw", "ky", "kz", "la", "lb", "lc", "li", "lk", "lr", "ls", "lt", "lu", "lv", "ly", "ma", "mc", "md", "me", "mg", "mh", "mk", "ml", "mm", "mn", "mo", "mp", "mq", "mr", "ms", "mt", "mu", "mv", "mw", "mx", "my", "mz", "na", "nc", "ne", "nf", "ng", "ni", "nl", "no", "np", "nr", "nu", "nz", "om", "pa", "pe", "pf", "pg", "ph", "pk", "pl", "pm", "pn", "pr", "ps", "pt", "pw", "py", "qa", "re", "ro", "rs", "ru", "rw", "sa", "sb", "sc", "sd", "se", "sg", "sh", "si", "sj", "sk", "sl", "sm", "sn", "so", "sr", "ss", "st", "su", "sv", "sx", "sy", "sz", "tc", "td", "tf", "tg", "th", "tj", "tk", "tl", "tm", "tn", "to", "tr", "tt", "tv", "tw", "tz", "ua", "ug", "uk", "us", "uy", "uz", "va", "vc", "ve", "vg", "vi", "vn", "vu", "wf", "ws", "ye", "yt", "za", "zm", "zw"]
)
"""Country codes of the domain system, which identifiers of apps begin with."""


def is_vendor(name: str) -> bool:
    """Whether a name is a reverse-domain identifier rather than a short name."""
    root = name.split(".", 1)[0]
    return name.count(".") >= 2 and (root in VENDOR_ROOTS or root in COUNTRIES)


def short(identifier: str) -> str:
    """The name that a program uses: ``is.workflow.actions.ask`` is ``ask``, others stay."""
    return identifier.removeprefix(PREFIX)


def identifier(name: str) -> str:
    """The full identifier of a program's name: ``ask`` is ``is.workflow.actions.ask``.

    ``.jp.co`` is ``jp.co``: a dot before a name says that it is no short one.
    """
    if name.startswith("."):
        return name[1:]
    return name if is_vendor(name) else PREFIX + name


def of(identifier_: str) -> str:
    """The name that a program uses for a full identifier; `identifier` is the inverse."""
    name = short(identifier_)
    if identifier(name) == identifier_:
        return name
    return identifier_ if is_vendor(identifier_) else "." + identifier_


def written(name: str) -> str:
    """The name of a text as trees have it: the shortest of those that mean the same."""
    return of(identifier(name))


def handle(name: str) -> str:
    """The handle that stands for an action's output: its short name, ``.`` and ``-`` as ``_``."""
    return short(name).lstrip(".").replace(".", "_").replace("-", "_")
