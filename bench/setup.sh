#!/usr/bin/env bash
# The peers' own environments under BENCH_HOME: one for each bench/*/requirements-NAME.txt, made anew when that changes,
# and one for each bench/*/package-lock.json.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for pins in "$here"/*/requirements-*.txt; do
  name=$(basename "$pins" .txt); name=${name#requirements-}
  made="$BENCH_HOME/$name"
  if ! cmp --quiet "$pins" "$made/pins.txt"; then  # copied last: what was cut off is done again
    "$PYTHON" -m venv --clear "$made"
    "$made/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pins"
    cp "$pins" "$made/pins.txt"
  fi
done
for lock in "$here"/*/package-lock.json; do
  made="$BENCH_HOME/node-$(basename "$(dirname "$lock")")"
  if ! cmp --quiet "$lock" "$made/pins.json"; then
    mkdir -p "$made"
    cp "$(dirname "$lock")/package.json" "$lock" "$made"
    npm ci --prefix "$made" --no-audit --no-fund --loglevel error
    cp "$lock" "$made/pins.json"
  fi
done
