"""`make torture`: all of it, for hours: python -m tests.torture.run [--minutes 60] [--only fuzz soak ...] [--out DIR]

Fuzzes every target for so many minutes, in turns, injects faults, kills processes, runs the ops under sanitizers, soaks
the window, and measures large projects; one after the other. Stopped and started again with the same DIR it goes on
fuzzing where it was. What each printed is in DIR, and a table of it at the end. Exits with 1 if anything failed. The
short version of all this is in `make test`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.torture.fuzz import done_so_far
from tests.torture.targets import TARGETS

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("fuzz", "faults", "kills", "sanitizers", "soak", "scale")
SLICE_MINUTES = 5.0  # of fuzzing at a time: stopped half way, every target has had its share


def commands(args: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Yields what is to be run, with a name for each."""
    corpus = args.out / "corpus"
    done = 0.0
    while "fuzz" in args.only and done < args.minutes:
        done = min(done + SLICE_MINUTES, args.minutes)
        for name in TARGETS:  # what earlier runs with the same folder did counts
            missing = done - done_so_far(corpus, name).get("minutes", 0.0)
            if missing > 0:
                command = ["-W", "ignore", "-m", "tests.torture.fuzz", name, "--corpus", str(corpus)]
                yield f"fuzz-{name}", [*command, "--minutes", f"{missing:.2f}"]
    if "faults" in args.only:
        yield "faults", ["-m", "tests.torture.faults", "--rounds", str(args.rounds)]
        yield "memory", ["-m", "tests.torture.memory"]
        yield "durability", ["benchmarks/durability.py", str(args.kills)]
    for what in ("window", "label", "train") if "kills" in args.only else ():
        yield f"kills-{what}", ["-m", "tests.torture.kills", what, "--kills", str(args.kills)]
    if "kills" in args.only:
        yield "kills-engine", ["benchmarks/chaos.py", "--actions", str(10 * args.kills)]
    if "sanitizers" in args.only:
        yield "sanitizers", ["scripts/sanitise.py", "--out", str(args.out / "sanitised")]
    if "soak" in args.only:
        yield "soak", ["-m", "tests.torture.soak", "--minutes", str(args.soak_minutes)]
        yield "long-history", ["-m", "tests.torture.long_history"]
    if "scale" in args.only:
        yield "scale", ["-m", "tests.torture.scale"]


def main() -> int:
    """Runs everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="for each target of the fuzzers")
    parser.add_argument("--soak-minutes", type=float, default=120.0)
    parser.add_argument("--kills", type=int, default=300, help="of each kind of process")
    parser.add_argument("--rounds", type=int, default=500, help="of faults under a project")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "torture")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    failed = []
    print(f"{'test':22}{'minutes':>9}  result", flush=True)
    for name, command in commands(args):
        start = time.monotonic()
        log = args.out / f"{name}.log"
        with log.open("wb") as file:
            done = subprocess.run(
                [sys.executable, *command], stdout=file, stderr=subprocess.STDOUT, cwd=REPOSITORY, check=False
            )
        minutes = (time.monotonic() - start) / 60
        said = log.read_text(errors="replace").splitlines()
        result = said[-1] if said else ""
        code = done.returncode
        if name.startswith("fuzz-"):
            found = done_so_far(args.out / "corpus", name.removeprefix("fuzz-")) or {"findings": ["ended by itself"]}
            told = f"{found.get('inputs', 0):,} inputs in {found.get('minutes', 0):.0f} minutes by now"
            result = f"{told}, findings: {found['findings'] or 'none'}"
            code = code or int(bool(found["findings"]))
        if code:
            failed.append(name)
        print(f"{name:22}{minutes:9.1f}  {'FAILED ' if code else ''}{result[:200]}", flush=True)
    print(f"failed: {', '.join(failed)}; see {args.out}" if failed else "nothing failed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
