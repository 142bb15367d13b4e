#!/usr/bin/env bash
# One check of the action: runs churnctl, shows its annotations, and ends with its exit code.
# Everything comes in by the environment, see action.yml.
set -uo pipefail

fail() {
  # A fault of the step is an annotation, too: GitHub shows those first.
  printf '::error title=churnctl::%s\n' "$1"
  exit "${2:-64}"
}

output() {
  [ -n "${GITHUB_OUTPUT:-}" ] && printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
  return 0
}

# Splits a text at its blanks into the array `words`; quotes group, and nothing else is special:
# no variable and no command in it is looked at.
split() {
  words=()
  [ -z "$1" ] && return 0
  local list
  list=$(printf '%s' "$1" | xargs -n 1 printf '%s\n') || fail "cannot split: $1"
  mapfile -t words <<<"$list"
}

# Takes a release's archive into the folder $1, if there is one for this machine. Whatever does not have the checksum
# that the release names is a fault, and nothing is built in its place.
take_release() {
  local target archive sum
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64) target=aarch64-unknown-linux-musl ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    *) return 1 ;;
  esac
  archive="churnctl-$VERSION-$target.tar.gz"
  mkdir -p "$1/bin" || return 1
  for file in "$archive" SHA256SUMS; do
    curl -fsSL --retry 3 -o "$1/$file" "$RELEASES/v$VERSION/$file" || return 1
  done
  if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum -a 256); fi
  # A list without the archive's line checks nothing, and fails.
  (cd "$1" && grep -F -- "  $archive" SHA256SUMS | "${sum[@]}" -c - >/dev/null 2>&1) \
    || fail "the checksum of $archive is not that of SHA256SUMS" 65
  tar -xzf "$1/$archive" -C "$1/bin" --strip-components 1 "${archive%.tar.gz}/churnctl" \
    || fail "$archive holds no program" 65
}

if ! command -v "$BINARY" >/dev/null 2>&1; then
  [ "$BINARY" = churnctl ] || fail "there is no program $BINARY"
  root="${RUNNER_TEMP:-/tmp}/churnctl"
  if [ ! -x "$root/bin/churnctl" ] && [ -n "${VERSION:-}" ] && ! take_release "$root"; then
    echo "release $VERSION cannot be had for this machine"
  fi
  if [ ! -x "$root/bin/churnctl" ]; then
    echo "::group::building churnctl"
    cargo install --locked --path "$SOURCE" --root "$root" || fail "churnctl cannot be built" 1
    echo "::endgroup::"
  fi
  BINARY="$root/bin/churnctl"
fi

mkdir -p "$REPORTS" || fail "cannot make the folder $REPORTS" 74
annotations="$REPORTS/annotations.txt"
rm -f "$annotations"
# shellcheck disable=SC2153 # an input, see action.yml
split "$ARGUMENTS"
arguments=("${words[@]}")
status=""
case "$CHECK" in
  drift)
    command=("$BINARY" drift --format plain --fail-on "$FAIL_ON"
      --report "$REPORTS/report.json" --html "$REPORTS/report.html"
      --junit "$REPORTS/junit.xml" --annotations "$annotations")
    split "$BASELINE"
    [ "${#words[@]}" -gt 0 ] && command+=(--baseline "${words[@]}")
    split "$CURRENT"
    [ "${#words[@]}" -gt 0 ] && command+=(--current "${words[@]}")
    rm -f "$REPORTS/report.json"
    "${command[@]}" "${arguments[@]}"
    code=$?
    if [ -f "$REPORTS/report.json" ]; then
      status=$(sed -n 's/^  "status": "\([A-Z]*\)",$/\1/p' "$REPORTS/report.json" | head -n 1)
    fi
    ;;
  alerts)
    "$BINARY" alerts test --format github --junit "$REPORTS/junit.xml" "${arguments[@]}" \
      >"$annotations"
    code=$?
    ;;
  manifests)
    "$BINARY" render-manifests --check --output-dir "$FOLDER" "${arguments[@]}"
    code=$?
    if [ "$code" -eq 2 ]; then
      printf '::error title=%s::%s\n' "the manifests in $FOLDER are stale" \
        "run: churnctl render-manifests --output-dir $FOLDER" >"$annotations"
    fi
    ;;
  *)
    fail "check is drift, alerts or manifests, not \"$CHECK\""
    ;;
esac

[ -f "$annotations" ] && cat "$annotations"
case "$code" in
  0 | 2) ;;
  # The reason is in the log, on stderr.
  *) printf '::error title=churnctl %s::%s\n' "$CHECK" "ended with exit code $code; the log says why" ;;
esac
output exit-code "$code"
output status "$status"
output reports "$REPORTS"
exit "$code"
