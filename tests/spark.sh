#!/usr/bin/env bash
# Runs the tests of `sc://` addresses against Apache Spark itself: a Connect server with two
# executors, on loopback, until the tests end. Takes some minutes, the first time more (400 MB).
# Needs Java 17 (`apt-get install openjdk-17-jre-headless`), and either SPARK_HOME or Python, whose
# package `pyspark` has a server in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder="${CARGO_TARGET_DIR:-target}/spark"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
if [ -z "${SPARK_HOME:-}" ]; then
    [ -x "$folder/venv/bin/pip" ] || python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install -q pyspark
    SPARK_HOME="$("$folder/venv/bin/python" -c 'import pyspark; print(pyspark.__path__[0])')"
fi
port="$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')"
export SPARK_HOME SPARK_LOG_DIR="$folder/log" SPARK_PID_DIR="$folder" SPARK_LOCAL_DIRS="$folder/local"
export SPARK_WORKER_DIR="$folder/work" SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_HOSTNAME=localhost
mkdir -p "$SPARK_LOG_DIR" "$SPARK_WORKER_DIR" "$SPARK_LOCAL_DIRS"
(cd "$folder" && bash "$SPARK_HOME/sbin/start-connect-server.sh" \
    --master 'local-cluster[2,1,1024]' \
    --conf spark.connect.grpc.binding.address=127.0.0.1 \
    --conf spark.connect.grpc.binding.port="$port" \
    --conf spark.sql.warehouse.dir="$folder/warehouse" \
    --conf spark.ui.enabled=false)
trap 'bash "$SPARK_HOME/sbin/stop-connect-server.sh"' EXIT
for _ in $(seq 120); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 1
done
SPARK_CONNECT="sc://127.0.0.1:$port" cargo test --all-features --locked --test it -- spark:: "$@"
