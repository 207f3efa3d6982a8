"""Folding old journal steps into the labels they led to. Never done unasked: it is the one thing that ends undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.images import Progress
from seamseg_studio.engine.project.labels import LabelStore


@dataclass(frozen=True, slots=True)
class JournalSize:
    """What unlimited undo costs.

    Attributes:
        num_bytes: Of all steps.
        num_steps: Of all images, undone ones too.
        limit_bytes: What people allow, None for no limit. Nothing happens by itself when it is passed.
    """

    num_bytes: int
    num_steps: int
    limit_bytes: int | None

    @property
    def is_over(self) -> bool:
        """Whether there is more than is allowed."""
        return self.limit_bytes is not None and self.num_bytes > self.limit_bytes


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What trimming a journal dropped.

    Attributes:
        num_steps: Steps that cannot be undone any more, by image id; the labels are as they were.
        num_bytes: How much smaller the journal is.
    """

    num_steps: Mapping[int, int]
    num_bytes: int


def journal_size(database: Database, limit_bytes: int | None) -> JournalSize:
    """Adds up the journal of all images."""
    row = database.row("SELECT count(*) AS steps, coalesce(sum(length(patch)), 0) AS size FROM journal")
    assert row is not None
    return JournalSize(int(row["size"]), int(row["steps"]), limit_bytes)


def trim(
    database: Database, labels: LabelStore, limit_bytes: int, keep_steps: int, progress: Progress | None
) -> Trimmed:
    """Folds steps into labels until the journal is no larger than `limit_bytes`, as far as `keep_steps` allow.

    Images on which nobody has worked for longest come first; each keeps its last steps.

    Raises:
        ProjectError: Labels could not be read or written; what was folded before stays so, nothing is lost.
    """
    rows = database.rows(
        "SELECT image_id, max(time) AS last, sum(length(patch)) AS size FROM journal GROUP BY image_id ORDER BY last"
    )
    former = size = sum(int(row["size"]) for row in rows)
    dropped: dict[int, int] = {}
    for done, row in enumerate(rows):
        if size <= limit_bytes or (progress is not None and progress(done, len(rows)) is False):
            break
        number = compact(database, labels, int(row["image_id"]), keep_steps)
        if number:
            dropped[int(row["image_id"])] = number
            size += journal_bytes(database, int(row["image_id"])) - int(row["size"])
    if dropped:
        database.shrink()
    return Trimmed(dropped, former - size)


def journal_bytes(database: Database, image_id: int | None = None) -> int:
    """Returns the size of the journal of one image, or of all."""
    row = database.row(
        "SELECT coalesce(sum(length(patch)), 0) FROM journal WHERE ? IS NULL OR image_id = ?", image_id, image_id
    )
    assert row is not None
    return int(row[0])


def compact(database: Database, labels: LabelStore, image_id: int, keep_steps: int) -> int:
    """Makes the labels before the last `keep_steps` done steps the new root and drops the steps that led there.

    Returns:
        How many steps were dropped; they cannot be undone any more.

    Raises:
        ValueError: `keep_steps` is negative.
        ProjectError: The labels could not be read or written; the journal is then as it was.
    """
    if keep_steps < 0:
        raise ValueError(f"{keep_steps} steps cannot be kept")
    steps = database.rows(
        "SELECT journal.id FROM journal JOIN images ON images.id = image_id"
        " WHERE image_id = ? AND discarded = 0 AND journal.id <= cursor ORDER BY journal.id",
        image_id,
    )
    num_dropped = len(steps) - keep_steps
    if num_dropped <= 0:
        return 0
    entry = int(steps[num_dropped - 1]["id"])
    root = labels.write_at(image_id, entry)
    former = labels.files_in_use(image_id)
    with database.write() as connection:
        connection.execute(
            "UPDATE images SET root = ?, root_is_model = 0, compacted = compacted + ?,"
            " cursor = CASE WHEN cursor = ? THEN 0 ELSE cursor END,"
            " counted_entry = CASE WHEN counted_entry = ? THEN 0 ELSE counted_entry END,"
            " checkpoint = CASE WHEN checkpoint_entry <= ? THEN '' ELSE checkpoint END,"
            " checkpoint_entry = CASE WHEN checkpoint_entry <= ? THEN 0 ELSE checkpoint_entry END WHERE id = ?",
            (root, num_dropped, entry, entry, entry, entry, image_id),
        )
        # Discarded steps hang on those that go, and no checkpoint among them is left.
        connection.execute("DELETE FROM journal WHERE image_id = ? AND (id <= ? OR discarded)", (image_id, entry))
        connection.execute("UPDATE journal SET parent = 0 WHERE image_id = ? AND parent = ?", (image_id, entry))
    labels.drop(former - labels.files_in_use(image_id))
    return num_dropped
