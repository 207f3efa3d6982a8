"""What the database keeps of predictions: who made the newest one, and how much two models differ on an image."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.project.prediction_file import read_prediction
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.review import disagreement

Show = Callable[[PanopticResult, Sequence[int] | None], PanopticResult]
"""Brings a prediction, with the keys of the categories of its time, to the present list."""

_COMPARED_PIXELS = 1 << 20  # a share is a mean: of a larger image, rows and columns at equal distances tell it


def disagreement_with(
    former: Path | None, image: sqlite3.Row, result: PanopticResult, bundle: str, show: Show
) -> float | None:
    """Returns what is to be kept as the disagreement of an image when a new prediction of it is stored.

    The share of pixels to which another model gave another category. The same model once more (with another size of
    input, or after its categories were mapped anew) is no second opinion: what was known stays. Two trainings of one
    project may have given their models one name: fingerprints tell whether they are one, names only where a fingerprint
    is missing, as in older projects.

    Args:
        former: The file of the prediction that the image has; None if it has none.
        image: The row of the image.
        result: The new prediction, categories as places in the project's list.
        bundle: The model that made it.
        show: For the former one.

    Returns:
        0 to 1; None if there is nothing to compare with, or it cannot be read: no reason to refuse the new one.
    """
    known = None if image["disagreement"] is None else float(image["disagreement"])
    has_same_name = image["bundle"] == bundle
    if former is None or (has_same_name and not result.fingerprint):
        return known
    try:
        other, keys = read_prediction(former, result.shape, labels_only=True)
        both_known = other.fingerprint and result.fingerprint
        if other.fingerprint == result.fingerprint if both_known else has_same_name:
            return known
        return disagreement(show(_thinned(other), keys), _thinned(result))[0]
    except (SeamsegError, LookupError, ValueError, MemoryError):
        return known if has_same_name else None


def note_prediction(
    connection: sqlite3.Connection,
    image_id: int,
    file: str,
    result: PanopticResult,
    bundle: str,
    differs: float | None,
) -> None:
    """Writes down the newest prediction of an image, and that its model was used.

    Args:
        connection: In a transaction.
        image_id: The image.
        file: Where the prediction is kept.
        result: It.
        bundle: The model that made it.
        differs: See `disagreement_with`.
    """
    connection.execute(
        "UPDATE images SET prediction = ?, bundle = ?, timings = ?, uncertainty = ?, disagreement = ? WHERE id = ?",
        (file, bundle, json.dumps(dict(result.timings_ms)), result.doubt(), differs, image_id),
    )
    now = time.time()
    connection.execute(
        "INSERT INTO bundles VALUES (?, ?, ?, 1) ON CONFLICT (name) DO UPDATE"
        " SET last_used = excluded.last_used, num_images = num_images + 1",
        (bundle, now, now),
    )


def _thinned(result: PanopticResult) -> PanopticResult:
    """Every pixel of a small image, equally distant ones of a large one."""
    step = max(1, math.isqrt(result.ids.size // _COMPARED_PIXELS))
    return replace(result, ids=result.ids[::step, ::step], second_choice=None, uncertainty=None)
