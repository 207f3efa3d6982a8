"""What all formats that keep the partition must do: the same pixels, categories and crowd flags back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_EXACT = [name for name, entry in FORMATS.items() if entry.reads and entry.keeps_partition]
_READ = [name for name, entry in FORMATS.items() if entry.reads]
_WITHOUT_CROWDS = ("vistas", "voc")


def _same_partition(one: PanopticMap, other: PanopticMap, with_crowds: bool = True) -> None:
    """Equal up to the numbers of the segments."""
    pairs = np.unique(np.stack([one.ids.ravel(), other.ids.ravel()]), axis=1)
    assert len(set(pairs[0].tolist())) == len(set(pairs[1].tolist())) == pairs.shape[1]
    for left, right in pairs.T.tolist():
        assert (left == 0) == (right == 0)
        if left:
            a, b = one.segments[left], other.segments[right]
            assert a.category == b.category
            assert a.is_crowd == b.is_crowd or not with_crowds


@pytest.mark.parametrize("name", _EXACT)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), height=st.integers(1, 70), width=st.integers(1, 70))
def test_partitions_survive(
    tmp_path: Path,
    taxonomy: Taxonomy,
    make_map: Callable[..., PanopticMap],
    make_photo: Callable[..., Path],
    name: str,
    seed: int,
    height: int,
    width: int,
) -> None:
    panoptic_map = make_map(seed, height, width)
    with FORMATS[name].writer(tmp_path / "out", taxonomy, overwrite=True) as writer:
        writer.write("a", make_photo("a.png", height, width), panoptic_map)
    reader = FORMATS[name].reader(tmp_path / "out")
    (image,) = reader
    _same_partition(panoptic_map, image.map, name not in _WITHOUT_CROWDS)
    assert [c.name for c in reader.taxonomy.categories] == [c.name for c in taxonomy.categories]
    assert [c.kind for c in reader.taxonomy.categories] == [c.kind for c in taxonomy.categories]
    assert not reader.losses
    crowds = sum(segment.is_crowd for segment in panoptic_map.segments.values())
    if name in _WITHOUT_CROWDS:
        assert writer.losses.count("crowd flags left out") == crowds


@pytest.mark.parametrize("name", _READ)
def test_formats_are_recognised_resumed_and_safe(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path], name: str
) -> None:
    target = tmp_path / "deep" / "out"
    images = ["../up", "a/b", "plain", "taxonomy"]
    options = {"copy_images": True} if FORMATS[name].copies_images else {}
    with FORMATS[name].writer(target, taxonomy, **options) as writer:
        for image in images[:2]:
            writer.write(image, make_photo("p.png"), make_map(len(image)), split="../../val")
    with pytest.raises(FormatError, match="already holds"):
        FORMATS[name].writer(target, taxonomy, **options)
    with FORMATS[name].writer(target, taxonomy, resume=True, **options) as writer:
        assert writer.done_names() == set(images[:2])
        for image in images[2:]:
            writer.write(image, make_photo("p.png"), make_map(len(image)), split="../../val")
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and target not in p.parents and "photos" not in p.parts]
    assert outside == []
    assert detect_format(target).name == name
    reader = FORMATS[name].reader(target)
    assert len(reader) == len(images)
    for image in reader:
        assert image.map.shape == (60, 90)
        assert image.image_path is not None
        assert target in image.image_path.parents


@pytest.mark.parametrize("name", _READ)
def test_overwriting_leaves_nothing_of_the_former_dataset(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path], name: str
) -> None:
    target = tmp_path / "out"
    with FORMATS[name].writer(target, taxonomy) as writer:
        for image in ("a", "b"):
            writer.write(image, make_photo("p.png"), make_map(1), split="val")
    with FORMATS[name].writer(target, taxonomy, overwrite=True) as writer:
        assert writer.done_names() == frozenset()
        writer.write("c", make_photo("p.png"), make_map(1), split="val")
    assert [image.name for image in FORMATS[name].reader(target)] == ["c"]


@pytest.mark.parametrize("name", ["vistas", "voc", "cityscapes"])
def test_two_segments_of_a_stuff_category_are_joined_and_counted(tmp_path: Path, taxonomy: Taxonomy, name: str) -> None:
    ids = np.array([[1, 2, 3]], np.int32)
    with FORMATS[name].writer(tmp_path, taxonomy) as writer:
        writer.write("a", None, PanopticMap(ids, {1: Segment(0), 2: Segment(0), 3: Segment(3)}))
    assert writer.losses.count("segments of one stuff category joined") == 1
    (image,) = FORMATS[name].reader(tmp_path)
    assert image.map.ids[0, 0] == image.map.ids[0, 1] != image.map.ids[0, 2]


@pytest.mark.parametrize(("name", "most"), [("vistas", 256), ("voc", 254)])
def test_too_many_instances_are_refused(tmp_path: Path, taxonomy: Taxonomy, name: str, most: int) -> None:
    with FORMATS[name].writer(tmp_path, taxonomy) as writer:
        for number in (most, most + 1):
            ids = np.arange(1, number + 1, dtype=np.int32).reshape(1, -1)
            panoptic_map = PanopticMap(ids, {i: Segment(3) for i in range(1, number + 1)})
            if number == most:
                writer.write("a", None, panoptic_map)
            else:
                with pytest.raises(FormatError, match="use another format"):
                    writer.write("b", None, panoptic_map)
    (image,) = FORMATS[name].reader(tmp_path)
    assert len(image.map.segments) == most
