#!/bin/sh
# `make setup`: a virtual environment in .venv with pinned dependencies, the built UI and the compiled kernels.
# Needs only a Python >= 3.11. Run again at any time: what is up to date is left alone.
#   HANNUN_DEV=1     also install what the tests and checks need
#   HANNUN_PYTHON=…  use this interpreter
set -eu
cd "$(dirname "$0")/.."

case "${HANNUN_LANG:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}" in ko*) ko=1 ;; *) ko=0 ;; esac
say() { if [ $ko = 1 ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi; }
die() { say "$1" "$2" >&2; exit 1; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${HANNUN_PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 && fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    # An older Python can still fetch a newer one: uv is a plain pip package that brings standalone builds.
    for old in python3 python; do
        if command -v "$old" >/dev/null 2>&1 && "$old" -m pip --version >/dev/null 2>&1; then
            say "No Python 3.11 or newer found; fetching one with uv." \
                "Python 3.11 이상이 없어 uv로 내려받습니다." >&2
            if "$old" -m pip install --quiet --target .uv 'uv>=0.5' >&2 &&
               .uv/bin/uv python install --quiet 3.12 >&2; then
                .uv/bin/uv python find 3.12
                return
            fi
        fi
    done
    return 1
}

started=$(date +%s)
if ! { [ -x .venv/bin/python ] && fits .venv/bin/python; }; then
    python=$(find_python) || die \
        "Hannun needs Python 3.11 or newer, and none was found. Install one (Debian/Ubuntu: apt install python3 python3-venv; macOS: brew install python) or name it with HANNUN_PYTHON=/path/to/python, then run make again." \
        "Hannun은 Python 3.11 이상이 필요한데 찾지 못했습니다. 설치하거나(Debian/Ubuntu: apt install python3 python3-venv, macOS: brew install python) HANNUN_PYTHON=/경로/python 으로 지정한 뒤 make를 다시 실행하세요."
    rm -rf .venv
    "$python" -m venv .venv >/dev/null 2>&1 || {
        rm -rf .venv
        # Debian ships Python without ensurepip; virtualenv carries its own pip.
        "$python" -m pip install --quiet --target .virtualenv 'virtualenv>=20.26' >/dev/null 2>&1 &&
            PYTHONPATH=.virtualenv "$python" -m virtualenv --quiet .venv
    } || die \
        "$python cannot create a virtual environment. On Debian/Ubuntu: apt install python3-venv" \
        "$python 으로 가상 환경을 만들 수 없습니다. Debian/Ubuntu라면: apt install python3-venv"
fi

lock=requirements.lock
[ "${HANNUN_DEV:-0}" = 0 ] || lock=requirements-dev.lock
stamp=.venv/installed
want="$(cksum < "$lock") $(cksum < pyproject.toml) $(pwd)"
dev_want="$(cksum < requirements-dev.lock) $(cksum < pyproject.toml) $(pwd)"
if [ "$(cat $stamp 2>/dev/null)" != "$want" ] && [ "$(cat $stamp 2>/dev/null)" != "$dev_want" ]; then
    say "Installing pinned dependencies (once, about a minute)…" "고정된 의존성을 설치합니다(처음 한 번, 약 1분)…"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    HANNUN_SKIP_UI=1 .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
    printf '%s' "$want" > $stamp
fi

.venv/bin/python ui/hatch_build.py

# Compiled kernels are kept beside the code; without this the first query would wait for the compiler.
.venv/bin/python -m hannun.compile
say "Ready in $(( $(date +%s) - started )) s." "$(( $(date +%s) - started ))초 만에 준비되었습니다."
