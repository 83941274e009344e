"""The linter's phase for typographic quotes, as phones and chats put them for straight ones."""

from __future__ import annotations

import re

from sashimi.program.text.repairs import Repair

_QUOTED = re.compile(
    r'"[^"\\\n“”„«»]*(?:\\.[^"\\\n“”„«»]*)*"'  # straight on both sides: it stays
    r"|`[^`\\]*(?:\\.[^`\\]*)*`"
    r"|#[^\n]*"
    r"|(?P<wrong>“[^“”\n]*”|„[^“”„\n]*[“”]|«[^«»\n]*»|»[^«»\n]*«"
    r'|[“”„][^"“”„\n]*["“”]|"[^"“”\n]*”(?=[ \t]*(?:$|[\]}),:]|\w+=))'
    r"|(?<=[\s=\[({,:])[‘‚](?:[^‘’\n]|’(?=\w))*[’‘](?=[ \t]*(?:$|[\]}),:])|[ \t]+\w+=))"
    r'|"[^"\\]*(?:\\.[^"\\]*)*"',
    re.MULTILINE,
)


def straighten(text: str, repairs: list[Repair]) -> str:
    """Strings in typographic quotes in straight ones, what they hold as it is."""
    out, last = [], 0
    for match in _QUOTED.finditer(text):
        if match["wrong"] is None:
            continue
        body = re.sub(r'(?<!\\)"', r"\\" + '"', match[0][1:-1])
        fixed = f'"{body}"'
        line = text.count("\n", 0, match.start()) + 1
        repairs.append(Repair("structure", line, match[0], fixed))
        out += [text[last : match.start()], fixed]
        last = match.end()
    return "".join([*out, text[last:]])
