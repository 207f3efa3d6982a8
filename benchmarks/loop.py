"""What correcting buys: `python benchmarks/loop.py --data DIR --out DIR`.

DIR of the data holds CamVid (as for the starter's recipe; see training/recipes/street.py). The drive 0001TP, which the
starter has never seen, is labelled by the base; a simulated person corrects 10, 20, 50, ... of its frames to the
ground truth; each time the base is fine-tuned on them from anew, with and without replay. Prints, for the frames that
nobody touched and for old data (photos of other sets, held out from the base too), PQ over the stuff and thing
categories that occur, and mIoU, against the base; writes OUT/loop.json and the plot OUT/loop.svg.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.inference.device import find_device
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.chance import seed_everything
from seamseg_studio.training.dataset import MemorySource
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.fine_tune import Budget, train_from_corrections
from seamseg_studio.training.recipes.street_sets import category_set_table, read_all
from seamseg_studio.training.runs import RunOptions
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID, Sample
from seamseg_studio.training.validation import measure_panoptic

COLORS = {"base": "#8a94a0", "with replay": "#3b6fb5", "without replay": "#c8683c"}


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", help="bundle to begin with (default: the starter)")
    parser.add_argument("--corrected", type=int, nargs="+", default=[10, 20, 50], help="numbers of corrected images")
    parser.add_argument("--untouched", type=int, default=12, help="images of the drive that nobody touches")
    parser.add_argument("--old", type=int, default=24, help="images of old data")
    parser.add_argument("--max-steps", type=int, default=0, help="of each training (default: the trainer's own)")
    parser.add_argument("--max-minutes", type=float, default=0.0, help="of each training")
    parser.add_argument("--parts", choices=("auto", "heads", "all"), default="auto", help="what learns")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    seed_everything(0)
    base = load_bundle(args.base)
    drive, old = read_images(args.data, args.old)
    untouched, pool = split_drive(drive, args.untouched)
    print(f"{len(pool)} frames to correct, {len(untouched)} untouched, {len(old)} of old data", flush=True)
    rows = [{"curve": "base", "corrected": 0, **scores(args.base, untouched, old, args.device)}]
    show(rows[-1])
    for count in args.corrected:
        chosen = {int(i) for i in np.linspace(0, len(pool) - 1, min(count, len(pool)))}
        project = make_project(args.out / f"project{count}", base.taxonomy, pool, chosen)
        for curve, weight in (("with replay", 1.0), ("without replay", 0.0)):
            out = args.out / f"{count}-{curve.replace(' ', '-')}"
            shutil.rmtree(out, ignore_errors=True)
            heads = {"auto": None, "heads": True, "all": False}[args.parts]
            budget = Budget(args.max_steps, args.max_minutes, heads_only=heads, replay=weight)
            began = time.monotonic()
            with EventLog(out / "events.jsonl") as events:
                bundle = train_from_corrections(project, args.base, RunOptions(out, args.device), budget, events)
            assert bundle is not None
            minutes = (time.monotonic() - began) / 60
            gate = load_bundle(bundle).manifest["lineage"]["gate"]
            row = {"curve": curve, "corrected": len(chosen), "minutes": round(minutes, 2), "gate": gate["status"]}
            rows.append({**row, **scores(str(bundle), untouched, old, args.device)})
            show(rows[-1])
            (args.out / "loop.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    (args.out / "loop.svg").write_text(plot(rows), encoding="utf-8")


def read_images(data: Path, num_old: int) -> tuple[list[Sample], list[Sample]]:
    """Returns the held-out drive in its order, and as many held-out photos of another set."""
    table = category_set_table()
    drive, old = [], []
    for packed in read_all(data):
        if packed.split != "val":
            continue
        sample = with_single_categories(packed.sample, table)
        if packed.source == "camvid":
            drive.append(sample)
        else:
            old.append(sample)
    return sorted(drive, key=lambda sample: sample.name), old[:num_old]


def with_single_categories(sample: Sample, table: np.ndarray) -> Sample:
    """Returns a sample that says the first category where it said one of several; sets of many become void."""
    categories = sample.categories.copy()
    for index, value in enumerate(categories.tolist()):
        if value >= FIRST_CATEGORY_SET:
            members = np.flatnonzero(table[value - FIRST_CATEGORY_SET])
            categories[index] = int(members[0]) if len(members) <= 2 else 255
    return replace(sample, categories=categories)


def split_drive(drive: Sequence[Sample], num_untouched: int) -> tuple[list[Sample], list[Sample]]:
    """Returns the end of the drive, which nobody touches, and the rest."""
    return list(drive[-num_untouched:]), list(drive[:-num_untouched])


def make_project(folder: Path, taxonomy: Taxonomy, pool: Sequence[Sample], corrected: set[int]) -> Path:
    """Returns a project with the frames, some of them corrected and accepted by a person."""
    shutil.rmtree(folder, ignore_errors=True)
    photos = folder / "photos"
    photos.mkdir(parents=True)
    for sample in pool:
        Image.fromarray(sample.image).save(photos / f"{sample.name}.png")
    path = folder / "drive.seamseg"
    by_name = {sample.name: i for i, sample in enumerate(pool)}
    with Project.create(path, taxonomy) as project:
        for record in project.add_images(sorted(photos.iterdir())):
            number = by_name[Path(record.name).stem]
            if number in corrected:
                project.store_labels(record.id, to_map(pool[number]))
                project.set_status(record.id, Status.ACCEPTED)
    return path


def to_map(sample: Sample) -> PanopticMap:
    """Returns the ground truth as a person would have drawn it."""
    segments = {
        i: Segment(int(category), bool(sample.is_crowd[i]), origin=Origin.HUMAN)
        for i, category in enumerate(sample.categories)
        if i != VOID and category != 255
    }
    ids = np.where(np.isin(sample.ids, list(segments)), sample.ids, VOID).astype(np.int32)
    present = set(np.unique(ids).tolist())
    return PanopticMap.from_arrays(ids, {i: segment for i, segment in segments.items() if i in present})


def scores(spec: str | None, untouched: Sequence[Sample], old: Sequence[Sample], device: str) -> dict[str, float]:
    """Returns PQ and mIoU of a bundle on both sets, in points."""
    bundle = load_bundle(spec)
    network: PanopticNet = build_network(bundle.config, bundle.taxonomy)
    network.load_state_dict(bundle.state_dict())
    network.eval().to(find_device(device))
    result: dict[str, float] = {}
    for name, samples in (("untouched", untouched), ("old", old)):
        measured = measure_panoptic(network, MemorySource(samples), bundle.taxonomy)
        result[f"{name}_pq"] = round(100 * (measured["pq"] or 0.0), 2)
        result[f"{name}_miou"] = round(100 * (measured["miou"] or 0.0), 2)
    return result


def show(row: dict[str, Any]) -> None:
    """Prints one line of the table."""
    values = "  ".join(f"{key} {row[key]:5.1f}" for key in ("untouched_pq", "untouched_miou", "old_pq", "old_miou"))
    print(f"{row['curve']:15s} {row['corrected']:3d}  {values}  {row.get('minutes', 0):.1f} min", flush=True)


def plot(rows: Sequence[dict[str, Any]]) -> str:
    """Returns both learning curves as SVG."""
    parts = []
    for place, (key, title) in enumerate((("untouched_pq", "PQ, untouched frames"), ("old_pq", "PQ, old data"))):
        left = 50 + 330 * place
        high = max(row[key] for row in rows) * 1.15 or 1.0
        most = max(row["corrected"] for row in rows) or 1

        def at(row: dict[str, Any], left: int = left, high: float = high, most: int = most, key: str = key) -> str:
            return f"{left + 260 * row['corrected'] / most:.1f} {210 - 170 * row[key] / high:.1f}"

        parts.append(f'<text x="{left}" y="24" font-weight="600">{title}</text>')
        for share in (0.0, 0.5, 1.0):
            y = 210 - 170 * share
            parts.append(f'<line x1="{left}" y1="{y}" x2="{left + 260}" y2="{y}" stroke="#d5dbe2"/>')
            parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{high * share:.0f}</text>')
        for number in sorted({row["corrected"] for row in rows}):
            parts.append(f'<text x="{left + 260 * number / most}" y="228" text-anchor="middle">{number}</text>')
        parts.append(f'<text x="{left + 130}" y="246" text-anchor="middle">corrected images</text>')
        for curve in ("with replay", "without replay"):
            points = [at(row) for row in rows if row["curve"] in ("base", curve)]
            parts.append(f'<path d="M{"L".join(points)}" fill="none" stroke="{COLORS[curve]}" stroke-width="2"/>')
            parts += [f'<circle cx="{p.split()[0]}" cy="{p.split()[1]}" r="3" fill="{COLORS[curve]}"/>' for p in points]
    for place, curve in enumerate(("with replay", "without replay")):
        x = 50 + 130 * place
        parts.append(f'<rect x="{x}" y="258" width="10" height="10" fill="{COLORS[curve]}"/>')
        parts.append(f'<text x="{x + 15}" y="267">{curve}</text>')
    style = "font: 12px system-ui, sans-serif; fill: #3c454f"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 690 280" style="background:#fff"><g style="{style}">'
    return f"{head}{''.join(parts)}</g></svg>\n"


if __name__ == "__main__":
    main()
