#!/bin/sh
# Sets up .venv with everything the studio (or its tests, documentation or packages) needs. Safe to run again: it does only what is missing.
# Usage: scripts/bootstrap.sh [run|test|docs|dist]
# PINNED=1: exactly the files whose checksums are in scripts/hashes.txt, and a torch of the version named here.
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}
torch_version=2.13.0

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

if [ "$(id -u)" = 0 ]; then as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo"
else as_root="no"
fi

# Runs a command quietly; shows the end of what it printed only if it fails.
quietly() {
    if ! "$@" >"$log" 2>&1; then tail -n 5 "$log" >&2; return 1; fi
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Installs Debian packages where that is allowed, otherwise names them and stops.
need_packages() {
    reason=$1; shift
    if ! command -v apt-get >/dev/null 2>&1; then die "$reason; install what your system calls: $*"; fi
    if [ "$as_root" = no ]; then die "$reason; run: sudo apt-get install $* (then this again)"; fi
    say "$reason; installing $*"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { quietly $as_root apt-get update -qq && quietly $as_root apt-get install -y -qq "$@"; } \
        || die "apt-get could not install $*; install them by hand, then run this again"
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
            echo "$candidate"; return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    command -v python3 >/dev/null 2>&1 || need_packages "there is no Python" python3 python3-venv
    python=$(find_python)
    [ -n "$python" ] || die "Python 3.11, 3.12 or 3.13 is needed; install one and name it: PYTHON=/path/to/python3.12 make demo"
fi

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -c 'import ensurepip' >/dev/null 2>&1 || need_packages "Python lacks its venv module" python3-venv
    say "creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || die "could not create .venv in $(pwd); is the disk full or the folder read-only?"
fi
py=.venv/bin/python

# What was set up, for which files: when nothing changed the rest is skipped.
wanted=$({ cat pyproject.toml setup.py scripts/bootstrap.sh; [ "${PINNED:-}" != 1 ] || cat scripts/hashes.txt; } | cksum | tr -d ' ')-$($py -c 'import sys; print("%d.%d" % sys.version_info[:2])')
stamps=$purpose
[ "$purpose" = run ] && stamps="run test docs dist"  # each of them brings the studio too
for stamp in $stamps; do
    if [ "$(cat ".venv/.set-up-for-$stamp" 2>/dev/null || true)" = "$wanted" ]; then ready=yes; fi
done

if [ "${ready:-no}" = no ]; then
    if ! $py -c "import torch" >/dev/null 2>&1; then
        index=""
        # Without an NVIDIA GPU the CPU build is enough; where pip would fetch the CUDA one, PyTorch's own CPU list is used.
        if ! nvidia-smi -L >/dev/null 2>&1; then
            plan=$($py -m pip install --quiet --dry-run --report - "torch==$torch_version" 2>/dev/null || true)
            case $plan in *'"nvidia'*) index="--index-url https://download.pytorch.org/whl/cpu" ;; esac
        fi
        say "installing torch $torch_version${index:+ (CPU)}; this can take some minutes"
        # shellcheck disable=SC2086
        quietly $py -m pip install --quiet --disable-pip-version-check "torch==$torch_version" $index \
            || die "pip could not install torch $torch_version; check the network connection, then run this again"
    fi
    extra=""
    [ "$purpose" = run ] || extra="[$purpose]"
    exactly=""
    if [ "${PINNED:-}" = 1 ]; then
        say "installing the libraries of scripts/hashes.txt"
        quietly $py -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
            -r scripts/hashes.txt \
            || die "pip could not install the files of scripts/hashes.txt; check the network connection, then run this again"
        exactly="--no-deps --no-build-isolation"
    fi
    say "installing Seamseg Studio and its libraries"
    # shellcheck disable=SC2086
    quietly $py -m pip install --quiet --disable-pip-version-check $exactly -e ".$extra" \
        || die "pip could not install the libraries; check the network connection, then run this again"
    if [ "$purpose" = test ]; then
        # The datasets' own tools judge our files in tests. They ask for an old numpy and for programs that they run without here.
        quietly $py -m pip install --quiet --disable-pip-version-check --no-deps \
            panopticapi-lite==0.2.0 cityscapesscripts==2.3.0 pyquaternion==0.9.9 \
            || say "panopticapi and cityscapesscripts could not be installed; the tests that run them are skipped"
    fi
    echo "$wanted" > ".venv/.set-up-for-$purpose"
fi

if [ "$purpose" = dist ] && [ "$(uname)" = Linux ]; then
    command -v objdump >/dev/null 2>&1 || need_packages "PyInstaller needs objdump" binutils
    $py -c 'import ctypes, sys; ctypes.CDLL("libpython%d.%d.so.1.0" % sys.version_info[:2])' >/dev/null 2>&1 \
        || need_packages "PyInstaller needs Python as a library" "$($py -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')"
fi

# Qt opens these by name when a window starts; a server or a container often lacks them.
missing=$($py - <<'PYTHON'
import ctypes, sys
needed = {
    "libEGL.so.1": "libegl1", "libGL.so.1": "libgl1", "libxkbcommon.so.0": "libxkbcommon0", "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1", "libxkbcommon-x11.so.0": "libxkbcommon-x11-0", "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4", "libxcb-keysyms.so.1": "libxcb-keysyms1", "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-image.so.0": "libxcb-image0", "libxcb-render-util.so.0": "libxcb-render-util0",
}
if sys.platform == "linux":
    for library, package in needed.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            print(package, end=" ")
PYTHON
)
# shellcheck disable=SC2086
[ -z "$missing" ] || need_packages "Qt needs system libraries" $missing
if ! fc-list 2>/dev/null | grep -q . && [ ! -d /usr/share/fonts/truetype ]; then need_packages "no font is installed" fonts-dejavu-core; fi
say "ready ($($py -c 'import torch; print("torch", torch.__version__, "on", "GPU" if torch.cuda.is_available() else "CPU")'))"
