#!/usr/bin/env bash
# typer 0.29.2 beside 0.28.0, seen 2026-11-29 (Python 3.11, x86-64, a busy machine).
#
# Guess: a command whose parameters are plain str and int, on a library that imports in 0.06 s, starts
# as fast as before; pydantic, now a requirement, is for annotations that only pydantic can read.
# Behaviour: from 0.29.0 on the first command that is called imports pydantic and builds a TypeAdapter
# for every parameter of it, --install-completion's own flags included, so that even a command without
# a parameter pays (typer/_coercion.py, build_runtime_param). "import typer" and "--help" do not.
# Seen: modules of pydantic after a command without parameters: 0.28.0 none, 0.29.2 forty-two;
# processor seconds of the whole process, median of five: 0.15 and 0.40, ratio 2.7.
#
# Exits non-zero when a command of 0.29.2 imports no pydantic, or one of 0.28.0 does. Times are
# printed only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/app.py" <<'PY'
import sys

import typer

app = typer.Typer()


@app.command()
def bare() -> None:
    """Nothing to read."""


@app.command()
def other(name: str = "x") -> None:
    """Here, so that there are two commands."""


app(["bare"], standalone_mode=False)
print(sum(name.split(".")[0] == "pydantic" for name in sys.modules))
PY
cat > "$folder/time.py" <<'PY'
import os
import resource
import statistics
import subprocess
import sys

clean = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
taken = []
for _ in range(6):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = subprocess.check_output(sys.argv[1:], env=clean, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
print(printed.strip(), round(statistics.median(taken[1:]), 2))
PY
for version in 0.28.0 0.29.2; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "typer==$version"
  read -r modules seconds <<< "$(python3 "$folder/time.py" "$folder/$version/bin/python" "$folder/app.py")"
  echo "typer $version: $modules modules of pydantic, $seconds processor seconds"
  case $version in
    0.28.0) [ "$modules" -eq 0 ] ;;
    *) [ "$modules" -gt 0 ] ;;
  esac
done
