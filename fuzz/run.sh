#!/bin/sh
# Fuzzes every parser of foreign bytes for so many seconds each: fuzz/run.sh [SECONDS] [TARGET...]
#
# With nightly Rust and cargo-fuzz (cargo install cargo-fuzz) by libFuzzer, which looks at what the code
# does with an input; else by plain mutation of the corpus, on stable. Prints runs by target; what panics
# or hangs is kept, and the exit code is not 0.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-10}
[ $# -gt 0 ] && shift
if [ -z "${PLAIN:-}" ] && cargo +nightly fuzz --version >/dev/null 2>&1; then
    targets=${*:-$(ls fuzz/corpus)}
    for target in $targets; do
        echo "== $target"
        # What it finds worth keeping goes beside the corpus of the repository.
        mkdir -p "fuzz/found/$target"
        FUZZ_TARGET=$target cargo +nightly fuzz run foreign "fuzz/found/$target" "fuzz/corpus/$target" -- \
            -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 2>&1 |
            grep -E "number_of_executed_units|ERROR|panicked|Test unit written" || exit 1
    done
else
    exec cargo run --quiet --release --all-features --locked --example fuzz -- "$seconds" "$@"
fi
