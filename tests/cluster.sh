#!/usr/bin/env bash
# Tries churnctl on a real control plane: tests/cluster.sh [SCENARIO...], all without a name; `list` names them.
# Builds what it needs (Kubernetes, Prometheus and the Operator from Go modules, 25 minutes of two cores the first
# time), runs everything in namespaces of its own (network, mounts, processes), and ends all that it has started.
# Needs Go, openssl, iproute2 and util-linux. Limits of containers need cgroups, so root on most machines.
# CHURNCTL names a binary to try, REPEAT how often each kind of bad luck is repeated (20).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for program in go openssl ip unshare; do
    if ! command -v "$program" >/dev/null; then
        echo "tests/cluster.sh needs $program" >&2
        exit 1
    fi
done
target=${CARGO_TARGET_DIR:-target}
cargo build -q --locked --manifest-path tests/cluster/Cargo.toml --target-dir "$target/cluster-tests"
laboratory=$target/cluster-tests/debug/churn-cluster
if [ "${1:-}" = list ]; then
    exec "$laboratory" list
fi
echo "programs from Go modules (25 minutes the first time)"
tests/tools/build.sh cluster
tests/tools/build.sh
churnctl=${CHURNCTL:-}
if [ -z "$churnctl" ]; then
    cargo build -q --release --all-features --locked --bin churnctl
    churnctl=$target/release/churnctl
fi
# Who is not root is root in a namespace of his own, with one user.
who=()
[ "$(id -u)" -eq 0 ] || who=(--user --map-root-user)
# All of it ends with the first process, whatever happens.
exec unshare "${who[@]}" --net --mount --ipc --pid --fork --kill-child --mount-proc \
    "$laboratory" run --tools target/go-tools --churnctl "$churnctl" \
    --lab "$target/cluster" --repeat "${REPEAT:-20}" "$@"
