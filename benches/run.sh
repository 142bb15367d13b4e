#!/usr/bin/env bash
# churnctl beside what a team would use instead, all in one run: writes docs/benchmarks.md.
# Needs Python 3.11 or later with venv, the network for PyPI the first time, and wrk (in Debian) for `serve`.
#
#   benches/run.sh                     # about 15 minutes of two cores once all is built
#   CHURNCTL=/usr/bin/churnctl ROWS=100000 benches/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
churnctl=${CHURNCTL:-$target/release/churnctl}
if [ -z "${CHURNCTL:-}" ]; then
    cargo build --release --locked --quiet --bin churnctl
fi
python=$target/bench/python
if [ ! -x "$python/bin/python" ]; then
    python3 -m venv "$python"
fi
"$python/bin/pip" install -q -r benches/peers.txt
exec "$python/bin/python" benches/run.py --churnctl "$churnctl" --rows "${ROWS:-1000000}" --out docs/benchmarks.md
