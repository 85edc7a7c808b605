#!/usr/bin/env bash
# Every figure, each topic by its own run.py; ONLY=scoring runs one topic. bench/setup.sh makes the peers' environments.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH=$here PYTHON=${PYTHON:-$here/../.venv/bin/python} BENCH_HOME=${BENCH_HOME:-$here/../var/bench}
"$here/setup.sh"
for topic in "$here"/*/run.py; do
  name=$(basename "$(dirname "$topic")")
  if [ -z "${ONLY:-}" ] || [ "$ONLY" = "$name" ]; then
    echo "## $name"
    "$PYTHON" "$topic"
  fi
done
