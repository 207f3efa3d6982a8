"""COCO panoptic: exact round trips, resuming, and what other tools make of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco import panoptic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.segments import NO_SCORE, SEVERAL_STUFF, UNLISTED, UNSEEN
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_COCO = FORMATS["coco-panoptic"]


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".log")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _write(folder: Path, taxonomy: Taxonomy, maps: dict[str, PanopticMap], **options: Any) -> None:
    with _COCO.writer(folder, taxonomy, **options) as writer:
        for name, panoptic_map in maps.items():
            writer.write(name, Path(f"{name}.jpg"), panoptic_map)


def test_round_trip_is_exact(tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]) -> None:
    maps = {f"im{n}": make_map(n, ids=(1, 2, 3, 255, 256, 65_536, 2**24 - 1)) for n in range(5)}
    _write(tmp_path, taxonomy, maps)
    reader = _COCO.reader(tmp_path)
    assert reader.taxonomy.categories == taxonomy.categories
    assert len(reader) == 5
    for image in reader:
        np.testing.assert_array_equal(image.map.ids, maps[image.name].ids)
        assert image.map.segments == maps[image.name].segments
    assert not reader.losses
    _write(tmp_path / "again", reader.taxonomy, {image.name: image.map for image in reader})
    assert _files(tmp_path / "again") == {k: v for k, v in _files(tmp_path).items() if not k.startswith("again")}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), height=st.integers(1, 40), width=st.integers(1, 40))
def test_any_map_survives(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], seed: int, height: int, width: int
) -> None:
    panoptic_map = make_map(seed, height, width)
    _write(tmp_path, taxonomy, {"a": panoptic_map}, overwrite=True)
    (image,) = _COCO.reader(tmp_path / "panoptic.json")
    np.testing.assert_array_equal(image.map.ids, panoptic_map.ids)
    assert image.map.segments == panoptic_map.segments


def test_the_index_says_what_the_pixels_say(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    panoptic_map = make_map(3)
    _write(tmp_path, taxonomy, {"a": panoptic_map})
    document = json.loads((tmp_path / "panoptic.json").read_text())
    assert document["images"] == [{"id": 1, "file_name": "a.jpg", "height": 60, "width": 90}]
    assert [c["isthing"] for c in document["categories"]] == [0, 0, 0, 1, 1, 1]
    infos = document["annotations"][0]["segments_info"]
    assert {info["id"] for info in infos} == set(panoptic_map.segments)
    for info in infos:
        ys, xs = np.nonzero(panoptic_map.ids == info["id"])
        assert info["area"] == len(ys)
        assert info["bbox"] == [xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1]


def test_an_interrupted_run_continued_gives_the_same_files(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    maps = {f"im{n}": make_map(n) for n in range(9)}
    _write(tmp_path / "whole", taxonomy, maps)
    # Killed after four images in another order: no index yet, and the last log line is half written.
    broken = _COCO.writer(tmp_path / "broken", taxonomy)
    for name in ("im7", "im2", "im0", "im5"):
        broken.write(name, Path(f"{name}.jpg"), maps[name])
    log = tmp_path / "broken" / ".coco-panoptic.log"
    log.write_bytes(log.read_bytes()[:-9])
    (tmp_path / "broken" / "panoptic" / "im2.png").unlink()
    with _COCO.writer(tmp_path / "broken", taxonomy, resume=True) as writer:
        assert writer.done_names() == {"im7", "im0"}
        with ThreadPoolExecutor(4) as pool:
            rest = [name for name in maps if name not in writer.done_names()]
            list(pool.map(lambda name: writer.write(name, Path(f"{name}.jpg"), maps[name]), rest))
    assert _files(tmp_path / "broken") == _files(tmp_path / "whole")


def test_nothing_is_overwritten_unasked(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    _write(tmp_path, taxonomy, {"a": make_map(0)})
    before = _files(tmp_path)
    with pytest.raises(FormatError, match="already holds a coco-panoptic dataset"):
        _COCO.writer(tmp_path, taxonomy)
    other = Taxonomy("other", (Category("x", Kind.STUFF, (0, 0, 0)),))
    with pytest.raises(FormatError, match="another taxonomy"):
        _COCO.writer(tmp_path, other, resume=True)
    assert _files(tmp_path) == before
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "panoptic.json").write_text("{}")
    with pytest.raises(FormatError, match=r"foreign/panoptic\.json: is there already"):
        _COCO.writer(tmp_path / "foreign", taxonomy, resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="is a file, not a folder"):
        _COCO.writer(tmp_path / "file", taxonomy)


def test_dangerous_names_stay_inside(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path]
) -> None:
    target = tmp_path / "deep" / "target"
    names = ["../evil", "/etc/evil", "a/b", "a_b", "..", "con", "x" * 500]
    with _COCO.writer(target, taxonomy, copy_images=True) as writer:
        for name in names:
            writer.write(name, make_photo("p.png"), make_map(len(name)))
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and target not in p.parents and "photos" not in p.parts]
    assert outside == []
    images = list(_COCO.reader(target))
    assert len({image.name for image in images}) == len(names)
    assert all(image.image_path is not None and target in image.image_path.parents for image in images)


def test_photos_are_found(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path]
) -> None:
    photo = make_photo("a.jpg")
    with _COCO.writer(tmp_path / "out", taxonomy) as writer:
        writer.write("a", photo, make_map(0))
        writer.write("b", None, make_map(0))
    without, _ = _COCO.reader(tmp_path / "out")
    assert without.image_path is None
    with_photo, none = _COCO.reader(tmp_path / "out", images=photo.parent)
    assert with_photo.image_path == photo
    assert none.image_path is None


def test_against_itself_another_tool_scores_100(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    _write(tmp_path, taxonomy, {f"im{n}": make_map(n) for n in range(4)})
    scores = panoptic.PanopticEval(str(tmp_path / "panoptic.json"), str(tmp_path / "panoptic.json"))
    scores.run()
    assert scores.results()["All"]["pq"] == pytest.approx(1)


@pytest.fixture
def index(tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]) -> Path:
    """The JSON of a small dataset, to be damaged."""
    _write(tmp_path, taxonomy, {"a": make_map(0), "b": make_map(1)})
    return tmp_path / "panoptic.json"


def _edit(index: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(index.read_text())
    change(document)
    index.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["categories"].append(d["categories"][0]), "two categories have the id 1"),
        (lambda d: d["categories"][1].update(name="road"), "twice"),
        (lambda d: d["categories"][1].pop("name"), "'name' of category 2 is missing"),
        (lambda d: d.update(annotations={}), "'annotations' of the document"),
    ],
)
def test_a_damaged_index_is_named(index: Path, change: Callable[[Any], object], message: str) -> None:
    _edit(index, change)
    with pytest.raises(FormatError, match=message) as caught:
        _COCO.reader(index)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["annotations"][0]["segments_info"][0].update(category_id=77), "unknown category 77"),
        (lambda d: d["annotations"][0]["segments_info"][0].pop("id"), "'id' of a segment of image 'a' is missing"),
        (
            lambda d: d["annotations"][0]["segments_info"].append(d["annotations"][0]["segments_info"][0]),
            "two segments",
        ),
        (lambda d: d["images"][0].update(width=91), "is 90 x 60 pixels, but panoptic.json says 91 x 60"),
        (lambda d: d["annotations"][0].update(file_name="nowhere.png"), "no such file"),
        (lambda d: d["annotations"].append(d["annotations"][0]), "image 1 has two annotations"),
        (lambda d: d["images"].append(d["images"][0]), "two images have the id 1"),
        (lambda d: d["images"].pop(0), "names image 1, which is not listed"),
        (lambda d: d["images"].__setitem__(0, 7), "names image 1, which is not listed"),
        (
            lambda d: (
                d["annotations"].insert(0, d["annotations"].pop()) or d["annotations"][1].update(file_name="b.png")
            ),
            "same PNG",
        ),
        (lambda d: d["annotations"][0].update(image_id=None), "'image_id' of the annotation of a.png is missing"),
        (lambda d: d["annotations"][0].update(image_id=True), "'image_id' of the annotation of a.png is 'True'"),
        (lambda d: d["annotations"].__setitem__(0, "x"), "'file_name' of annotation 0 is missing"),
    ],
)
def test_damage_in_one_image_is_named(index: Path, change: Callable[[Any], object], message: str) -> None:
    _edit(index, change)
    images = {image.name: image for image in _COCO.reader(index)}
    assert images.pop("b").map.shape == (60, 90)
    assert images
    for image in images.values():  # two, where nobody knows which of them is meant
        with pytest.raises(FormatError, match=message) as caught:
            _ = image.map
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("score", [math.nan, -math.inf, 10**400, [], False])
def test_scores_that_are_no_numbers_are_left_out_and_counted(index: Path, score: Any) -> None:
    _edit(index, lambda d: d["annotations"][0]["segments_info"][0].update(score=score))
    reader = _COCO.reader(index)
    first, _ = reader
    assert all(segment.score is None for segment in first.map.segments.values())
    assert reader.losses.totals == {NO_SCORE: 1}


@pytest.mark.parametrize("name", ["coco-panoptic", "coco-instances", "seamseg"])
def test_scores_that_json_cannot_hold_are_not_written(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], name: str
) -> None:
    ids = np.repeat(np.array([[1, 2, 3]], np.int32), 4, 0)
    scored = PanopticMap(ids, {1: Segment(3, score=math.nan), 2: Segment(3, score=math.inf), 3: Segment(4, score=0.5)})
    with FORMATS[name].writer(tmp_path / "o", taxonomy) as writer:
        writer.write("a", make_photo("a.png", 4, 3), scored)
    for path in [*(tmp_path / "o").rglob("*.json"), tmp_path / "o" / f".{name}.log"]:
        assert "NaN" not in path.read_text()
        assert "Infinity" not in path.read_text()
    if name == "seamseg":
        assert writer.losses.totals == {"scores left out of metadata.bin": 3}
    else:
        assert writer.losses.totals == {NO_SCORE: 2}


def test_names_that_lead_out_are_refused(index: Path) -> None:
    _edit(index, lambda d: d["annotations"][0].update(file_name="../../secret.png"))
    with pytest.raises(FormatError, match="leads out of its folder"):
        next(iter(_COCO.reader(index))).map  # noqa: B018
    _edit(
        index, lambda d: (d["annotations"][0].update(file_name="a.png"), d["images"][0].update(file_name="/etc/hosts"))
    )
    first, second = _COCO.reader(index)
    with pytest.raises(FormatError, match="leads out of its folder"):
        _ = first.labels
    assert second.labels.ids.shape == (60, 90)


def test_repairs_are_counted(index: Path) -> None:
    removed: list[Any] = []
    _edit(index, lambda d: removed.append(d["annotations"][0]["segments_info"].pop()))
    _edit(index, lambda d: d["annotations"][1]["segments_info"].append({"id": 999, "category_id": 4}))
    reader = _COCO.reader(index)
    first, second = reader
    assert removed[0]["id"] not in first.map.segments
    assert 999 not in second.map.segments
    assert reader.losses.totals == {UNLISTED: removed[0]["area"], UNSEEN: 1}
    assert [loss.image for loss in reader.losses.listed(UNSEEN)] == ["b"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"images": []}', "\ud800".encode("utf-8", "surrogatepass"), "null"])
def test_what_is_no_index_is_named(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / "x.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FormatError, match=r"x\.json"):
        _COCO.reader(tmp_path)


def test_a_folder_without_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no JSON files"):
        _COCO.reader(tmp_path)
    with pytest.raises(FormatError, match="no such file"):
        _COCO.reader(tmp_path / "missing.json")


def test_two_segments_of_a_stuff_category_are_kept_and_counted(index: Path) -> None:
    _edit(index, lambda d: [info.update(category_id=1) for info in d["annotations"][0]["segments_info"]])
    reader = _COCO.reader(index)
    first, _ = reader
    assert len(first.map.segments) > 1
    assert reader.losses.totals == {SEVERAL_STUFF: len(first.map.segments) - 1 - 1}
