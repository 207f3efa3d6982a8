#!/bin/sh
# Everything about the native ops that needs a GPU: build, tests, sanitizer, benchmark. About five minutes.
# Wants PyTorch with CUDA, its nvcc, ninja, pytest and hypothesis; nothing has to be installed, least of all this program.
# Usage: scripts/check_gpu.sh [PYTHON]   (what it finds is printed; the exit code is 0 if all is well)
cd "$(dirname "$0")/.." || exit 1
python=${1:-python3}
import=$(mktemp -d)
trap 'rm -rf "$import"' EXIT
mkdir "$import/seamseg_studio"
for part in app engine training resources csrc; do ln -s "$PWD/$part" "$import/seamseg_studio/$part"; done
export PYTHONPATH="$import" SEAMSEG_OPS_CACHE="${SEAMSEG_OPS_CACHE:-$PWD/build/ops}" PYTHONUNBUFFERED=1
PATH=$PATH:/usr/local/cuda/bin
failed=0

part() { printf '\n== %s\n' "$1"; shift; "$@" || { failed=1; echo "FAILED: $*"; }; }

nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
part build timeout 180 "$python" -c \
    'from seamseg_studio.engine.ops import native as n; s = n.status(); print(s); raise SystemExit(s.kind != "cuda")'
part tests timeout 240 "$python" -m pytest -q --maxfail=10 -p no:cacheprovider -W ignore::pytest.PytestConfigWarning \
    -m "gpu and not slow" tests/ops tests/gpu
for tool in memcheck racecheck; do
    part "$tool" timeout 120 compute-sanitizer --tool "$tool" --error-exitcode 9 "$python" tests/gpu/sanitised.py
done
part benchmark timeout 180 "$python" benchmarks/ops.py --device cuda
exit $failed
