"""Times the edits of a large panoptic map: python benchmarks/scene.py [SIDE]

Prints the median and the 95th percentile of some runs in milliseconds, and what this thread computed of that, beside
the target; "(load)" says that it waited for a processor that other programs had. The map has 8192 x 8192 pixels and 500
segments unless told otherwise, one of them of five million pixels.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from timing import Row, Stopwatch, Timing

from seamseg_studio.engine.scene import edits, shape_edits
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.stroke import Stroke
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

NUM_STUFF, NUM_THINGS, NUM_SEGMENTS = 20, 20, 600
BIG = 900  # the segment of five million pixels
TAXONOMY = Taxonomy(
    "benchmark",
    tuple(Category(f"stuff {i}", Kind.STUFF, (i, i, i)) for i in range(NUM_STUFF))
    + tuple(Category(f"thing {i}", Kind.THING, (i, i, 255)) for i in range(NUM_THINGS)),
)
POLICY = EditingPolicy(TAXONOMY)
THING = NUM_STUFF + 3


def make_map(side: int) -> PanopticMap:
    """Irregular cells, every fifth of them stuff (merged by category), and one big disk."""
    small = 1024
    rng = np.random.default_rng(0)
    seeds = np.ones((small, small), np.uint8)
    points = rng.integers(0, small, (NUM_SEGMENTS, 2))
    seeds[points[:, 0], points[:, 1]] = 0
    _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    is_stuff = cells % 5 == 0
    cells = np.where(is_stuff, 1000 + cells // 5 % NUM_STUFF, cells)
    ids = cv2.resize(cells.astype(np.float32), (side, side), interpolation=cv2.INTER_NEAREST).astype(np.int32)
    rows, columns = np.ogrid[:side, :side]
    radius = np.sqrt(5e6 / np.pi) * side / 8192
    ids[(rows - side // 2) ** 2 + (columns - side // 2) ** 2 <= radius**2] = BIG
    segments = {
        int(i): Segment(int(i) - 1000 if i >= 1000 else NUM_STUFF + int(i) % NUM_THINGS) for i in np.unique(ids)
    }
    return PanopticMap(ids, segments)


def timed(action: Callable[[], object]) -> Timing:
    watch = Stopwatch()
    action()
    return watch.read()


def strokes(panoptic_map: PanopticMap) -> Iterator[tuple[str, list[Timing], float | None]]:
    side = panoptic_map.shape[0]
    protected = EditingPolicy(TAXONOMY, protected_categories=frozenset({NUM_STUFF + 9}))
    cases: list[tuple[str, Segment | None, EditingPolicy, float, float | None]] = [
        ("brush 64 px", Segment(THING), POLICY, 32, 2),
        ("brush 2000 px", Segment(THING), POLICY, 1000, 8),
        ("brush 2000 px, a category protected", Segment(THING), protected, 1000, None),
        ("eraser 64 px, stuff around", None, POLICY, 32, None),
        ("eraser 2000 px, stuff around", None, POLICY, 1000, None),
        ("eraser 2000 px, void", None, EditingPolicy(TAXONOMY, fill=FillPolicy.VOID), 1000, None),
    ]
    for name, target, policy, radius, goal in cases:
        dabs: list[Timing] = []
        ends: list[Timing] = []
        undone: list[Timing] = []
        for _ in range(3):
            stroke = Stroke(panoptic_map, target, policy)
            for step in range(15):
                center = (side * 0.4 + 0.3 * radius * step, side * 0.4 + 0.2 * radius * step)
                dabs.append(timed(lambda at=center, to=stroke, r=radius: to.line_to(at, r)))  # type: ignore[misc]
            patches: list[Patch | None] = []
            ends.append(timed(lambda to=stroke, into=patches: into.append(to.finish())))  # type: ignore[misc]
            if patches[0] is not None:
                undone.append(timed(lambda patch=patches[0]: patch.revert(panoptic_map)))  # type: ignore[misc]
        yield f"{name}: a dab", dabs, goal
        yield f"{name}: end of a stroke of 15", ends, None
        yield f"{name}: undo of it", undone, 30


def whole_segments(panoptic_map: PanopticMap) -> Iterator[tuple[str, list[Timing], float | None]]:
    neighbour = next(i for i in panoptic_map.segments if i not in (BIG, 1003) and i < 1000)
    area = panoptic_map.area(BIG) / 1e6
    center = (panoptic_map.shape[0] // 2, panoptic_map.shape[1] // 2)
    cases: list[tuple[str, Callable[[], Patch], float | None]] = [
        ("relabel, thing to thing", lambda: edits.relabel(panoptic_map, [BIG], THING + 2, POLICY), 60),
        ("relabel, thing joins stuff", lambda: edits.relabel(panoptic_map, [BIG], 3, POLICY), 60),
        ("merge into another", lambda: edits.merge(panoptic_map, [neighbour, BIG], POLICY), 60),
        ("delete, stuff around", lambda: edits.delete(panoptic_map, [BIG], POLICY), 60),
        ("delete, void", lambda: edits.delete(panoptic_map, [BIG], EditingPolicy(TAXONOMY, fill=FillPolicy.VOID)), 60),
        ("flood fill", lambda: shape_edits.flood_fill(panoptic_map, center, Segment(THING), POLICY), 80),
        ("grow by 8 px", lambda: shape_edits.grow(panoptic_map, BIG, 8, POLICY), None),
        ("shrink by 8 px", lambda: shape_edits.shrink(panoptic_map, BIG, 8, POLICY), None),
        ("smooth border, 4 px", lambda: shape_edits.smooth(panoptic_map, [BIG], 4, POLICY), None),
    ]
    for name, make, goal in cases:
        panoptic_map.bbox(BIG)
        done: list[Timing] = []
        undone: list[Timing] = []
        for _ in range(5):
            watch = Stopwatch()
            patch = make()
            patch.apply(panoptic_map)
            done.append(watch.read())
            undone.append(timed(lambda patch=patch: patch.revert(panoptic_map)))  # type: ignore[misc]
        yield f"{name} ({area:.1f} MP)", done, goal
        yield f"{name}: undo", undone, 30


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 8192
    cv2.setNumThreads(2)
    panoptic_map = make_map(side)
    ids, segments, provenance = panoptic_map.ids, panoptic_map.segments, panoptic_map.provenance
    print(f"{platform.processor() or platform.machine()}, {side} x {side}, {len(segments)} segments")
    print(f"{'ms':50s}{'median':>9s}{'p95':>9s}{'computed':>9s}{'target':>8s}")
    print(Row("make a map of arrays", [timed(lambda: PanopticMap(ids, segments, provenance))], None))
    for line in (*strokes(panoptic_map), *whole_segments(panoptic_map)):
        print(Row(*line))
    panoptic_map.check(TAXONOMY)


if __name__ == "__main__":
    main()
