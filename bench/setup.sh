#!/usr/bin/env bash
# The peers' own environments under BENCH_HOME, made once: one for each bench/*/requirements-NAME.txt.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for pins in "$here"/*/requirements-*.txt; do
  name=$(basename "$pins" .txt); name=${name#requirements-}
  made="$BENCH_HOME/$name"
  if [ ! -x "$made/bin/python" ]; then
    "$PYTHON" -m venv "$made"
    "$made/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pins"
  fi
done
