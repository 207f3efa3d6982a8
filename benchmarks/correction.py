"""What the model saves: `python benchmarks/correction.py --data DIR [--images N]`.

A simulated person takes held-out photos (see held_out.py) to PQ 95, once from the model's prediction with its prompts
and once from nothing by polygons. Segment by segment, the largest first, the person takes the cheapest thing that
helps: leaves what is right, relabels, draws a box (things) or clicks (stuff) and takes the model's answer if it is
better, adds up to three clicks where it is wrong, and draws what still is by hand. Prints actions and estimated
seconds per image. The seconds of an action are assumptions, printed with the table: a vertex 1.0 (drawn by hand or of a
polygon), a click 1.5, a box 3.5, a new category 2.0, and 2.0 to begin a polygon or take what is shown.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from held_out import MIN_AREA, Truth, check_unseen, compact, quality, read
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.inference.prompts import (
    BoxPrompt,
    ClickPrompt,
    Line,
    PackedMask,
    PromptAnswer,
    StrokesPrompt,
)
from seamseg_studio.engine.scene.geometry import Mask

SECONDS = {"vertex": 1.0, "click": 1.5, "box": 3.5, "relabel": 2.0, "begin": 2.0}
GOOD = 0.95  # of the IoU of a segment, and of PQ


@dataclass
class Work:
    """What a person did."""

    actions: Counter[str] = field(default_factory=Counter)

    def do(self, action: str, times: int = 1) -> None:
        self.actions[action] += times

    @property
    def seconds(self) -> float:
        return sum(SECONDS[action] * times for action, times in self.actions.items())


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union."""
    return float((a & b).sum()) / max(float((a | b).sum()), 1.0)


def vertices(mask: Mask) -> int:
    """How many vertices polygons need to draw a mask well enough."""
    if not mask.any():
        return 0
    outlines = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
    kept = [outline for outline in outlines if cv2.contourArea(outline) >= MIN_AREA / 2] or list(outlines[:1])
    for tolerance in (4.0, 3.0, 2.0, 1.5, 1.0, 0.5):
        simple = [cv2.approxPolyDP(outline, tolerance, True) for outline in kept]
        drawn = np.zeros(mask.shape, np.uint8)
        cv2.fillPoly(drawn, simple, 1)  # even-odd: holes stay holes
        if iou(drawn > 0, mask) >= GOOD:
            break
    return sum(len(polygon) for polygon in simple)


def by_polygons(truth: Truth) -> Work:
    """Draws every segment from nothing."""
    work = Work()
    for number in range(1, len(truth.categories)):
        mask = truth.ids == number
        if mask.sum() >= MIN_AREA:
            work.do("begin")
            work.do("vertex", vertices(mask))
    return work


def inner_point(mask: Mask) -> tuple[int, int]:
    """The pixel of a mask farthest from its border, where a person would click."""
    padded = np.pad(mask.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(distance.argmax()), mask.shape)
    return int(y), int(x)


def placed(packed: PackedMask, shape: tuple[int, int]) -> Mask:
    """A mask of the whole image."""
    mask = np.zeros(shape, bool)
    mask[packed.box.slices] = packed.pixels()
    return mask


def with_prompts(predictor: Predictor, truth: Truth, mask: Mask, category: int, now: float, work: Work) -> Mask | None:
    """Asks the model for a segment and refines its answer; None if what is there is better."""
    shape = (mask.shape[0], mask.shape[1])
    if predictor.taxonomy.is_thing(category):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = (float(rows[0]), float(columns[0]), float(rows[-1]) + 1, float(columns[-1]) + 1)
        work.do("box")
        answer = predictor.prompt(truth.image, BoxPrompt(*box, category=category), key=truth.name)
    else:
        work.do("click")
        answer = predictor.prompt(truth.image, ClickPrompt(*inner_point(mask)), key=truth.name)
    best, best_iou = answer, iou(placed(answer.mask, shape), mask)
    positive: tuple[Line, ...] = ()
    negative: tuple[Line, ...] = ()
    for _ in range(3):
        if best_iou >= GOOD or best_iou < 0.3:
            break
        found = placed(best.mask, shape)
        missing, extra = mask & ~found, found & ~mask
        work.do("click")
        if missing.sum() >= extra.sum():
            positive += (Line((inner_point(missing),), 5.0),)
        else:
            negative += (Line((inner_point(extra),), 5.0),)
        refined: PromptAnswer = predictor.prompt(
            truth.image, StrokesPrompt(positive, negative, answer.mask, category), key=truth.name
        )
        better = iou(placed(refined.mask, shape), mask)
        if better <= best_iou:
            break
        best, best_iou = refined, better
    if best_iou <= now + 0.03:
        return None
    work.do("begin")
    return placed(best.mask, shape)


def by_correcting(predictor: Predictor, truth: Truth) -> tuple[Work, NDArray[np.int32], NDArray[np.int64]]:
    """Corrects the model's prediction; returns the work and the labels."""
    work = Work()
    result = predictor.predict(truth.image, key=truth.name)
    ids, categories = compact(result.ids, result.categories)
    ids[truth.ids == 0] = 0  # nobody knows what is right there
    labels = categories.tolist()
    locked = truth.ids == 0  # what is done is locked, as a person would
    order = np.argsort(-np.bincount(truth.ids.ravel(), minlength=len(truth.categories))[1:]) + 1
    for number in order.tolist():
        mask, category = truth.ids == number, int(truth.categories[number])
        if mask.sum() < MIN_AREA or quality([truth], [(ids, np.array(labels))], predictor.taxonomy) >= GOOD:
            continue
        found, count = np.unique(ids[mask], return_counts=True)
        there = int(found[count.argmax()])
        now = iou(ids == there, mask) if there else 0.0
        if there and now > 0.5 and labels[there] != category:
            work.do("relabel")
            labels[there] = category
        if now < GOOD:
            proposed = with_prompts(predictor, truth, mask, category, now, work)
            if proposed is not None or there == 0 or now <= 0.5:
                there = len(labels)
                labels.append(category)
                ids[(mask if proposed is None else proposed) & ~locked] = there
                if proposed is None:  # nothing helps: drawn by hand
                    work.do("begin")
                    work.do("vertex", vertices(mask))
            now = iou(ids == there, mask)
        if now < GOOD:
            wrong = (ids == there) ^ mask
            small = cv2.morphologyEx(wrong.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
            work.do("begin")
            work.do("vertex", min(vertices(small), vertices(mask)))
            ids[(ids == there) & ~mask] = 0
            ids[mask] = there
        locked |= mask
    return work, *compact(ids, np.array(labels))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    check_unseen(args.model)
    predictor = load_model(args.model)
    truths = read(args.data, args.images)
    before, after = [], []
    drawn, corrected = Work(), Work()
    for truth in truths:
        drawn.actions += by_polygons(truth).actions
        result = predictor.predict(truth.image)
        start, labels = compact(result.ids, result.categories)
        before.append((np.where(truth.ids == 0, 0, start).astype(np.int32), labels))
        work, ids, categories = by_correcting(predictor, truth)
        corrected.actions += work.actions
        after.append((ids, categories))
    names = [*SECONDS]
    table = Table(title=f"{len(truths)} held-out photos, {predictor.bundle_name}; an image on average")
    for head in ("", "PQ", *names, "seconds"):
        table.add_column(head, justify="left" if not head else "right")
    rows = (("by polygons", float("nan"), drawn), ("correcting", quality(truths, after, predictor.taxonomy), corrected))
    for name, pq, work in rows:
        counts = [f"{work.actions[action] / len(truths):.1f}" for action in names]
        table.add_row(name, "" if np.isnan(pq) else f"{100 * pq:.1f}", *counts, f"{work.seconds / len(truths):.0f}")
    console = Console(width=110)
    console.print(table)
    start_pq = quality(truths, before, predictor.taxonomy)
    console.print(f"PQ of the prediction {100 * start_pq:.1f}; {drawn.seconds / corrected.seconds:.2f} times as fast")
    console.print("seconds of an action: " + ", ".join(f"{name} {value}" for name, value in SECONDS.items()))


if __name__ == "__main__":
    main()
