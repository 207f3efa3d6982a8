"""Folding old journal steps into the labels they led to. Never done unasked: it is the one thing that ends undo."""

from __future__ import annotations

from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.labels import LabelStore


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
