#!/usr/bin/env bash
# Deploys a small shop: builds an archive, unpacks it as a release, migrates its database, warms a cache
# that needs a second try, and switches over. Needs bash, tar, gzip and python3.
#
#     deploy.sh [--fail] [TARGET]
#
# TARGET is where releases, the database and the `current` link are kept; without it a temporary folder
# is used and removed at the end. With --fail the new release does not pass its check: it is not
# switched on, and the script leaves with status 3.
set -euo pipefail

# a copy beside the script (chaos-otel shell-lib --install telemetry), else the one in this repository,
# else the one that is installed
here=$(dirname "$0")
library=$here/telemetry/utils.sh
[ -r "$library" ] || library=$here/../../src/chaos_otel/emit/utils.sh
[ -r "$library" ] || library=$(chaos-otel shell-lib)
# shellcheck source=/dev/null
. "$library"

fail=no
if [ "${1-}" = --fail ]; then
    fail=yes
    shift
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=${1-$work/target}
version=1.4.2
release=$target/releases/$version
mkdir -p "$target/releases"

compile() {
    mkdir -p "$work/shop/pages"
    local page
    for page in index basket checkout; do
        printf '<h1>%s</h1>\n' "$page" >"$work/shop/pages/$page.html"
    done
    echo "$version" >"$work/shop/VERSION"
    echo "compiled $(find "$work/shop" -type f | wc -l) files"
}

pack() {
    tar -C "$work" -czf "$work/shop.tar.gz" shop
    echo "packed $(wc -c <"$work/shop.tar.gz") bytes"
}

unpack() {
    rm -rf "$release"
    mkdir -p "$release"
    tar -C "$release" --strip-components=1 -xzf "$work/shop.tar.gz"
    telemetry_mark_changed "copy"
    ls "$release"
}

migrate() {
    local said
    said=$(migrations) || return
    echo "$said"
    case $said in
        *", 0 migrations were due") ;;
        *) telemetry_mark_changed "migrate" ;;
    esac
}

migrations() {
    python3 - "$target/shop.sqlite" <<'PYTHON'
import sqlite3
import sys

MIGRATIONS = (
    "CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "ALTER TABLE product ADD COLUMN price_cents INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX product_by_name ON product (name)",
)
database = sqlite3.connect(sys.argv[1])
(done,) = database.execute("PRAGMA user_version").fetchone()
for number, statement in enumerate(MIGRATIONS[done:], start=done + 1):
    with database:
        database.execute(statement)
        database.execute(f"PRAGMA user_version = {number}")
    print(f"migration {number}: {statement.split('(')[0].strip()}")
print(f"the schema is at {len(MIGRATIONS)}, {len(MIGRATIONS) - done} migrations were due")
PYTHON
}

warm_cache() {
    local tries
    tries=$(($(cat "$work/tries" 2>/dev/null || echo 0) + 1))
    echo "$tries" >"$work/tries"
    if [ "$tries" -lt 2 ]; then
        echo "cache: connection reset" >&2
        return 75
    fi
    echo "cache: 3 pages are warm"
}

check() {
    local broken=0
    [ "$(cat "$release/VERSION")" = "$version" ] || broken=1
    [ "$fail" = no ] || broken=1
    if [ "$broken" = 1 ]; then
        echo "the release answers 503" >&2
        return 3
    fi
    echo "the release answers 200"
}

switch() {
    [ "$(readlink "$target/current")" != "releases/$version" ] || return 0
    ln -s "releases/$version" "$target/current.new"
    mv -T "$target/current.new" "$target/current"
    echo "current is now $(readlink "$target/current")"
    telemetry_mark_changed "switch"
}

telemetry_init "shop-deploy" "$version"
telemetry_add_tag "service" "shop"

telemetry_start_timer "build"
telemetry_step "compile" -- compile
telemetry_step "pack" -- pack
telemetry_track_success "build"

telemetry_step "copy" -- unpack
telemetry_step "migrate" -- migrate
telemetry_retry 3 "warm the cache" -- warm_cache

# `||`: under `set -e` a failing function would end the script here, before its step has its status
telemetry_step "check" -- check || {
    status=$?
    echo "deploy: $version is not switched on" >&2
    telemetry_flush
    exit "$status"
}

telemetry_step "switch" -- switch

telemetry_record_metric "execution_time" "$(telemetry_get_duration)"
telemetry_record_metric "archive_bytes" "$(wc -c <"$work/shop.tar.gz")"
telemetry_flush
