#!/bin/sh
# Looks at pages as a reader would: scripts/look.sh PAGE.html... says the first paint and what
# axe-core finds, wide and narrow, light and dark, every fold open, and leaves screenshots and
# look.json in build/look/shots. Exit code 1: something serious or critical, an overflow, a request.
# Needs node and npm, which nothing else here needs; CHROME=/path/to/chrome takes that browser.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=$here/../build/look
[ $# -gt 0 ] || { echo "usage: scripts/look.sh PAGE.html..." >&2; exit 2; }
mkdir -p "$home"
[ -f "$home/package.json" ] || echo '{"private": true}' > "$home/package.json"
npm install --silent --no-audit --no-fund --no-save --prefix "$home" \
  axe-core@4.14.1 puppeteer-core@24.43.1 @sparticuz/chromium@147.0.0
exec node "$here/look.mjs" "$home" "$home/shots" "$@"
