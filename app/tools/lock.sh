#!/usr/bin/env bash
# Writes the hash-pinned locks from the .in files beside them; arguments go to pip-compile
# (--upgrade, --upgrade-package NAME). Run it with Python 3.11, the oldest that is supported:
# what only an older Python needs is then in the lock, and does no harm to a newer one.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
export PIP_FIND_LINKS=  # local wheels would add hashes that nobody else has

for name in build runtime dev node mongod mongod44; do
    echo "locking $name.txt ..." >&2
    ../.venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
        --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        --output-file "$name.txt" "$@" "$name.in"
done
