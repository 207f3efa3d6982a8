"""Numbers about a project that need no label file: progress, and pixels and segments by category."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seamseg_studio.engine.project.category_keys import KeyedTaxonomy
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
        seconds: That people have worked on all images together.
        num_timed: Images on which somebody has worked for a known time.
        median_seconds: Half of the accepted images of known time took at most as long; 0 if there are none.
    """

    num_images: int
    by_status: Mapping[Status, int]
    num_edits: int
    num_segments: Mapping[int, int]
    num_pixels: Mapping[int, int]
    num_uncounted: int
    seconds: float = 0.0
    num_timed: int = 0
    median_seconds: float = 0.0


def read_statistics(database: Database, keyed: KeyedTaxonomy) -> Statistics:
    """Sums up the tables.

    Raises:
        DamagedDatabaseError: They hold no numbers.
    """
    with database.believed():
        return _read_statistics(database, keyed)


def _read_statistics(database: Database, keyed: KeyedTaxonomy) -> Statistics:
    by_status = dict.fromkeys(Status, 0)
    edits = uncounted = timed = 0
    seconds = 0.0
    for row in database.rows(
        "SELECT status, count(*) AS number, sum(num_edits) AS edits, sum(cursor <> counted_entry) AS uncounted,"
        " sum(seconds) AS seconds, sum(seconds > 0) AS timed FROM images GROUP BY status"
    ):
        by_status[Status(row["status"])] = int(row["number"])
        edits += int(row["edits"])
        uncounted += int(row["uncounted"])
        timed += int(row["timed"])
        seconds += float(row["seconds"])
    places = keyed.places
    counts = [
        (places[int(row["category"])], int(row["segments"]), int(row["pixels"]))
        for row in database.rows(
            "SELECT category, num_segments AS segments, num_pixels AS pixels FROM category_totals"
            " WHERE num_segments > 0"
        )
        if int(row["category"]) in places
    ]
    return Statistics(
        num_images=sum(by_status.values()),
        by_status=by_status,
        num_edits=edits,
        num_segments={place: segments for place, segments, _ in sorted(counts)},
        num_pixels={place: pixels for place, _, pixels in sorted(counts)},
        num_uncounted=uncounted,
        seconds=seconds,
        num_timed=timed,
        median_seconds=_median_seconds(database),
    )


def _median_seconds(database: Database) -> float:
    """Reads the middle of an index instead of all images."""
    accepted = "FROM images WHERE status = ? AND seconds > 0"
    (number,) = database.rows(f"SELECT count(*) {accepted}", Status.ACCEPTED.value)[0]
    if not number:
        return 0.0
    place = (number - 1) // 2
    row = database.row(f"SELECT seconds {accepted} ORDER BY seconds LIMIT 1 OFFSET ?", Status.ACCEPTED.value, place)
    assert row is not None
    return float(row["seconds"])


def count_categories(
    connection: sqlite3.Connection,
    image_id: int,
    panoptic_map: PanopticMap,
    entry: int,
    keys: Sequence[int] | None,
) -> None:
    """Keeps what the labels of an image hold after journal entry `entry`.

    Args:
        connection: In a transaction.
        image_id: The image.
        panoptic_map: Its labels.
        entry: The entry.
        keys: Those of the map's categories; None if the categories are keys already.
    """
    counts: dict[int, tuple[int, int]] = {}
    for segment_id, segment in panoptic_map.segments.items():
        key = segment.category if keys is None else keys[segment.category]
        segments, pixels = counts.get(key, (0, 0))
        counts[key] = (segments + 1, pixels + panoptic_map.area(segment_id))
    connection.execute("DELETE FROM category_counts WHERE image_id = ?", (image_id,))
    connection.executemany(
        "INSERT INTO category_counts VALUES (?, ?, ?, ?)",
        [(image_id, category, segments, pixels) for category, (segments, pixels) in counts.items()],
    )
    connection.execute("UPDATE images SET counted_entry = ? WHERE id = ?", (entry, image_id))
