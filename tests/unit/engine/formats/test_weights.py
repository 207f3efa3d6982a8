"""What each pixel counts in training and who labelled it: kept by the seamseg format, counted where it is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from seamseg_studio.engine.formats.conversion import convert
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import NO_WEIGHTS
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.mapping import TaxonomyMapping
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_SEAMSEG = FORMATS["seamseg"]


def _corrected(seed: int, height: int = 12, width: int = 18) -> ImageLabels:
    """Labels of several origins, pixel by pixel, with weights in hundredths."""
    random = np.random.default_rng(seed)
    ids = random.integers(0, 5, (height, width)).astype(np.int32) * 3
    origins = list(Origin)
    segments = {
        int(i): Segment(int(random.integers(0, 6)), origin=origins[int(random.integers(0, 3))])
        for i in np.unique(ids)
        if i
    }
    provenance = np.where(ids > 0, random.integers(1, 4, ids.shape), 0).astype(np.uint8)
    weights = np.where(ids > 0, random.integers(1, 101, ids.shape), 0).astype(np.float32) / np.float32(100)
    return ImageLabels(ids, segments, provenance, weights)


@pytest.fixture
def dataset(tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path]) -> Path:
    """Two images, the second without weights."""
    with _SEAMSEG.writer(tmp_path / "data", taxonomy) as writer:
        labels = _corrected(1)
        writer.write("a", make_photo("a.png", 12, 18), labels.to_map(), split="val", weights=labels.weights)
        writer.write("b", make_photo("b.png", 12, 18), _corrected(2).to_map(), split="val")
    return tmp_path / "data"


def _same(found: ImageLabels, expected: ImageLabels) -> None:
    assert found.provenance is not None
    assert found.weights is not None
    np.testing.assert_array_equal(found.provenance, expected.provenance)
    np.testing.assert_array_equal(found.weights, expected.weights)
    assert found.weights.dtype == np.float32
    old, new = sorted(expected.segments), sorted(found.segments)
    assert [found.segments[i].origin for i in new] == [expected.segments[i].origin for i in old]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), height=st.integers(1, 20), width=st.integers(1, 20))
def test_weights_and_origins_come_back_as_they_were(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], seed: int, height: int, width: int
) -> None:
    labels = _corrected(seed, height, width)
    with _SEAMSEG.writer(tmp_path / "out", taxonomy, overwrite=True) as writer:
        photo = make_photo("a.png", height, width)
        writer.write("a", photo, labels.to_map(), weights=labels.weights)
        assert not writer.losses
    (image,) = _SEAMSEG.reader(tmp_path / "out")
    _same(image.labels, labels)
    np.testing.assert_array_equal(image.map.provenance, labels.provenance)


def test_a_dataset_without_weights_has_none(dataset: Path) -> None:
    _, second = _SEAMSEG.reader(dataset)
    assert second.labels.weights is None
    assert second.labels.provenance is None
    assert {path.name for path in (dataset / "weights").iterdir()} == {"a.png"}
    assert {segment.origin for segment in second.labels.segments.values()} == {Origin.IMPORTED}


@pytest.mark.parametrize("name", list(FORMATS))
def test_conversions_keep_weights_or_count_them(dataset: Path, tmp_path: Path, name: str) -> None:
    reader = _SEAMSEG.reader(dataset)
    with FORMATS[name].writer(tmp_path / "out", reader.taxonomy) as writer:
        done = convert(reader, writer)
    assert not done.failures
    if name == "seamseg":
        assert done.losses.count(NO_WEIGHTS) == 0
        first, second = FORMATS[name].reader(tmp_path / "out")
        _same(first.labels, _corrected(1))
        assert second.labels.weights is None
    else:
        assert [loss.image for loss in done.losses.listed(NO_WEIGHTS)] == ["a"]


def test_pixels_that_are_repaired_away_count_nothing(dataset: Path) -> None:
    document = msgpack.unpackb((dataset / "metadata.bin").read_bytes())
    document["images"][0]["cat"][1] = 255
    (dataset / "metadata.bin").write_bytes(msgpack.packb(document))
    labels = next(iter(_SEAMSEG.reader(dataset))).labels
    expected = _corrected(1)
    gone = (labels.ids == 0) & (expected.ids > 0)
    assert gone.any()
    assert labels.weights is not None
    assert labels.provenance is not None
    assert not labels.weights[gone].any()
    assert not labels.provenance[gone].any()


def test_a_mapping_takes_the_weights_of_what_becomes_void(taxonomy: Taxonomy) -> None:
    labels = _corrected(5)
    dropped = labels.segments[3].category
    mapping = TaxonomyMapping(taxonomy, tuple(None if index == dropped else index for index in range(len(taxonomy))))
    mapped = mapping.apply(labels, "a", Losses())
    assert mapped.weights is not None
    assert mapped.provenance is not None
    assert labels.weights is not None
    np.testing.assert_array_equal(mapped.weights, np.where(mapped.ids > 0, labels.weights, 0))
    assert not mapped.provenance[mapped.ids == 0].any()
    assert (mapped.ids == 0).sum() > (labels.ids == 0).sum()


def test_overwriting_removes_weights_that_are_no_more(
    dataset: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path]
) -> None:
    with _SEAMSEG.writer(dataset, taxonomy, overwrite=True) as writer:
        ids = np.ones((12, 18), np.int32)
        writer.write("a", make_photo("a.png", 12, 18), PanopticMap(ids, {1: Segment(0)}))
    assert not list((dataset / "weights").iterdir())
    (image,) = _SEAMSEG.reader(dataset)
    assert image.labels.weights is None


def test_an_image_whose_weights_are_gone_is_written_again(dataset: Path, taxonomy: Taxonomy) -> None:
    (dataset / "weights" / "a.png").unlink()
    with _SEAMSEG.writer(dataset, taxonomy, resume=True) as writer:
        assert writer.done_names() == {"b"}


def _edit(folder: Path, origin: object) -> None:
    document = msgpack.unpackb((folder / "metadata.bin").read_bytes())
    document["images"][0]["origin"] = origin
    (folder / "metadata.bin").write_bytes(msgpack.packb(document))


@pytest.mark.parametrize("origin", [[0, 1], "human", [0, 1, 2, 3, 4], [0, 1, 2, 3, True], [0, [1], 2, 3, 1], {}])
def test_wrong_origins_are_named(dataset: Path, origin: object) -> None:
    _edit(dataset, origin)
    first, second = _SEAMSEG.reader(dataset)
    with pytest.raises(FormatError, match="the field 'origin' of image 'a' is wrong"):
        _ = first.labels
    assert second.labels.segments


@pytest.mark.parametrize(
    ("part", "value", "message"), [("weights", 101, "values above 100"), ("provenance", 4, "values above 3")]
)
def test_wrong_pixels_are_named(dataset: Path, part: str, value: int, message: str) -> None:
    Image.fromarray(np.full((12, 18), value, np.uint8)).save(dataset / part / "a.png")
    with pytest.raises(FormatError, match=message):
        _ = next(iter(_SEAMSEG.reader(dataset))).labels
    Image.fromarray(np.zeros((12, 19), np.uint8)).save(dataset / part / "a.png")
    with pytest.raises(FormatError, match="19 x 12 pixels, but"):
        _ = next(iter(_SEAMSEG.reader(dataset))).labels
    (dataset / part / "a.png").unlink()
    with pytest.raises(FormatError, match="no such file"):
        _ = next(iter(_SEAMSEG.reader(dataset))).labels
