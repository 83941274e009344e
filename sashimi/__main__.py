"""``python -m sashimi``: the command."""

from sashimi.cli import app

app(prog_name="sashimi")
