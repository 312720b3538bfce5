#!/usr/bin/env bash
# Deploys a small shop into a folder: builds it, copies it, migrates its database, checks it.
#
#   examples/shell/deploy.sh [FOLDER]     FAIL=STEP makes a step fail: build, copy, migrate or check
#
# It runs with chaos-otel and without: the library is looked for, and does nothing where it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
target=${1:-$work/target}
trap 'rm -rf "$work"' EXIT

if library=$(chaos-otel shell-lib 2> /dev/null); then
    # shellcheck source=/dev/null
    source "$library"
else
    telemetry_init() { :; }
    telemetry_flush() { :; }
    telemetry_record_metric() { :; }
    telemetry_mark_changed() { :; }
    telemetry_step() { shift 2 && "$@"; }
    telemetry_retry() {
        local left=$1
        shift 3
        until "$@"; do ((--left > 0)) || return 1; done
    }
fi

fail_if_asked() {
    if [[ ${FAIL:-} == "$1" ]]; then
        echo "$1: failed, as FAIL=$1 asked for" >&2
        return 1
    fi
}

build() {
    fail_if_asked build || return
    mkdir -p "$work/build"
    sed "s/@VERSION@/$1/" "$here/shop/index.html" > "$work/build/index.html"
    cp "$here/shop/schema.sql" "$work/build/"
    (cd "$work/build" && sha256sum -- * > SHA256SUMS)
    echo "built version $1: $(wc -l < "$work/build/SHA256SUMS") files"
}

copy() {
    fail_if_asked copy || return
    mkdir -p "$target"
    if (cd "$target" && sha256sum --check --status "$work/build/SHA256SUMS" 2> /dev/null); then
        echo "nothing to copy"
        return
    fi
    cp -R "$work/build/." "$target/" || return
    (cd "$target" && sha256sum --check --quiet SHA256SUMS) || return
    telemetry_mark_changed copy
    echo "copied to $target"
}

migrate() {
    fail_if_asked migrate || return
    local result
    result=$(
        python3 - "$target/shop.db" "$target/schema.sql" << 'PYTHON'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    before = database.execute("PRAGMA user_version").fetchone()[0]
    database.executescript(open(sys.argv[2]).read())
    after = database.execute("PRAGMA user_version").fetchone()[0]
    rows = database.execute("SELECT count(*) FROM product").fetchone()[0]
print("unchanged" if before == after else f"schema {before} -> {after}", f"{rows} products", sep=", ")
PYTHON
    ) || return
    echo "$result"
    [[ $result == "unchanged, "* ]] || telemetry_mark_changed migrate
}

# Needs a while until it is there, as a service does that has just been started.
check() {
    fail_if_asked check || return
    local tries
    tries=$(($(cat "$work/tries" 2> /dev/null || echo 0) + 1))
    echo "$tries" > "$work/tries"
    if ((tries < 3)); then
        echo "attempt $tries: the shop does not answer yet" >&2
        return 1
    fi
    grep -c '<h1>' "$target/index.html" > /dev/null
    echo "the shop answers"
}

telemetry_init "shop" "v1.4.0"
telemetry_step build -- build v1.4.0
telemetry_step copy -- copy
telemetry_step migrate -- migrate
telemetry_retry 3 check -- check
telemetry_record_metric "files" "$(find "$target" -type f | wc -l)"
telemetry_flush
