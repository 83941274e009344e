"""``reports/published/``: what the README cites. Only `publish` writes it."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from sashimi import result
from sashimi.errors import BadInput
from sashimi.files import root, writable, write_text
from sashimi.pab.profile import FILE
from sashimi.report import readme
from sashimi.report.read import PUBLISHED, Run
from sashimi.study import Study

KEPT = (result.NAME, FILE)
"""Files of a run that are published: its numbers and its trajectory."""
SITE = "site"
"""Folder of ``reports/`` for executed notebooks as pages that open from a file; git ignores it."""


def folder() -> Path:
    """``reports/published`` of the checkout."""
    return root() / "reports" / PUBLISHED


def publish(runs: Sequence[str | Path], studies: Mapping[str, Study]) -> list[Path]:
    """Copy finished runs (folders) into `folder`, and rewrite what is generated from it.

    Raises BadInput, before anything is written, for a folder without a result and for a run of a
    study that there is not or whose command names a path of one machine. Without runs only what is
    generated is rewritten.
    """
    found = [Run(Path(path), result.read(Path(path) / result.NAME)) for path in runs]
    for run in found:
        if run.record["study"] not in studies:
            raise BadInput(f"{run.folder}: there is no study '{run.record['study']}'")
        for word in shlex.split(run.record["command"]):
            if Path(word).is_absolute():
                raise BadInput(
                    f"{run.folder}: its command names {word}, a path of this machine that nobody "
                    "else has: run it again with a path relative to the checkout"
                )
    made = []
    for run in found:
        target = folder() / run.name
        writable(target)
        for name in KEPT:
            if (run.folder / name).is_file():
                shutil.copyfile(run.folder / name, target / name)
        for page in sorted(run.folder.glob("*.html")):
            shutil.copyfile(page, writable(site() / run.name) / page.name)
        made.append(target)
    readme.write(root(), folder(), studies)
    if site().is_dir():
        write_text(site() / "index.html", contents(site()))
    return made


def site() -> Path:
    """``reports/site`` of the checkout."""
    return root() / "reports" / SITE


def contents(home: Path) -> str:
    """A page that leads to every executed notebook below a folder, run by run."""
    pages = sorted(path.relative_to(home) for path in home.rglob("*.html"))
    lines = "".join(
        f'<li><a href="{quote(page.as_posix())}">{escape(page.with_suffix("").as_posix())}</a></li>'
        for page in pages
        if page.name != "index.html"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Executed notebooks'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"></head>'
        '<body style="font:16px/1.6 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem">'
        f"<main><h1>Executed notebooks</h1><ul>{lines}</ul></main></body></html>\n"
    )
