#!/usr/bin/env bash
# Installs what a release is made of into clean folders and asks each for a verdict.
#
#   packaging/check.sh FILE...     archives (.tar.gz), wheels (.whl), Debian packages (.deb)
#
# A package is unpacked and not installed: that needs no root, and leaves nothing behind.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# The shifted month of the examples: exit code 2 is drift, anything else a fault.
verdict() {
    local code=0
    (cd "$room" && "$1" drift "$root/examples/data/telco_baseline.csv" "$root/examples/data/telco_shifted.csv" \
        --report none --format plain -q >verdict.txt) || code=$?
    if [ "$code" -ne 2 ] || ! grep -q '^FAIL  10 of 19 features drifted' "$room/verdict.txt"; then
        echo "$2: no verdict; it ended with $code" >&2
        exit 1
    fi
    echo "$2: $("$1" --version)"
}

for file in "$@"; do
    name=$(basename "$file")
    rm -rf "$room/here" && mkdir "$room/here"
    case "$file" in
        *.tar.gz)
            tar -xzf "$file" -C "$room/here" --strip-components 1
            for part in LICENSE THIRD-PARTY-NOTICES.txt man/churnctl.1 completions/churnctl.bash; do
                [ -s "$room/here/$part" ] || { echo "$name: $part is missing" >&2; exit 1; }
            done
            verdict "$room/here/churnctl" "$name"
            ;;
        *.whl)
            python3 -m venv "$room/here"
            "$room/here/bin/pip" install -q --no-index --no-deps "$file"
            verdict "$room/here/bin/churnctl" "$name"
            ;;
        *.deb)
            dpkg-deb -x "$file" "$room/here"
            [ -s "$room/here/usr/share/man/man1/churnctl.1.gz" ] || { echo "$name: no manual" >&2; exit 1; }
            verdict "$room/here/usr/bin/churnctl" "$name"
            ;;
        *)
            echo "$name: not an archive, a wheel or a Debian package" >&2
            exit 64
            ;;
    esac
done
