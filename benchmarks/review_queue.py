"""Does the order of review help? `python benchmarks/review_queue.py --data DIR [--images N]`.

A simulated person goes from place to place of held-out photos (see held_out.py) and sets a disk around each to the
truth. The places come most uncertain first (over all images, as the queue does), at random, or row by row; prints the
PQ after so many places, and how many places each order needs to close half of the gap to the best that was reached.
Not named queue.py: a script's folder is searched first, and Python's own `queue` would be lost to every script here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from held_out import Truth, check_unseen, compact, quality, read
from rich.console import Console
from rich.table import Table

from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import load_model
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.review import places
from seamseg_studio.engine.scene.taxonomy import Taxonomy

RADIUS = 0.06  # of the longer side
Stop = tuple[int, int, int]  # image, row, column


def grid(truths: Sequence[Truth], per_image: int) -> list[Stop]:
    """Places on a regular grid, row by row."""
    stops = []
    for i, truth in enumerate(truths):
        height, width = truth.ids.shape
        rows = max(round((per_image * height / width) ** 0.5), 1)
        columns = max(per_image // rows, 1)
        stops += [
            (i, int((r + 0.5) * height / rows), int((c + 0.5) * width / columns))
            for r in range(rows)
            for c in range(columns)
        ]
    return stops


def queue_order(truths: Sequence[Truth], results: Sequence[PanopticResult], per_image: int) -> list[Stop]:
    """Places by falling doubt, over all images."""
    found = []
    for i, result in enumerate(results):
        assert result.uncertainty is not None
        # What nobody knows cannot be corrected, so nobody is sent there.
        known = np.where(truths[i].ids > 0, result.uncertainty, 0).astype(np.uint8)
        found += [(place.doubt, i, place.y, place.x) for place in places(result.ids, known, per_image)]
    return [(i, y, x) for _, i, y, x in sorted(found, reverse=True)]


def curve(
    truths: Sequence[Truth],
    results: Sequence[PanopticResult],
    stops: Sequence[Stop],
    at: Sequence[int],
    taxonomy: Taxonomy,
) -> list[float]:
    """PQ after so many places."""
    labels = []
    for truth, result in zip(truths, results, strict=True):
        ids, categories = compact(result.ids, result.categories)
        # Ids of the truth follow those of the prediction, so that what is corrected is the true segment.
        both = np.concatenate([categories, truth.categories[1:]])
        labels.append([np.where(truth.ids == 0, 0, ids).astype(np.int32), both, len(categories) - 1])
    scores = []
    for number, (i, y, x) in enumerate((*stops, (-1, 0, 0))):
        if number in at:
            now = [compact(ids, categories) for ids, categories, _ in labels]
            scores.append(quality(truths, now, taxonomy))
        if i < 0:
            break
        ids, categories, offset = labels[i]
        truth = truths[i]
        rows, columns = np.ogrid[: ids.shape[0], : ids.shape[1]]
        disk = (rows - y) ** 2 + (columns - x) ** 2 <= (RADIUS * max(ids.shape)) ** 2
        for segment in np.unique(truth.ids[disk]).tolist():
            if segment == 0:
                continue
            here = disk & (truth.ids == segment)
            # Corrected pixels join the predicted segment that is this true one, if there is one.
            common = np.bincount(ids[truth.ids == segment], minlength=len(categories))
            common[categories != truth.categories[segment]] = 0
            common[0] = 0
            best = int(common.argmax())
            ids[here] = best if common[best] > 0 else offset + segment
    return scores


def main() -> None:
    """Prints the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--places", type=int, default=24, help="per image")
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    check_unseen(args.model)
    predictor = load_model(args.model)
    truths = read(args.data, args.images)
    results = [predictor.predict(truth.image, PredictOptions(with_uncertainty=True)) for truth in truths]
    total = args.places * len(truths)
    at = sorted({round(total * share) for share in (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9)})
    in_rows = grid(truths, args.places)
    rng = np.random.default_rng(0)
    orders = {
        "queue": queue_order(truths, results, args.places),
        "random": [in_rows[i] for i in rng.permutation(len(in_rows))],
        "file": in_rows,
    }
    curves = {}
    for name, stops in orders.items():
        reached = [number for number in at if number <= len(stops)]
        curves[name] = (reached, curve(truths, results, stops, reached, predictor.taxonomy))
    table = Table(title=f"PQ after so many places; {len(truths)} held-out photos, {predictor.bundle_name}")
    table.add_column("order")
    for number in at:
        table.add_column(str(number), justify="right")
    for name, (_, scores) in curves.items():
        table.add_row(name, *(f"{100 * value:.1f}" for value in scores))
    console = Console(width=120)
    console.print(table)
    start = curves["queue"][1][0]
    goal = start + (max(max(scores) for _, scores in curves.values()) - start) / 2
    for name, (reached, scores) in curves.items():
        needed = next((n for n, value in zip(reached, scores, strict=True) if value >= goal), None)
        console.print(f"{name}: PQ {100 * goal:.1f} after {needed if needed is not None else 'more'} places")


if __name__ == "__main__":
    main()
