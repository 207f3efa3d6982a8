"""Feeds one target changed inputs for some minutes: python -m tests.torture.fuzz TARGET --minutes 5 --corpus DIR

Runs with a limit on its memory. With atheris installed the inputs that reach new code are kept and changed further;
without it, changes of the seeds and of what was kept are drawn at random. Every finding is written down once, as
`DIR/found/TARGET-HASH` with the traceback beside it, and the run goes on. `DIR/TARGET.json` tells what was done in all
runs with that DIR together, so that an hour may be done in slices.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).resolve().parent / "corpus"
MAX_BYTES = 60_000
SLOW_S = 10.0
REPORT_S = 2.0


def limit_memory(extra_mib: int) -> None:
    """Lets this process take so much more address space than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + extra_mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Run:
    """One target under changing inputs."""

    def __init__(self, name: str, room: Path, found: Path) -> None:
        from tests.torture.targets import TARGETS

        self.name, self.target = name, TARGETS[name]
        self.num_inputs = 0
        self.slowest_s = 0.0
        self.findings: dict[str, str] = {}
        self.report: Callable[[], None] = lambda: None
        self._reported = time.monotonic()
        self.room, self._found = room, found

    def once(self, data: bytes) -> None:
        """Gives the target one input; notes a finding."""
        self.num_inputs += 1
        folder = self.room / "input"
        outside = self.room / "outside"
        folder.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        try:
            self.target.run(data, folder)
            assert not outside.exists(), "something was written outside of its folder"
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            self._note(data, error)
        finally:
            seconds = time.monotonic() - start
            self.slowest_s = max(self.slowest_s, seconds)
            if seconds > SLOW_S:
                self._note(data, TimeoutError(f"{seconds:.0f} s"))
            shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > self._reported + REPORT_S:  # atheris ends the process without a word
            self._reported = time.monotonic()
            self.report()

    def _note(self, data: bytes, error: Exception) -> None:
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/torture/" not in frame.filename]
        place = next((f for f in reversed(ours) if "seamseg" in f.filename or str(REPOSITORY) in f.filename), None)
        where = f"{Path(place.filename).name}:{place.name}" if place else "target"
        key = hashlib.sha256(f"{type(error).__name__} {where}".encode()).hexdigest()[:12]
        if key in self.findings:
            return
        self.findings[key] = f"{key} {type(error).__name__} in {where}: {str(error)[:160]}"
        self._found.mkdir(parents=True, exist_ok=True)
        (self._found / f"{self.name}-{key}").write_bytes(data)
        text = "".join(traceback.format_exception(error))
        (self._found / f"{self.name}-{key}.txt").write_text(text, encoding="utf-8", errors="backslashreplace")


def plainly(run: Run, inputs: list[bytes], change: Callable[[bytes, random.Random], bytes], end: float) -> None:
    """Changes inputs at random until the time is over."""
    from tests.torture.mutation import mutate_bytes

    rng = random.Random(time.time_ns())
    for data in inputs:
        run.once(data)
    while time.monotonic() < end:
        data = rng.choice(inputs)
        for _ in range(rng.choice((1, 1, 2, 5))):
            data = (change if rng.random() < 0.7 else mutate_bytes)(data, rng)
        run.once(data[:MAX_BYTES])


def guided(run: Run, corpus: Path, change: Callable[[bytes, random.Random], bytes], seconds: float) -> None:
    """Lets atheris choose; it ends the process."""
    import atheris

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        if seed % 2:
            return bytes(atheris.Mutate(data, max_size))
        return change(bytes(data), random.Random(seed))[:max_size]

    options = [f"-max_total_time={max(int(seconds), 1)}", f"-max_len={MAX_BYTES}", "-timeout=60", "-rss_limit_mb=0"]
    options += [f"-artifact_prefix={corpus.parent}/crash-{run.name}-", "-print_final_stats=0", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], run.once, custom_mutator=mutate)
    atheris.Fuzz()


def untouched(name: str) -> list[str]:
    """The modules that atheris leaves as they are: those of the window when it is the target.

    Rewritten by atheris it keeps 10 MiB of each input until there is no more, and Qt does not live through that. What
    the window reads files by is rewritten, so that it is guided all the same.
    """
    root = REPOSITORY / "app"
    names = [
        ".".join(("seamseg_studio.app", *path.relative_to(root).with_suffix("").parts)) for path in root.rglob("*.py")
    ]
    return [name.removesuffix(".__init__") for name in names] if name == "window" else []


def begin(name: str, corpus: Path) -> tuple[Run, list[bytes]]:
    """Loads a target with all that it needs, and its inputs: whole ones and those that were findings once."""
    room = _new_room()
    run = Run(name, room, corpus / "found")
    inputs = run.target.seeds()
    kept = KEPT / name
    inputs += [path.read_bytes() for path in sorted(kept.iterdir())] if kept.is_dir() else []
    run.once(inputs[0])  # modules that are imported late must be there before atheris looks at the code
    return run, inputs


def _new_room() -> Path:
    """An empty folder in memory, if there is such a place; those of processes that ended without a word go."""
    place = Path("/dev/shm" if Path("/dev/shm").is_dir() else gettempdir())
    for old in place.glob("torture-*-*"):
        owner = old.name.split("-")[1]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(old, ignore_errors=True)
    return Path(mkdtemp(prefix=f"torture-{os.getpid()}-", dir=place))


def shortly(names: list[str], num_inputs: int, corpus: Path) -> int:
    """Gives targets all that is kept and a few changed inputs, the same ones every time; the short version."""
    from tests.torture.mutation import MUTATIONS

    runs = [begin(name, corpus) for name in names]
    limit_memory(max(run.target.memory_mib for run, _ in runs))
    findings = {}
    for run, inputs in runs:
        rng = random.Random(run.name)
        change = MUTATIONS[run.target.mutation]
        for data in inputs:
            run.once(data)
        for _ in range(num_inputs):
            run.once(change(rng.choice(inputs), rng)[:MAX_BYTES])
        shutil.rmtree(run.room, ignore_errors=True)
        findings[run.name] = {"inputs": run.num_inputs, "findings": sorted(run.findings.values())}
    print(json.dumps(findings))
    return int(any(found["findings"] for found in findings.values()))


def done_so_far(corpus: Path, name: str) -> dict[str, Any]:
    """What earlier runs with this folder told of a target; empty if there were none.

    A finding counts until its file is taken out of `found`.
    """
    try:
        told: dict[str, Any] = json.loads(_report_of(corpus, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    kept = [text for text in told["findings"] if (corpus / "found" / f"{name}-{text.split()[0]}").exists()]
    return {**told, "findings": kept}


def _report_of(corpus: Path, name: str) -> Path:
    return corpus / f"{name}.json"


def main() -> int:
    """Runs one target, or all of them shortly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", help="its name, or all")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--corpus", type=Path, required=True, help="where new inputs and findings are kept")
    parser.add_argument("--inputs", type=int, default=0, help="in place of minutes: so many changed inputs, no more")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    args = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if args.inputs:
        from tests.torture.targets import TARGETS

        names = list(TARGETS) if args.target == "all" else [args.target]
        return shortly(names, args.inputs, args.corpus)
    engine: Any = None
    if not args.plain:
        with suppress(ImportError):
            import atheris as engine
    with engine.instrument_imports(["seamseg_studio"], untouched(args.target)) if engine is not None else nullcontext():
        run, inputs = begin(args.target, args.corpus)
    target = run.target
    corpus = args.corpus / args.target
    corpus.mkdir(parents=True, exist_ok=True)
    from tests.torture.mutation import MUTATIONS

    former = done_so_far(args.corpus, args.target)
    limit_memory(target.memory_mib)
    start = time.monotonic()

    def report() -> None:
        minutes = (time.monotonic() - start) / 60
        line = {
            "target": args.target,
            "minutes": round(former.get("minutes", 0.0) + minutes, 2),
            "inputs": former.get("inputs", 0) + run.num_inputs,
            "findings": sorted({*former.get("findings", ()), *run.findings.values()}),
            "slowest_s": max(former.get("slowest_s", 0.0), round(run.slowest_s, 2)),
            "guided": engine is not None,
            "memory_mib": target.memory_mib,
        }
        _report_of(args.corpus, args.target).write_text(json.dumps(line) + "\n", encoding="utf-8")

    run.report = report
    if engine is None:
        plainly(run, inputs, MUTATIONS[target.mutation], start + 60 * args.minutes)
        report()
        shutil.rmtree(run.room, ignore_errors=True)
    else:
        for number, data in enumerate(inputs):
            (corpus / f"kept-{number}").write_bytes(data)
        guided(run, corpus, MUTATIONS[target.mutation], 60 * args.minutes)
    return 1 if run.findings else 0


if __name__ == "__main__":
    sys.exit(main())
