#!/usr/bin/env bash
# Lets schemathesis (PyPI) make up requests from /openapi.json and look for answers that are 5xx or not
# what the document says. By hand: it needs a Python environment and some minutes.
#
#   python3 -m venv /some/venv && /some/venv/bin/pip install schemathesis
#   PATH=/some/venv/bin:$PATH tests/schemathesis.sh [further options of schemathesis]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v schemathesis >/dev/null || { echo "schemathesis is not installed" >&2; exit 1; }
cargo build --release --locked --quiet
churnctl=${CARGO_TARGET_DIR:-target}/release/churnctl
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
"$churnctl" train examples/data/telco_baseline.csv --label churn --positive Yes \
    --model logistic --artifacts "$work/artifacts" -q >/dev/null
"$churnctl" serve --listen 127.0.0.1:0 --access-log none \
    --model "$work/artifacts/models/production_latest.json" >"$work/out" &
server=$!
until url=$(sed -n 's/^listening on //p' "$work/out") && [ -n "$url" ]; do sleep 0.1; done
export PYTHONPATH=tests SCHEMATHESIS_HOOKS=schemathesis_hooks
schemathesis --config-file tests/schemathesis.toml run "$url/openapi.json" --checks all "$@"
