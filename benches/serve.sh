#!/usr/bin/env bash
# What a prediction costs: `churnctl serve` and a bare axum JSON echo (examples/echo_server.rs), under
# the same load in the same run. Prints CPU time a request (user and system, from /proc), the 99th
# percentile of the latency, and memory. Asserts nothing. Needs wrk (in Debian) and curl.
#
#   benches/serve.sh            # three rounds of 5 s, 8 keep-alive connections
#   SECONDS_EACH=10 ROUNDS=5 CONNECTIONS=8 benches/serve.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${SECONDS_EACH:-5} rounds=${ROUNDS:-3} connections=${CONNECTIONS:-8}
command -v wrk >/dev/null || { echo "wrk is not installed (apt-get install wrk)" >&2; exit 1; }
cargo build --release --locked --quiet --bin churnctl --example echo_server
target=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT

"$target/churnctl" train examples/data/telco_baseline.csv --label churn --positive Yes \
    --model logistic --artifacts "$work/artifacts" -q >/dev/null
model=$work/artifacts/models/production_latest.json
"$target/churnctl" serve --listen 127.0.0.1:0 --model "$model" >"$work/serve.out" 2>"$work/serve.err" &
serve=$!
servers+=("$serve")
port=$((20000 + RANDOM % 20000))
"$target/examples/echo_server" "127.0.0.1:$port" &
echo_pid=$!
servers+=("$echo_pid")
until url=$(sed -n 's/^listening on //p' "$work/serve.out") && [ -n "$url" ] &&
    curl -s -o /dev/null "http://127.0.0.1:$port/"; do sleep 0.1; done

# The record of the OpenAPI document's example, and a batch of a thousand of them.
record=$(curl -s "$url/openapi.json" | sed 's/.*"Record":{[^}]*//; s/.*"examples":\[\({"features":.*"user_id":"7590-VHVEG"}\)\].*/\1/')
printf '%s' "$record" >"$work/record.json"
{ printf '['; for _ in $(seq 999); do printf '%s,' "$record"; done; printf '%s]' "$record"; } >"$work/batch.json"
for body in record batch; do
    cat >"$work/$body.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = io.open("$work/$body.json"):read("*a")
LUA
done

ticks=$(getconf CLK_TCK)
cpu() { awk -v t="$ticks" '{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / t }' "/proc/$1/stat"; }
memory() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

# measure NAME PID URL SCRIPT CONNECTIONS
measure() {
    local before after out
    before=$(cpu "$2")
    out=$(wrk -t2 -c"$5" -d"${seconds}s" --latency -s "$4" "$3")
    after=$(cpu "$2")
    awk -v name="$1" -v used="$(awk "BEGIN { print $after - $before }")" '
        / requests in / { requests = $1 }
        /^ *99%/ { p99 = $2 }
        /Non-2xx/ { failed = $NF }
        END { printf "%-22s %8d requests  %.4f CPU ms each  p99 %s%s\n",
              name, requests, used / requests, p99, failed ? "  FAILED: " failed : "" }' <<<"$out"
}

curl -sf -H 'Content-Type: application/json' --data-binary "@$work/record.json" "$url/predict"
echo "idle: churnctl serve $(memory "$serve") MB, echo $(memory "$echo_pid") MB"
for _ in $(seq "$rounds"); do
    measure "echo" "$echo_pid" "http://127.0.0.1:$port/predict" "$work/record.lua" "$connections"
    measure "churnctl serve" "$serve" "$url/predict" "$work/record.lua" "$connections"
done
measure "batch of 1,000 rows" "$serve" "$url/predict/batch" "$work/batch.lua" 2
echo "after the load: churnctl serve $(memory "$serve") MB"
