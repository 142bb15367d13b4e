#!/usr/bin/env bash
# Builds the manual into a folder (default: target/book), as HTML that needs no server. Beside it lie the files of the repository
# that pages link to, so that the same links lead to the same files here and there. Needs mdbook.
#
#   docs/build.sh [FOLDER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-target/book}
mkdir -p "$out/examples"
out=$(cd "$out" && pwd)
mdbook build docs --dest-dir "$out/docs" >/dev/null
# What mdBook takes for an illustration.
rm -f "$out/docs/build.sh" "$out/docs/terminal_picture.py" "$out/docs/book.toml"
# A folder's README becomes its index, and links to it do not follow.
for index in "$out/docs/index.html" "$out"/docs/*/index.html; do
    cp "$index" "$(dirname "$index")/README.html"
done
cp -R k8s "$out/"
cp -R examples/schemas examples/github examples/dvc "$out/examples/"
