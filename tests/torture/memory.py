"""Labelling with little memory: python -m tests.torture.memory [--mib 700 900 1100 ...]

Labels the sample photos on the CPU in a process that may take so many MiB of address space and no more. Whatever the
limit, each image must be labelled or be told of in a sentence, and what is labelled must be right: a run without a
limit goes on where it ended, and its dataset must be whole. A library that does not look whether it got its memory can
take the process down; that is counted by itself. Prints a JSON line; exits with 1 if something was lost or not told.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).resolve().parents[2]
LIMITS_MIB = (800, 900, 1000, 1100, 1200, 1300, 1400, 1600, 1800, 2000)
_NO_SENTENCE = re.compile(r"Traceback|\b\w+(?:Error|Exception):|Segmentation|enforce fail")


def label(out: Path, mib: int | None) -> tuple[int, str]:
    """Labels the sample photos with a limit; returns the exit code and what was said."""
    photos = Path(str(files("seamseg_studio.resources"))) / "samples" / "images"
    command = ["-m", "seamseg_studio.engine.cli.label", str(photos), "--out", str(out), "--device", "cpu"]

    def limit() -> None:
        if mib is not None:
            resource.setrlimit(resource.RLIMIT_AS, (mib * 2**20, mib * 2**20))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run(
        [sys.executable, *command, *(["--resume"] if out.exists() else [])],
        preexec_fn=limit, env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def num_labelled(out: Path) -> int:
    """How many images a dataset has, each with its file."""
    index = out / "panoptic.json"
    if not index.exists():
        return 0
    annotations = json.loads(index.read_text(encoding="utf-8"))["annotations"]
    return sum((out / "panoptic" / annotation["file_name"]).is_file() for annotation in annotations)


def main() -> int:
    """Tries every limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, nargs="+", default=list(LIMITS_MIB))
    args = parser.parse_args()
    start = time.monotonic()
    told: list[str] = []
    counts = {"limits": 0, "began": 0, "images": 0, "labelled": 0, "lost": 0, "without_a_sentence": 0, "taken_down": 0}
    with TemporaryDirectory(prefix="memory-") as name:
        whole = Path(name) / "whole"
        code, said = label(whole, None)
        assert code == 0, said[-2000:]
        wanted = num_labelled(whole)
        for mib in args.mib:
            out = Path(name) / str(mib)
            code, said = label(out, mib)
            labelled = num_labelled(out)
            counts["limits"] += 1
            counts["images"] += wanted
            counts["labelled"] += labelled
            if labelled or "failed" in said:
                counts["began"] += 1
            counts["taken_down"] += code < 0
            if _NO_SENTENCE.search(said):
                counts["without_a_sentence"] += 1
                told.append(f"{mib} MiB, code {code}: {said[-300:]}")
            code, said = label(out, None)
            counts["lost"] += wanted - num_labelled(out) + (code != 0)
    print(json.dumps({"seconds": round(time.monotonic() - start), **counts, "told": told}))
    return int(bool(counts["lost"] or counts["without_a_sentence"]))


if __name__ == "__main__":
    sys.exit(main())
