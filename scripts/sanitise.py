"""Runs the CPU ops under the compiler's sanitizers: python scripts/sanitise.py [--only thread address] [--out DIR]

thread:  every op, from four threads at once and each split among four threads of its own: data races.
address: the same, and the tests of the ops: memory that is not theirs, and what C++ leaves undefined.

The interpreter and PyTorch are as they are; only the ops are built for it. OpenMP, which the sanitizer of threads does
not understand, is replaced by plain threads. Before each run a fault is planted that the sanitizer must find. Needs
Linux and gcc; takes some minutes. Exits with 1 if something was found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PLANTED = REPOSITORY / "tests" / "ops" / "planted.cpp"
FOUND = 66  # the exit code of a program in which a sanitizer found something
CALLS = ["tests/gpu/sanitised.py", "cpu"]
TESTS = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not gpu and not slow", "tests/ops/test_hard_values.py"]
TESTS += [f"tests/ops/test_compiled_{name}.py" for name in ("abn", "boxes", "fusion", "nms", "sampling")]


@dataclass(frozen=True, slots=True)
class Sanitizer:
    """How a sanitizer is used.

    Attributes:
        flags: For the compiler.
        runtimes: Libraries that must be loaded before all others.
        planted: What must be found, functions of PLANTED.
        runs: What is to be run with Python under it.
        options: Environment.
    """

    flags: str
    runtimes: tuple[str, ...]
    planted: tuple[str, ...]
    runs: tuple[Sequence[str], ...]
    options: Mapping[str, str]


SANITIZERS = {
    "thread": Sanitizer(
        "-fsanitize=thread",
        ("libtsan.so",),
        ("planted_thread",),
        (CALLS,),
        {"TSAN_OPTIONS": f"exitcode={FOUND}:halt_on_error=1:report_signal_unsafe=0"},
    ),
    "address": Sanitizer(
        "-fsanitize=address,undefined -fno-sanitize-recover=all",
        ("libasan.so", "libubsan.so"),
        ("planted_address", "planted_undefined"),
        (CALLS, TESTS),
        # What Python and PyTorch never free is theirs.
        {"ASAN_OPTIONS": f"exitcode={FOUND}:detect_leaks=0", "UBSAN_OPTIONS": f"exitcode={FOUND}:print_stacktrace=1"},
    ),
}
_BUILD = """
import sys
from pathlib import Path
from seamseg_studio.engine.ops import build, native_cache
target = build.Target("cpu")
native_cache.build_into(target, Path(sys.argv[1]) / target.key)
"""


def run(name: str, folder: Path) -> bool:
    """Builds and runs everything under one sanitizer; tells whether all was well."""
    sanitizer = SANITIZERS[name]
    folder.mkdir(parents=True, exist_ok=True)
    compiler = f"g++ {sanitizer.flags} -g -fno-omit-frame-pointer"
    environment = {**os.environ, "CXX": compiler, "SEAMSEG_OPS": "cpu", "SEAMSEG_OPS_CACHE": str(folder)}
    planted = folder / "planted.so"
    subprocess.run([*compiler.split(), "-O1", "-shared", "-fPIC", PLANTED, "-o", planted], check=True)
    subprocess.run([sys.executable, "-c", _BUILD, str(folder)], env=environment, cwd=REPOSITORY, check=True)
    runtimes = [
        subprocess.run(
            ["g++", f"-print-file-name={runtime}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for runtime in sanitizer.runtimes
    ]
    environment |= {"LD_PRELOAD": " ".join([*runtimes, str(planted)]), "OMP_NUM_THREADS": "1", **sanitizer.options}
    all_well = True
    for what in sanitizer.planted:
        log = folder / f"{what}.log"
        code = _python(["-c", f"import ctypes; ctypes.CDLL({str(planted)!r}).{what}(0)"], environment, log)
        is_found = code != 0 and any(sign in log.read_text() for sign in ("Sanitizer: ", "runtime error: "))
        print(f"{name:8} {what:20} {'found, as it must be' if is_found else 'NOT FOUND: nothing is proven here'}")
        all_well &= is_found
    for command in sanitizer.runs:
        log = folder / ("tests.log" if command[0] == "-m" else "calls.log")
        start = time.monotonic()
        code = _python(command, environment, log)
        said = (log.read_text(errors="replace").splitlines() or [""])[-1].strip()
        outcome = "nothing found" if code == 0 else f"FAILED, see {log}"
        print(f"{name:8} {log.stem:20} {outcome} ({said}; {time.monotonic() - start:.0f} s)")
        all_well &= code == 0
    return all_well


def _python(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    # Sanitizers want addresses that are not scattered at random.
    command = [*(["setarch", "-R"] if shutil.which("setarch") else []), sys.executable, *arguments]
    with log.open("wb") as file:
        return subprocess.run(
            command, env=environment, cwd=REPOSITORY, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode


def main() -> int:
    """Runs the sanitizers that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SANITIZERS, default=list(SANITIZERS))
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "sanitised")
    args = parser.parse_args()
    results = [run(name, args.out / name) for name in args.only]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main())
