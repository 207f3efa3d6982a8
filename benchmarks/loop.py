"""What correcting buys: `python benchmarks/loop.py --data DIR --out DIR`.

DIR of the data holds the public sets (as for the starter's recipe; see training/recipes/street.py). The drive 0001TP of
CamVid, which the starter has never seen, is labelled by the base; a simulated person corrects 10, 20, 50, ... frames of
it to the ground truth; each time the base is fine-tuned on them from anew: with replay as it is when nothing is asked
for (the base teaches on frames that nobody has labelled), without any, and with photos of the base's own training to
learn again. Prints PQ and mIoU against the base on the end of the drive, which nobody touched, and on photos of the
base's old world (the validation images of IDD Lite, in its seven categories).

Every line goes to OUT/loop.jsonl as soon as it is known; a run that was cut goes on where it was when it is started
again with the same base. Draws OUT/loop.svg.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from held_out import check_unseen
from loop_data import make_project, read_drive, read_old, scores, write_replay
from loop_plot import plot

from seamseg_studio.engine.checkpoints.bundle import Bundle, load_bundle
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.budget import Budget
from seamseg_studio.training.events import EventLog, read_events
from seamseg_studio.training.fine_tune import train_from_corrections
from seamseg_studio.training.runs import RunOptions
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.snapshots import snapshot_files

BASE = "base"
CURVES = ("with replay", "without replay", "with a replay set")
PARTS = {"auto": None, "heads": True, "all": False}
SCORES = ("untouched_pq_there", "untouched_pq", "untouched_miou", "old_pq", "old_miou")


def main() -> None:
    """Runs the benchmark."""
    args = parse()
    if args.threads:
        torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    check_unseen(args.base)
    base = load_bundle(args.base)
    drive, old = read_drive(args.data), read_old(args.data, args.old)
    pool, untouched = drive[: -args.untouched], drive[-args.untouched :]
    print(f"{len(pool)} frames to correct, {len(untouched)} untouched, {len(old)} old photos", flush=True)
    results = Results(args.out / "loop.jsonl", base)
    if not results.find(BASE, 0):
        results.add({"curve": BASE, "corrected": 0, **scores(args.base, untouched, old, args.device)})
    show(results.rows[0])
    for count in args.corrected:
        for curve in args.curves:
            row = results.find(curve, min(count, len(pool)))
            if row is None:
                row = learn(args, base, pool, curve, count)
                row |= scores(str(folder_of(args.out, base, curve, count) / "model"), untouched, old, args.device)
                results.add(row)
            show(row)
    (args.out / "loop.svg").write_text(plot(results.rows), encoding="utf-8")


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", help="bundle to begin with, that never saw the drive")
    parser.add_argument("--corrected", type=int, nargs="+", default=[10, 20, 50], help="numbers of corrected images")
    parser.add_argument("--curves", nargs="+", choices=CURVES, default=list(CURVES[:2]), help="ways to learn")
    parser.add_argument("--untouched", type=int, default=12, help="images of the drive that nobody touches")
    parser.add_argument("--old", type=int, default=50, help="photos of old data")
    parser.add_argument("--max-steps", type=int, default=0, help="of each training (default: the trainer's own)")
    parser.add_argument("--max-minutes", type=float, default=0.0, help="of each training")
    parser.add_argument("--parts", choices=PARTS, default="auto", help="what learns")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    return parser.parse_args()


class Results:
    """The lines that are known, kept in a file; those of another base are left alone and not shown."""

    def __init__(self, path: Path, base: Bundle) -> None:
        self._path = path
        self._base = fingerprint(base)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.rows = [row for row in map(json.loads, lines) if row["base"] == self._base]

    def find(self, curve: str, corrected: int) -> dict[str, Any] | None:
        """Returns a line, None if it is not known yet."""
        found = [row for row in self.rows if (row["curve"], row["corrected"]) == (curve, corrected)]
        return found[0] if found else None

    def add(self, row: dict[str, Any]) -> None:
        """Takes a line and keeps it."""
        self.rows.append({"base": self._base, **row})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.rows[-1]) + "\n")


def learn(args: argparse.Namespace, base: Bundle, pool: Sequence[Sample], curve: str, count: int) -> dict[str, Any]:
    """Fine-tunes the base on some corrected frames; returns what is to be told of it."""
    chosen = {int(i) for i in np.linspace(0, len(pool) - 1, min(count, len(pool)))}
    taxonomy: Taxonomy = base.taxonomy
    project = make_project(args.out / f"project{count}", taxonomy, pool, chosen)
    spec = str(write_replay(args.data, base, args.out / "base")) if curve == CURVES[2] else args.base
    out = folder_of(args.out, base, curve, count)
    is_cut = bool(snapshot_files(out))
    if not is_cut:
        shutil.rmtree(out, ignore_errors=True)
    weight = 0.0 if curve == CURVES[1] else 1.0
    budget = Budget(args.max_steps, args.max_minutes, heads_only=PARTS[args.parts], replay=weight)
    with EventLog(out / "events.jsonl") as events:
        bundle = train_from_corrections(project, spec, RunOptions(out, args.device, resume=is_cut), budget, events)
    if bundle is None:
        raise SystemExit("stopped; start it again with the same --out to go on")
    done = read_events(out / "events.jsonl")[-1]
    return {
        "curve": curve,
        "corrected": len(chosen),
        "minutes": round(done["seconds"] / 60, 1),
        "steps": done["step"],
        "gate": done["gate"]["status"],
    }


def fingerprint(base: Bundle) -> str:
    """What tells bases apart."""
    return str(base.manifest["sha256"]["model.safetensors"])[:12]


def folder_of(out: Path, base: Bundle, curve: str, count: int) -> Path:
    """The folder of a training."""
    return out / f"{fingerprint(base)}-{count}-{curve.replace(' ', '-')}"


def show(row: dict[str, Any]) -> None:
    """Prints one line of the table."""
    values = " | ".join(f"{row[key]:5.1f}" for key in SCORES)
    steps, minutes = row.get("steps", "-"), row.get("minutes", "-")
    print(f"| {row['corrected']:3d} | {row['curve']:17s} | {steps} | {minutes} | {values} |", flush=True)


if __name__ == "__main__":
    main()
