"""A small street for tests of canvas and tools: sky over road, a car and a bus."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seamseg_studio.app.editing.document import Document
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

SHAPE = (300, 400)
ROAD, SKY, CAR, BUS = 1, 2, 3, 4
TAXONOMY = Taxonomy(
    "street",
    (
        Category("road", Kind.STUFF, (200, 40, 40)),
        Category("sky", Kind.STUFF, (40, 40, 200)),
        Category("car", Kind.THING, (40, 200, 40)),
    ),
)
CAR_BOX, BUS_BOX = Box(100, 50, 200, 100), Box(100, 200, 200, 300)  # of the street in its own size
ROAD_CATEGORY, SKY_CATEGORY, CAR_CATEGORY = range(3)


def street(shape: tuple[int, int] = SHAPE) -> PanopticMap:
    height, width = shape
    ids = np.full(shape, SKY, np.int32)
    ids[height // 2 :] = ROAD
    ids[height // 3 : height * 2 // 3, width // 8 : width // 4] = CAR
    ids[height // 3 : height * 2 // 3, width // 2 : width * 3 // 4] = BUS
    segments = {ROAD: Segment(0), SKY: Segment(1), CAR: Segment(2), BUS: Segment(2)}
    return PanopticMap(ids, segments)


MakeDocument = Callable[..., Document]
