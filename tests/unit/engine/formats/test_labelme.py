"""labelme: exact but for holes, and what its own program writes."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.labelme import LINES
from seamseg_studio.engine.formats.polygons import CROSSING, HOLES, OUTSIDE
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.stacking import COVERED
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_LABELME = FORMATS["labelme"]


def test_all_but_void_in_holes_survives(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    maps = {f"im{n}": make_map(n) for n in range(6)}
    with _LABELME.writer(tmp_path, taxonomy) as writer:
        for name, panoptic_map in maps.items():
            writer.write(name, Path(f"{name}.jpg"), panoptic_map)
    reader = _LABELME.reader(tmp_path)
    assert reader.taxonomy == taxonomy
    changed = 0
    for image in reader:
        before, after = maps[image.name], image.map
        wrong = before.category_map() != after.category_map()
        assert not (wrong & (before.ids != 0) & (after.ids == 0)).any()
        changed += int(wrong.sum())
        assert sum(s.is_crowd for s in after.segments.values()) == sum(s.is_crowd for s in before.segments.values())
    assert changed == 0 or writer.losses.count(HOLES) > 0


def _shape(label: str, points: Any, kind: str = "polygon", **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a labelme file of 20 x 10 pixels with given shapes."""

    def save(*shapes: dict[str, Any], **fields: Any) -> Path:
        document = {"shapes": list(shapes), "imagePath": "x.jpg", "imageHeight": 10, "imageWidth": 20, **fields}
        (tmp_path / "x.json").write_text(json.dumps(document))
        return tmp_path

    return save


def test_files_of_the_program_itself(write: Callable[..., Path]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[255, 0], [255, 255]], np.uint8)).save(buffer, format="PNG")
    folder = write(
        _shape("car", [[0, 0], [8, 0], [8, 8], [0, 8]]),
        _shape("dog", [[1, 1], [3, 3]], "rectangle"),
        _shape("car", [[10, 0], [12, 0], [12, 2], [10, 2]], group_id=1),
        _shape("car", [[14, 0], [16, 0], [16, 2], [14, 2]], group_id=1),
        _shape("ball", [[12, 6], [12, 9]], "circle"),
        _shape("dog", [[18, 8], [20, 10]], "mask", mask=base64.b64encode(buffer.getvalue()).decode()),
        _shape("dog", [[1, 1]], "point"),
    )
    reader = _LABELME.reader(folder)
    assert [c.name for c in reader.taxonomy.categories] == ["ball", "car", "dog"]
    (image,) = reader
    ids = image.map.ids
    assert ids[2, 2] == 2
    assert ids[5, 5] == 1
    assert ids[1, 11] == ids[1, 15] == 3
    assert (ids == 4).sum() == 32
    assert (ids[8:, 18:] == 5).tolist() == [[True, False], [True, True]]
    assert reader.losses.totals == {LINES: 1, COVERED: 4}


def test_odd_polygons_are_counted(write: Callable[..., Path]) -> None:
    folder = write(
        _shape("a", [[0, 0], [9, 9], [9, 0], [0, 9]]),
        _shape("b", [[10, 2], [99, 2], [99, 8], [10, 8]]),
    )
    reader = _LABELME.reader(folder)
    (image,) = reader
    assert image.map.area(2) == 10 * 6
    assert reader.losses.totals == {CROSSING: 1, OUTSIDE: 1}


@pytest.mark.parametrize(
    ("shapes", "fields", "message"),
    [
        ([_shape("a", [[0, 0]], "ellipsoid")], {}, "unknown type 'ellipsoid'"),
        ([_shape("a", [[0, 0]], "rectangle")], {}, "a rectangle has no two points"),
        ([_shape("a", [[0, 0]], "mask", mask="%%%")], {}, "a mask is damaged"),
        ([_shape("a", [[0, 0]], "mask")], {}, "a mask is damaged"),
        ([], {"imageHeight": None}, "'imageHeight' of the document is missing"),
        ([], {"imageWidth": 10**9}, "the limit is"),
    ],
)
def test_damage_is_named(write: Callable[..., Path], shapes: list[Any], fields: Any, message: str) -> None:
    folder = write(_shape("a", [[0, 0], [1, 0], [1, 1]]), *shapes, **fields)
    (image,) = _LABELME.reader(folder)
    with pytest.raises(FormatError, match=message):
        _ = image.map


def test_what_is_no_labelme_folder_is_named(tmp_path: Path, write: Callable[..., Path], taxonomy: Taxonomy) -> None:
    with pytest.raises(FormatError, match="holds no labelme files"):
        _LABELME.reader(tmp_path)
    folder = write(_shape("zebra", [[0, 0], [1, 0], [1, 1]]))
    taxonomy.save(folder / "taxonomy.json")
    (image,) = _LABELME.reader(folder)
    with pytest.raises(FormatError, match="unknown label 'zebra'"):
        _ = image.map


def test_a_mask_that_reaches_out_is_named(write: Callable[..., Path]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((5, 5), 255, np.uint8)).save(buffer, format="PNG")
    folder = write(_shape("a", [[18, 8], [23, 13]], "mask", mask=base64.b64encode(buffer.getvalue()).decode()))
    (image,) = _LABELME.reader(folder)
    with pytest.raises(FormatError, match="reaches out of the image"):
        _ = image.map
