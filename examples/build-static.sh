#!/usr/bin/env bash
# Builds the binary that the image holds (static, optimised, stripped) and proves it in an empty
# folder: nothing there but the binary and two tables.
#
#   examples/build-static.sh              builds, proves, prints path and size
#   PROFILE=release examples/build-static.sh   the same without link-time optimisation, much faster
#
# Needs Rust and the static C library (Debian: libc6-dev has it). For the proof it needs to be
# root, or user namespaces.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

profile="${PROFILE:-dist}"
target="${TARGET:-$(rustc -vV | sed -n 's/^host: //p')}"

# With a target of its own, so that only the binary is static and not the macros that build it.
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
    cargo build --locked --profile "$profile" --all-features --target "$target"

binary="${CARGO_TARGET_DIR:-target}/$target/$profile/churnctl"
[ "$profile" = dist ] || { strip -o "$binary-stripped" "$binary" && binary="$binary-stripped"; }

# ldd fails on what is not dynamic.
if ldd "$binary" 2>&1 | grep -q '=>'; then
    echo "$binary is not static:" >&2
    ldd "$binary" >&2
    exit 1
fi

room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
cp "$binary" "$room/churnctl"
cp examples/data/telco_baseline.csv examples/data/telco_shifted.csv "$room"

in_room() {
    if [ "$(id -u)" -eq 0 ]; then
        env -i "$(command -v chroot || echo /usr/sbin/chroot)" "$room" "$@"
    else
        env -i "$(command -v unshare)" --map-root-user "$(command -v chroot || echo /usr/sbin/chroot)" "$room" "$@"
    fi
}

# Exit code 2 is drift: the month was made to drift.
code=0
in_room /churnctl drift --baseline telco_baseline.csv --current telco_shifted.csv \
    --report drift.json --format plain -q | tail -n 1 || code=${PIPESTATUS[0]}
[ "$code" -eq 2 ] || { echo "drift ended with $code, not 2" >&2; exit 1; }
grep -q '"status": "FAIL"' "$room/drift.json"
in_room /churnctl version

printf 'proved in an empty folder: %s, %s bytes\n' "$binary" "$(stat -c %s "$binary")"
