"""The files that hold labels give back exactly what was written, or say that they are damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.project import DamagedError, label_file, run_file
from seamseg_studio.engine.project.category_keys import KeyedTaxonomy
from seamseg_studio.engine.project.label_file import (
    LabelledOf,
    decode_ids,
    encode_ids,
    read_labels,
    read_sidecar,
    write_labels,
)
from seamseg_studio.engine.project.prediction_file import read_prediction, write_prediction
from seamseg_studio.engine.project.run_file import decode_runs, encode_runs
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment

from .conftest import TAXONOMY, make_result

KEYED = KeyedTaxonomy(TAXONOMY, tuple(range(len(TAXONOMY))))


@st.composite
def images(draw: st.DrawFn, dtype: type, highest: int) -> np.ndarray:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.integers(0, highest + 1, draw(st.integers(1, 4)))
    return rng.choice(values, (height, width)).astype(dtype)


@given(images(np.int32, 2**24 - 1) | images(np.int32, 300))
def test_ids_survive_png_and_runs(ids: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_ids(encode_ids(ids), Path("x")), ids)
    provenance = (ids % 4).astype(np.uint8)
    first, second = decode_runs(encode_runs(ids, provenance))
    np.testing.assert_array_equal(first, ids)
    np.testing.assert_array_equal(second, provenance)
    assert (first.dtype, second.dtype) == (np.int32, np.uint8)


@given(images(np.int32, 5), st.integers(1, 40))
def test_runs_of_any_length_are_read_in_pieces_of_any_size(ids: np.ndarray, piece_pixels: int) -> None:
    with mock.patch.object(run_file, "_PIECE_PIXELS", piece_pixels):
        np.testing.assert_array_equal(decode_runs(encode_runs(ids))[0], ids)


@given(st.data())
def test_damaged_runs_are_found(data: st.DataObject) -> None:
    good = encode_runs(np.arange(60, dtype=np.int32).reshape(6, 10))
    place = data.draw(st.integers(0, len(good) - 1))
    damaged = bytearray(good)
    damaged[place] ^= data.draw(st.integers(1, 255))
    for bad in (bytes(damaged), good[:place]):
        with pytest.raises(ValueError, match="damaged"):
            decode_runs(bad)


def test_very_many_segments_have_the_same_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.random.default_rng(3).integers(0, 40, (30, 50)).astype(np.int32)
    written = PanopticMap.from_arrays(ids, {i: Segment(2) for i in range(1, 40)})
    of = LabelledOf(7, "a.png", "a.png", "", "accepted", 1)
    one_by_one = read_sidecar(tmp_path / write_labels(tmp_path, written, KEYED, of))["segments"]
    monkeypatch.setattr(label_file, "_FEW_SEGMENTS", 3)
    assert read_sidecar(tmp_path / write_labels(tmp_path, written, KEYED, of))["segments"] == one_by_one


def test_a_checkpoint_keeps_everything(tmp_path: Path) -> None:
    ids = np.zeros((40, 50), dtype=np.int32)
    ids[3:9, 4:20] = 70_001
    ids[20:, 10:] = 2
    segments = {70_001: Segment(2, True, 0.1, Origin.MODEL, True), 2: Segment(0)}
    written = PanopticMap(ids, segments, (ids % 3).astype(np.uint8))
    written.reserve_ids(80_000)
    of = LabelledOf(7, "photos/ä.png", "ä.png", "ab", "accepted", 12)
    name = write_labels(tmp_path, written, KEYED, of)
    for suffix in (".runs", ".png"):
        read = read_labels(tmp_path / name)
        read.check(TAXONOMY)
        np.testing.assert_array_equal(read.ids, written.ids)
        np.testing.assert_array_equal(read.provenance, written.provenance)
        assert dict(read.segments) == segments
        assert read.next_id() == 80_000
        if suffix == ".runs":
            (tmp_path / "000007.12.runs").unlink()  # the second time from the PNG files
    assert read_sidecar(tmp_path / name)["entry"] == 12
    with pytest.raises(DamagedError, match=r"000008\.1\.json"):
        read_labels(tmp_path / "000008.1.json")


def test_a_prediction_file_keeps_everything_but_the_raw_output(tmp_path: Path) -> None:
    result = make_result()
    write_prediction(tmp_path / "p.zip", result, "starter", [4, 9, 2, 0])
    read, keys = read_prediction(tmp_path / "p.zip")
    assert keys == [4, 9, 2, 0]
    np.testing.assert_array_equal(read.ids, result.ids)
    np.testing.assert_array_equal(read.second_choice, result.second_choice)
    np.testing.assert_array_equal(read.is_crowd, result.is_crowd)
    assert read.scores.dtype == np.float32
    assert read.raw is None


def test_uncertainty_is_kept_beside_a_prediction_at_a_quarter_of_the_size(tmp_path: Path) -> None:
    rows, columns = np.indices(make_result().shape)
    smooth = (127 + 120 * np.sin(rows / 15) * np.cos(columns / 20)).astype(np.uint8)
    result = replace(make_result(), uncertainty=smooth)
    path = tmp_path / "x.prediction"
    write_prediction(path, result, "starter", [0])
    again = read_prediction(path)[0].uncertainty
    assert again is not None
    assert np.abs(again.astype(int) - smooth).mean() <= 4
    write_prediction(path, replace(result, uncertainty=None), "starter", [0])
    assert read_prediction(path)[0].uncertainty is None
