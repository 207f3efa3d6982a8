"""Numbers about a project that need no label file: progress, and pixels and segments by category."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.scene.panoptic_map import PanopticMap


@dataclass(frozen=True, slots=True)
class Statistics:
    """How far a project is and what it holds.

    Attributes:
        num_images: All images.
        by_status: Images per status; every status is listed.
        num_edits: Changes by people that are not undone.
        num_segments: Segments per category index.
        num_pixels: Labelled pixels per category index.
        num_uncounted: Images edited since their labels were last counted (when predicted, read in or checkpointed);
            the two numbers above have them as they were then.
    """

    num_images: int
    by_status: Mapping[Status, int]
    num_edits: int
    num_segments: Mapping[int, int]
    num_pixels: Mapping[int, int]
    num_uncounted: int


def read_statistics(database: Database) -> Statistics:
    """Sums up the tables."""
    by_status = dict.fromkeys(Status, 0)
    for row in database.rows("SELECT status, count(*) AS number FROM images GROUP BY status"):
        by_status[Status(row["status"])] = int(row["number"])
    totals = database.rows(
        "SELECT coalesce(sum(num_edits), 0) AS edits, coalesce(sum(cursor <> counted_entry), 0) AS uncounted"
        " FROM images"
    )[0]
    categories = database.rows(
        "SELECT category, sum(num_segments) AS segments, sum(num_pixels) AS pixels FROM category_counts"
        " GROUP BY category ORDER BY category"
    )
    return Statistics(
        num_images=sum(by_status.values()),
        by_status=by_status,
        num_edits=int(totals["edits"]),
        num_segments={int(row["category"]): int(row["segments"]) for row in categories},
        num_pixels={int(row["category"]): int(row["pixels"]) for row in categories},
        num_uncounted=int(totals["uncounted"]),
    )


def count_categories(connection: sqlite3.Connection, image_id: int, panoptic_map: PanopticMap, entry: int) -> None:
    """Keeps what the labels of an image hold after journal entry `entry`."""
    counts: dict[int, tuple[int, int]] = {}
    for segment_id, segment in panoptic_map.segments.items():
        segments, pixels = counts.get(segment.category, (0, 0))
        counts[segment.category] = (segments + 1, pixels + panoptic_map.area(segment_id))
    connection.execute("DELETE FROM category_counts WHERE image_id = ?", (image_id,))
    connection.executemany(
        "INSERT INTO category_counts VALUES (?, ?, ?, ?)",
        [(image_id, category, segments, pixels) for category, (segments, pixels) in counts.items()],
    )
    connection.execute("UPDATE images SET counted_entry = ? WHERE id = ?", (entry, image_id))
