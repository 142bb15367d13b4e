#!/usr/bin/env bash
# Builds the newest promtool, amtool, alertmanager and pint from Go modules into target/go-tools: the second
# generation that judges alert rules in the tests, beside Debian's. Only go.mod and go.sum
# are ours; all sources come through the Go module proxy. About ten minutes of one core the first time,
# nothing once the programs are there. Needs Go 1.26.7.
#
# With the word `cluster` it builds a control plane of Kubernetes, the Operator and what it starts instead: what
# tests/cluster.sh runs, and what judges in tests/it what the manifests ask of a cluster. Twenty-five minutes of two
# cores from nothing, so tests/run.sh does not ask for it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
out=../../target/go-tools
mkdir -p "$out"
out=$(cd "$out" && pwd)

# A program is there when it is whole: a build that was interrupted leaves none behind.
build() {
    local module=$1 name=$2 package=$3 mode=${4:-readonly} stamp=${5:-} tags=${6:-}
    if [ ! -x "$out/$name" ]; then
        (cd "$module" && go build -mod="$mode" -tags "$tags" -o "$out/.$name.new" -ldflags "-s -w $stamp" "$package")
        mv "$out/.$name.new" "$out/$name"
    fi
}

if [ "${1:-}" = cluster ]; then
    build etcd etcd go.etcd.io/etcd/server/v3
    version=v1.36.3
    stamp="-X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
    for name in kube-apiserver kube-controller-manager kube-scheduler; do
        build kubernetes "$name" "k8s.io/kubernetes/cmd/$name" readonly "$stamp"
    done
    build kube-state-metrics kube-state-metrics k8s.io/kube-state-metrics/v2
    operator=github.com/prometheus-operator/prometheus-operator/cmd
    build operator prometheus-operator "$operator/operator"
    build operator prometheus-config-reloader "$operator/prometheus-config-reloader"
    # The definitions of the Operator's objects, as its module carries them.
    crds=$(cd operator && go list -m -f '{{.Dir}}' github.com/prometheus-operator/prometheus-operator)/example/prometheus-operator-crd
    mkdir -p "$out/crds"
    cp "$crds"/*.yaml "$out/crds/"
    chmod -R u+w "$out/crds"
    build prometheus prometheus github.com/prometheus/prometheus/cmd/prometheus
    build pushgateway pushgateway github.com/prometheus/pushgateway
    build node-exporter node_exporter github.com/prometheus/node_exporter
    exit
fi
# Rules and their cases need no service discovery, and so not the clients of twenty clouds.
build prometheus promtool github.com/prometheus/prometheus/cmd/promtool readonly "" remove_all_sd
# Alertmanager embeds a user interface that its module does not carry: a page of ours stands in, in a
# vendor folder that is not kept.
if [ ! -x "$out/amtool" ] || [ ! -x "$out/alertmanager" ]; then
    vendor=$(mktemp -d)
    trap 'rm -rf "$vendor"' EXIT
    cp alertmanager/go.mod alertmanager/go.sum "$vendor"
    # Vendoring ends with a complaint about the folder that is missing, and has done its work.
    (cd "$vendor" && go mod vendor -e 2>/dev/null) || true
    page=$vendor/vendor/github.com/prometheus/alertmanager/ui/app/dist
    mkdir -p "$page"
    echo '<!doctype html><title>Alertmanager</title>' >"$page/index.html"
    build "$vendor" amtool github.com/prometheus/alertmanager/cmd/amtool vendor
    build "$vendor" alertmanager github.com/prometheus/alertmanager/cmd/alertmanager vendor
fi
build pint pint github.com/cloudflare/pint/cmd/pint
build actionlint actionlint github.com/rhysd/actionlint/cmd/actionlint
# Any kubectl does.
command -v kubectl >/dev/null || build kubectl kubectl .
