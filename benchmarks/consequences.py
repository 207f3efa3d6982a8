"""Is what the model offers after a correction right? `python benchmarks/consequences.py --data DIR [--images N]`.

A simulated person goes through the predictions of held-out photos (see held_out.py) and corrects every instance of a
category that is not there: deletes it, or gives it the category of the true instance that it is. After each correction
the model fuses again around it. Prints how often something was offered, which share of the pixels offered was right
before and would be right after taking it (pixels that nobody knows left out), the same for a person who takes an offer
only if it makes more pixels right, and the milliseconds of an answer in the engine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from held_out import VOID_CATEGORY, Truth, check_unseen, read

from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.scene.consequences import adopt_consequences, corrected_part, part_around
from seamseg_studio.engine.scene.edits import delete, relabel
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy

MOST_RIGHT = 0.25  # of an instance may be right, and it is deleted all the same; more is for finer tools


def correction(panoptic_map: PanopticMap, segment_id: int, truth: Truth, policy: EditingPolicy) -> Patch | None:
    """What a person does with an instance; None if it is right, or nobody knows."""
    own = panoptic_map.ids == segment_id
    category = panoptic_map.segments[segment_id].category
    shared = np.bincount(truth.ids[own], minlength=len(truth.categories))
    if shared[0] > own.sum() / 2 or shared[truth.categories == category].sum() > MOST_RIGHT * own.sum():
        return None
    best = int(shared[1:].argmax()) + 1
    is_same = shared[best] > 0.5 * (own.sum() + (truth.ids == best).sum() - shared[best])
    actual = int(truth.categories[best])
    if is_same and policy.taxonomy.is_thing(actual):
        return relabel(panoptic_map, [segment_id], actual, policy)
    return delete(panoptic_map, [segment_id], policy)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the sets of the street recipe")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--score-threshold", type=float, default=0.5, help="lower: more instances, most of them wrong")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    check_unseen(args.model)
    predictor = load_model(args.model, device=args.device)
    options = PredictOptions(with_second_choice=False, score_threshold=args.score_threshold)
    counts: Counter[str] = Counter()
    times: list[float] = []
    for truth in read(args.data, args.images):
        _correct(predictor, truth, options, counts, times)
    offered = max(counts["offered pixels"], 1)
    print(f"{counts['corrections']} corrections, something was offered after {counts['offers']}")
    before, after = counts["right before"] / offered, counts["right after"] / offered
    print(f"pixels offered: right before {before:.0%}, after {after:.0%}")
    taken = max(counts["taken pixels"], 1)
    print(
        f"taken if better ({counts['taken']} offers): right before {counts['taken right before'] / taken:.0%}, "
        f"after {counts['taken right after'] / taken:.0%}"
    )
    print(f"an answer in the engine: median {1e3 * statistics.median(times):.1f} ms, longest {1e3 * max(times):.1f} ms")


def _correct(
    predictor: Predictor, truth: Truth, options: PredictOptions, counts: Counter[str], times: list[float]
) -> None:
    taxonomy, key = predictor.taxonomy, truth.name
    policy = EditingPolicy(taxonomy)
    panoptic_map = predictor.predict(truth.image, options, key=key).to_map()
    predictor.fuse_again(key, options)  # what every further answer needs is there from the first one on
    known = truth.categories[truth.ids]
    things = [i for i, segment in panoptic_map.segments.items() if taxonomy.is_thing(segment.category)]
    for segment_id in things:
        patch = correction(panoptic_map, segment_id, truth, policy) if segment_id in panoptic_map.segments else None
        if patch is None:
            continue
        patch.apply(panoptic_map)
        counts["corrections"] += 1
        box = part_around(panoptic_map, patch)
        if box is None:
            continue
        part = corrected_part(panoptic_map, panoptic_map.segments, patch, box, taxonomy)
        start_s = time.perf_counter()
        found = predictor.seen.fuse_around(None, key, part, options)
        times.append(time.perf_counter() - start_s)
        assert found is not None
        proposed = adopt_consequences(panoptic_map, found, part, policy, "follows")
        if proposed.is_empty:
            continue
        was = panoptic_map.category_map()
        before_ids = panoptic_map.ids.copy()
        proposed.apply(panoptic_map)
        judged = (panoptic_map.ids != before_ids) & (known != VOID_CATEGORY)
        right_before = int((was[judged] == known[judged]).sum())
        right_after = int((panoptic_map.category_map()[judged] == known[judged]).sum())
        counts["offers"] += 1
        counts["offered pixels"] += int(judged.sum())
        counts["right before"] += right_before
        counts["right after"] += right_after
        if right_after > right_before:
            counts["taken"] += 1
            counts["taken pixels"] += int(judged.sum())
            counts["taken right before"] += right_before
            counts["taken right after"] += right_after
        else:
            proposed.revert(panoptic_map)


if __name__ == "__main__":
    main()
