"""Files from elsewhere with values of every wrong kind: one image is refused or repaired, the others are converted."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.conversion import convert
from seamseg_studio.engine.formats.registry import FORMATS, UNFORESEEN, Format, Reader
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_DEEP = "a list of lists of lists ..."  # written as text: no encoder goes that deep
_FILES = {
    "seamseg": ["metadata.bin"],
    "coco-panoptic": ["panoptic.json"],
    "coco-instances": ["instances.json"],
    "cityscapes": ["labels.json", "gtFine/val/all/a_gtFine_polygons.json"],
    "vistas": ["config_v2.0.json"],
    "labelme": ["a.json", "taxonomy.json"],
    "labelme-alone": ["a.json"],
    "voc": ["taxonomy.json"],
    "yolo": ["labels/val/a.txt", "data.yaml"],
}
# What belongs to one image: damage there must not reach the other.
_OF_ONE_IMAGE = ("images", "annotations")
_FILES_OF_ONE_IMAGE = ("a.json", "gtFine/val/all/a_gtFine_polygons.json", "labels/val/a.txt")

_VALUES = st.one_of(
    st.sampled_from([None, True, False, -1, 77, 10**30, 10**400, 0.5, -0.0, 1e308, math.nan, math.inf, -math.inf]),
    st.sampled_from(["", " ", "..", "../../x", "a/b", "/etc/hosts", "x\0y", "\ud800", "x" * 5000, "nan", "1", _DEEP]),
    st.sampled_from([[], {}, [[]], [None], [1], ["a"], [math.nan, 1], {"id": 1}, [[1, 2], [3]], [{}, {}]]),
)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one whole dataset of each format, written when it is first needed."""
    return tmp_path_factory.mktemp("whole")


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a document, but its own."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(*path, key), *_places(item, (*path, key))]]


def _damage(document: Any, data: st.DataObject) -> tuple[Any, ...]:
    """Replaces, drops or repeats one value; returns where."""
    place = data.draw(st.sampled_from(_places(document)), label="place")
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    how = data.draw(st.sampled_from(["replace", "replace", "replace", "drop", "repeat"]), label="how")
    if how == "drop":
        del holder[place[-1]]
    elif how == "repeat" and isinstance(holder, list):
        holder.insert(place[-1], holder[place[-1]])
    else:
        holder[place[-1]] = data.draw(_VALUES, label="value")
    return tuple(place)


def _damage_file(path: Path, data: st.DataObject) -> tuple[Any, ...]:
    """Damages a file of any kind as text or as the document that it holds; returns where."""
    if path.suffix == ".json":
        document = json.loads(path.read_text())
        place = _damage(document, data)
        deep = "[" * 20_000 + "]" * 20_000
        path.write_text(json.dumps(document).replace(json.dumps(_DEEP), deep))
    elif path.suffix == ".bin":
        document = msgpack.unpackb(path.read_bytes())
        place = _damage(document, data)
        try:
            path.write_bytes(msgpack.packb(document))
        except (OverflowError, UnicodeEncodeError):  # what this kind of file cannot say
            return ()
    else:
        words = path.read_text().split(" ")
        where = data.draw(st.integers(0, len(words) - 1), label="word")
        words[where] = json.dumps(data.draw(_VALUES, label="value")) + "\n" * (words[where].endswith("\n"))
        path.write_text(" ".join(words))
        place = (where,)
    return place


def _open(entry: Format, source: Path, *, may_be_refused: bool) -> Reader | None:
    """Opens a dataset; None if it is refused as a whole, which one image must not lead to."""
    try:
        return entry.reader(source)
    except SeamsegError as error:
        refusal = str(error)
    assert may_be_refused, refusal
    assert "\n" not in refusal
    return None


def _no_constant(text: str) -> NoReturn:
    raise AssertionError(f"{text} is no JSON")


@pytest.mark.parametrize("name", _FILES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_values_of_the_wrong_kind_reach_one_image_only(
    datasets: Path,
    tmp_path: Path,
    taxonomy: Taxonomy,
    make_map: Callable[..., PanopticMap],
    make_photo: Callable[..., Path],
    name: str,
    data: st.DataObject,
) -> None:
    entry = FORMATS[name.removesuffix("-alone")]
    whole = datasets / name
    if not whole.exists():
        options = {"copy_images": True} if entry.copies_images else {}
        with entry.writer(whole, taxonomy, **options) as writer:
            for image in ("a", "b"):
                writer.write(image, make_photo(f"{image}.png", 12, 18), make_map(4, 12, 18), split="val")
        if name.endswith("-alone"):
            (whole / "taxonomy.json").unlink()
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, source)
    file = data.draw(st.sampled_from(_FILES[name]), label="file")
    place = _damage_file(source / file, data)
    is_of_one = file in _FILES_OF_ONE_IMAGE or (len(place) > 1 and place[0] in _OF_ONE_IMAGE)
    reader = _open(entry, source, may_be_refused=not is_of_one)
    if reader is None:
        return
    to = data.draw(st.sampled_from(["coco-panoptic", "coco-instances", "labelme", "voc"]), label="to")
    with FORMATS[to].writer(target, reader.taxonomy) as writer:
        done = convert(reader, writer, num_threads=1)
        writer.discard()
    for _, reason in done.failures:
        assert "\n" not in reason
        assert UNFORESEEN not in reason
        assert "unexpected" not in reason
    if is_of_one and not any("two" in reason or "twice" in reason for _, reason in done.failures):
        assert done.num_images >= 1
    for written in target.rglob("*.json"):
        json.loads(written.read_text(), parse_constant=_no_constant)
    assert json.dumps(done.losses.to_json(), ensure_ascii=False).encode(errors="backslashreplace")
