#!/bin/sh
# Part of `make dev`: clients that tests run unmodified and that do not fit beside each other in one environment, such as
# an old and a new SDK. Pinned with hashes in tests/clients/sdk; installed once into .venv/clients and its node_modules.
set -eu
cd "$(dirname "$0")/.."

for lock in tests/clients/sdk/*.lock; do
    folder=.venv/clients/$(basename "$lock" .lock)
    want=$(cksum < "$lock")
    [ "$(cat "$folder/installed" 2>/dev/null)" = "$want" ] && continue
    rm -rf "$folder"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target "$folder" -r "$lock"
    printf '%s' "$want" > "$folder/installed"
done

stamp=tests/clients/sdk/node_modules/installed
want=$(cksum < tests/clients/sdk/package-lock.json)
if [ "$(cat $stamp 2>/dev/null)" != "$want" ]; then
    .venv/bin/python ui/hatch_build.py --npm ci --prefix ../tests/clients/sdk --ignore-scripts --silent
    printf '%s' "$want" > $stamp
fi
