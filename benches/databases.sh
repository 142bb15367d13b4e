#!/usr/bin/env bash
# What `churnctl` adds to the statements that it gives a database: `profile` and `drift` of a table of
# a million rows and ten columns, and the same statements by the database's own client in one session,
# turn by turn. The statements are those that the server logged. Prints wall times, best of all rounds,
# and their ratio. Asserts nothing. Needs Debian's postgresql or mariadb-server; what is missing is left
# out. Servers run in temporary folders and end with the script.
#
#   benches/databases.sh                 # five rounds
#   ROWS=100000 ROUNDS=3 benches/databases.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rows=${ROWS:-1000000} rounds=${ROUNDS:-5}
if [ -z "${CHURNCTL:-}" ]; then
    cargo build --release --locked --quiet --features mysql --bin churnctl
fi
churnctl=${CHURNCTL:-${CARGO_TARGET_DIR:-target}/release/churnctl}
work=$(mktemp -d)
chmod 755 "$work"
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 20000))

# as_postgres COMMAND...: in place of this process; the server refuses root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then set -- setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; fi
    exec "$@"
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# best NAME COMMAND...: runs a command and keeps the shortest wall time of its name.
best() {
    local name=$1 begin took
    shift
    begin=$(milliseconds)
    "$@" >/dev/null 2>"$work/stderr" || { cat "$work/stderr" >&2; exit 1; }
    took=$(($(milliseconds) - begin))
    if [ ! -e "$work/$name.ms" ] || [ "$took" -lt "$(cat "$work/$name.ms")" ]; then
        echo "$took" >"$work/$name.ms"
    fi
}

# compare SERVER CLIENT_COMMAND ADDRESS LOG_FUNCTION
compare() {
    local server=$1 client=$2 address=$3 statements=$4 what
    local -A run=(
        [profile]="$churnctl profile $address -o $work/p.json -q"
        [drift]="$churnctl drift --baseline $work/base.json --current $address -q --fail-on never --report $work/r.json"
    )
    "$churnctl" profile "$address" -o "$work/base.json" -q >/dev/null
    for what in profile drift; do
        "$statements" start
        ${run[$what]} >/dev/null
        "$statements" stop >"$work/$server-$what.sql"
        for _ in $(seq "$rounds"); do
            best "$server-$what-ours" ${run[$what]}
            best "$server-$what-client" "$client" "$work/$server-$what.sql"
        done
        awk -v name="$server $what" -v count="$(grep -c '^select' "$work/$server-$what.sql")" \
            -v ours="$(cat "$work/$server-$what-ours.ms")" -v theirs="$(cat "$work/$server-$what-client.ms")" \
            'BEGIN { printf "%-18s %3d statements  churnctl %6.2f s  client %6.2f s  ratio %.3f\n",
                     name, count, ours / 1000, theirs / 1000, ours / theirs }'
    done
}

# --- PostgreSQL ---
postgres() {
    local bin data=$work/postgres
    bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1) || true
    [ -n "$bin" ] || { echo "postgresql is not installed"; return; }
    mkdir "$data"
    [ "$(id -u)" -ne 0 ] || chown postgres "$data"
    (as_postgres "$bin/initdb" --no-sync --auth=trust --username=postgres --encoding=UTF8 \
        --locale=C -D "$data/data" >/dev/null)
    # One process, to be ended by its number.
    (as_postgres "$bin/postgres" -D "$data/data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c fsync=off -c shared_buffers=512MB -c log_line_prefix='@@ ' \
        2>"$data/log") &
    servers+=("$!")
    psql=(psql -h 127.0.0.1 -p "$port" -U postgres -X -q -v ON_ERROR_STOP=1)
    until "${psql[@]}" -c 'select 1' >/dev/null 2>&1; do sleep 0.1; done
    "${psql[@]}" <<SQL
select setseed(0.5) \\gset
create table customers as
select 'u-' || g as user_id, (random() * 72)::int as tenure, exp(random() * 6) as spend,
  random() * 1000 as charges, (random() * 1e6)::numeric(10, 2) as balance, random() as usage,
  case when random() < 0.1 then null else random() * random() end as support,
  (array['basic', 'plus', 'pro'])[1 + (random() * random() * 3)::int % 3] as plan,
  'region ' || (random() * 40)::int as region, (random() < 0.3)::int as churn_label
from generate_series(1, $rows) g;
vacuum analyze customers;
SQL
    statements_of_postgres() {
        if [ "$1" = start ]; then
            "${psql[@]}" -c "alter system set log_statement to 'all'" -c 'select pg_reload_conf()' >/dev/null
            sleep 1
            : >"$data/log.mark"
            wc -c <"$data/log" >"$data/log.mark"
        else
            "${psql[@]}" -c 'alter system reset log_statement' -c 'select pg_reload_conf()' >/dev/null
            sleep 1
            tail -c "+$(($(cat "$data/log.mark") + 1))" "$data/log" |
                awk '/^@@ / { if (open) print ";"; open = sub(/^@@ LOG:  execute [^:]*: /, "") }
                     open { print } END { if (open) print ";" }'
        fi
    }
    run_psql() {
        { echo 'begin transaction isolation level repeatable read read only;'; cat "$1"; } | "${psql[@]}" -A -t
    }
    compare postgres run_psql "postgres://postgres@127.0.0.1:$port/postgres?table=customers" \
        statements_of_postgres
}

# --- MariaDB ---
mariadb_server() {
    local data=$work/mariadb daemon
    daemon=$(PATH=$PATH:/usr/sbin command -v mariadbd) || { echo "mariadb-server is not installed"; return; }
    mkdir "$data"
    mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db \
        --skip-name-resolve --datadir="$data/data" --user="$(id -un)" >/dev/null 2>&1
    "$daemon" --no-defaults --user="$(id -un)" --datadir="$data/data" --socket="$data/socket" \
        --pid-file="$data/pid" --bind-address=127.0.0.1 --port=$((port + 1)) --skip-name-resolve \
        --innodb-buffer-pool-size=512M --innodb-flush-log-at-trx-commit=0 --log-output=TABLE \
        2>"$data/log" &
    servers+=("$!")
    mariadb=(mariadb --no-defaults -h127.0.0.1 "-P$((port + 1))" -uroot -N -B --raw --quick)
    until "${mariadb[@]}" -e 'select 1' >/dev/null 2>&1; do sleep 0.1; done
    "${mariadb[@]}" >/dev/null <<SQL
create database shop; use shop;
create table customers as
select concat('u-', seq) as user_id, cast(rand(1) * 72 as int) as tenure, exp(rand(2) * 6) as spend,
  rand(3) * 1000 as charges, cast(rand(4) * 1e6 as decimal(10, 2)) as balance, rand(5) as \`usage\`,
  if(rand(6) < 0.1, null, rand(7) * rand(8)) as support,
  elt(1 + floor(rand(9) * rand(10) * 3), 'basic', 'plus', 'pro') as plan,
  concat('region ', floor(rand(11) * 40)) as region, if(rand(12) < 0.3, 1, 0) as churn_label
from seq_1_to_$rows;
analyze table customers;
SQL
    statements_of_mariadb() {
        if [ "$1" = start ]; then
            "${mariadb[@]}" -e 'truncate mysql.general_log; set global general_log = 1'
        else
            "${mariadb[@]}" -e "set global general_log = 0; select concat(argument, ';') from mysql.general_log
                where command_type = 'Query' and argument like 'select %from%customers%'
                and argument not like '%general_log%' order by event_time"
        fi
    }
    run_mariadb() {
        { echo 'set names utf8mb4; start transaction with consistent snapshot, read only;'; cat "$1"; } |
            "${mariadb[@]}" shop
    }
    compare mariadb run_mariadb "mariadb://root@127.0.0.1:$((port + 1))/shop?table=customers" \
        statements_of_mariadb
}

echo "$rows rows, best of $rounds, load $(cut -d' ' -f1-3 /proc/loadavg)"
postgres
mariadb_server
